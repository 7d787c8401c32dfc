-- Idempotency keys: the same request twice gets the first one's answer.

-- name: claim_key(scope, key, fingerprint)$
-- True for the first to bring this key, or the first after a day. Whoever comes second
-- waits here until the first has committed or failed.
insert into idempotency_keys as known (scope, key, fingerprint)
values (:scope, :key, :fingerprint)
    on conflict (scope, key) do update
   set fingerprint = excluded.fingerprint,
       status = null,
       answer = null,
       created_at = now()
 where known.created_at < now() - interval '24 hours'
returning true;

-- name: find_answer(scope, key)^
-- What the first request with this key was answered.
select fingerprint,
       status,
       answer
  from idempotency_keys
 where scope = :scope
   and key = :key;

-- name: keep_answer(scope, key, status, answer)!
-- Remember the answer in the transaction that earned it.
update idempotency_keys
   set status = :status::smallint,
       answer = :answer
 where scope = :scope
   and key = :key;

-- name: forget_keys(size)!
-- Take away answers that nobody can ask for any more.
delete from idempotency_keys
 where ctid = any(array(
           select ctid
             from idempotency_keys
            where created_at < now() - interval '24 hours'
            order by created_at
            limit :size::int
              for update skip locked
       ));

-- name: remove_answers(college_id, user_id)!
-- The answers that are kept for retries: they repeat what was sent.
-- scans: answers are kept for a day only, and accounts end seldom.
delete from idempotency_keys
 where split_part(scope, ' ', 1) = :user_id::bigint::text
    or scope like 'anybody %'
       and position(
               convert_to(
                   (
                       select email
                         from users
                        where college_id = :college_id
                          and user_id = :user_id
                   ),
                   'UTF8'
               )
               in answer
           ) > 0;
