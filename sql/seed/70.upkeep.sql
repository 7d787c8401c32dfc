-- What the house itself keeps: the answers to requests that may be sent again, counters of tries, and
-- what became of jobs.

-- Everybody has had the digest of this week: who seeds is not to be the one who mails to thousands.
insert into digest_turns (college_id, week)
select college_id,
       date_trunc('week', now() at time zone time_zone)::date
  from seeding.colleges
    on conflict do nothing;

-- Those of today. No retry can match them.
insert into idempotency_keys (scope, key, fingerprint, status, answer, created_at)
select user_id || ' POST /api/pool/requests',
       'seeded-' || request_id,
       seeding.hash_of_nothing(request_id, 'body'),
       201,
       convert_to(jsonb_build_object('id', request_id)::text, 'UTF8'),
       created_at
  from seeding.requests
 where created_at > now() - interval '24 hours';

-- As the library of limits names them.
insert into rate_counters (key, hits, expires_at)
select 'LIMITER/sign in/account/' || encode(seeding.hash_of_nothing(n, 'account'), 'hex') || '/10/1/minute',
       seeding.zipf(n, 'tries', 5),
       now() + interval '10 minutes' * seeding.dice(n, 'window ends')
  from seeding.riders
 where n % 25 = 2;

-- Mails that no server would take, and were given up: `tripsync jobs` shows them.
create unlogged table seeding.jobs as
select nextval(pg_get_serial_sequence('pgqueuer', 'id')) as id,
       n,
       college_id,
       user_id,
       case when n % 90 = 5 then 'failed' else 'successful' end::pgqueuer_status as status,
       now() - interval '6 days' * seeding.dice(n, 'mailed at') as created
  from seeding.riders
 where n % 90 = 5
    or n % 3 = 0;

insert into pgqueuer (id, priority, created, updated, heartbeat, execute_after, status, entrypoint, payload, attempts)
select id,
       0,
       created,
       created + interval '1 hour',
       created,
       created,
       status,
       'send_mail',
       convert_to(jsonb_build_object('letter', 'digest', 'about', jsonb_build_object('college_id', college_id,
                                                                                   'user_id', user_id))::text, 'UTF8'),
       7
  from seeding.jobs
 where status = 'failed';

insert into pgqueuer_log (created, job_id, status, priority, entrypoint, traceback)
select created + after,
       id,
       step,
       0,
       'send_mail',
       case when step = 'failed' then jsonb_build_object('exception_type', 'Setback',
                                                         'exception_message', 'the mail server does not answer') end
  from seeding.jobs
 cross join lateral (values ('queued'::pgqueuer_status, interval '0'), ('picked', interval '1 second'),
                            (status, interval '2 seconds')) as log (step, after)
 order by created + after;
