-- Riders: accounts, profiles, whom they block, and the phones and browsers they are signed in on.

create unlogged table seeding.riders as
select n,
       nextval(pg_get_serial_sequence('users', 'user_id')) as user_id,
       college_id,
       place as campus,
       time_zone,
       -- The n-th of the college.
       row_number() over (partition by college_id order by n)::integer as nth,
       count(*) over (partition by college_id)::integer as fellows,
       seeding.pick_popular(n, 'first name', seeding.first_names()) as first_name,
       seeding.pick_popular(n, 'last name', seeding.last_names()) as last_name,
       -- A college that grows from year to year.
       now() - interval '400 days' * power(1 - (n - seeding.dice(n, 'joined')) / riders, 1.3) as joined_at,
       seeding.dice(n, 'verified') < 0.85 as verified
  from (
      select n,
             current_setting('seeding.riders')::integer as riders
        from generate_series(1, current_setting('seeding.riders')::integer) as n
  ) as drawn
  join seeding.colleges on colleges.nth = seeding.zipf(n, 'college', colleges.number)
 order by n;

create unique index on seeding.riders (n);
create unique index on seeding.riders (user_id);
create unique index on seeding.riders (college_id, nth);
analyze seeding.riders;

-- The first of each college moderates it; of all, the first is an admin.
insert into users (user_id, college_id, email, full_name, password_hash, role, verified_at, created_at)
overriding system value
select user_id,
       college_id,
       'rider' || n || '@seed.example',
       first_name || ' ' || last_name,
       current_setting('seeding.password_hash'),
       case when n = 1 then 'admin' when nth = 1 or n % 400 = 0 then 'moderator' else 'student' end,
       case when verified or nth = 1 then joined_at + interval '1 day' * seeding.dice(n, 'verified when') end,
       joined_at
  from seeding.riders
 order by n;

analyze users, profiles, event_heads;

-- The rows are there; a trigger made them. Some riders tell much of themselves, many little.
update profiles
   set username           = case when seeding.dice(n, 'username') < 0.7 then lower(first_name) || '.' || n end,
       phone_number       = case when seeding.dice(n, 'phone') < 0.8
                                 then '+919' || lpad(floor(seeding.dice(n, 'number') * 1e9)::text, 9, '0') end,
       bio                = case when seeding.dice(n, 'bio') < 0.4 then seeding.chatter(n, 2) end,
       year_of_study      = case when seeding.dice(n, 'year') < 0.85
                                 then seeding.pick(n, 'which year', seeding.years()) end,
       major              = case when seeding.dice(n, 'major') < 0.75
                                 then seeding.pick_popular(n, 'which major', seeding.majors()) end,
       college_unit       = case when seeding.dice(n, 'unit') < 0.5
                                 then 'School of ' || seeding.pick_popular(n, 'which major', seeding.majors()) end,
       gender             = case when seeding.dice(n, 'gender') < 0.7
                                 then seeding.pick_popular(n, 'which gender', array['man', 'woman', 'non_binary']) end,
       preferences        = case when seeding.dice(n, 'preferences') < 0.3
                                 then jsonb_build_object('quiet', n % 3 = 0, 'no_smoking', n % 2 = 0) end,
       social_media_links = case when seeding.dice(n, 'links') < 0.2
                                 then jsonb_build_object('github', 'https://github.example/rider' || n) end,
       emergency_contact  = case when seeding.dice(n, 'contact') < 0.35
                                 then jsonb_build_object('name', 'Parent of ' || first_name,
                                                         'phone_number', '+919' || lpad(n::text, 9, '8')) end,
       updated_at         = joined_at
  from seeding.riders
 where profiles.user_id = riders.user_id;

-- Few block anybody; one in the college whom they need not ever have met.
insert into blocks (college_id, blocker_id, blocked_id, created_at)
select rider.college_id,
       rider.user_id,
       fellow.user_id,
       greatest(rider.joined_at, fellow.joined_at)
  from seeding.riders rider
  join seeding.riders fellow on fellow.college_id = rider.college_id
                            and fellow.nth = 1 + (rider.nth + 12) % rider.fellows
 where rider.n % 80 = 7
   and fellow.n <> rider.n;

-- Most have one sign-in, few have many. A third has ended.
create unlogged table seeding.sessions as
select nextval(pg_get_serial_sequence('sessions', 'session_id')) as session_id,
       opened.*
  from (
      select n * 8 + nth_session as nth,
             n,
             user_id,
             college_id,
             joined_at + (now() - joined_at) * seeding.dice(n * 8 + nth_session, 'signed in') as started_at
        from seeding.riders
       cross join lateral generate_series(1, seeding.zipf(n, 'sessions', 6)) as nth_session
       order by started_at
  ) as opened;

insert into sessions (session_id, college_id, user_id, device, started_at, last_used_at, ended_at, end_reason)
overriding system value
select session_id,
       college_id,
       user_id,
       seeding.pick_popular(nth, 'device', array['okhttp/4.12.0', 'TripSync/3 CFNetwork Darwin', 'Mozilla/5.0', '']),
       started_at,
       last_used_at,
       case when ends then last_used_at end,
       case when ends then seeding.pick_popular(nth, 'why', array['logout', 'password_changed', 'token_reused']) end
  from seeding.sessions
 cross join lateral (
           select started_at + (now() - started_at) * sqrt(seeding.dice(nth, 'last used')) as last_used_at,
                  seeding.dice(nth, 'ends') < 0.35 as ends
       ) as use
 order by session_id;

-- Of each family that may go on, one token that is unused and some that were rotated away.
insert into refresh_tokens (token_hash, session_id, issued_at, expires_at, used_at)
select seeding.hash_of_nothing(session_id * 4 + back, 'refresh token'),
       session_id,
       last_used_at - back * interval '30 minutes',
       last_used_at - back * interval '30 minutes' + interval '30 days',
       case when back > 0 then last_used_at - (back - 1) * interval '30 minutes' end
  from sessions
  join seeding.sessions using (session_id)
 cross join lateral generate_series(0, seeding.zipf(nth, 'rotations', 4) - 1) as back
 where last_used_at > now() - interval '29 days'
   and (ended_at is null or end_reason = 'logout');

-- Who has not proved an address yet, and who forgot a password today.
insert into mailed_codes (code_hash, college_id, user_id, purpose, issued_at, expires_at)
select seeding.hash_of_nothing(n, purpose),
       college_id,
       user_id,
       purpose,
       issued_at,
       issued_at + interval '24 hours'
  from seeding.riders
 cross join (values ('verify_email'), ('reset_password')) as mailed (purpose)
 cross join lateral (
           select now() - interval '12 hours' * seeding.dice(n, 'mailed ' || purpose) as issued_at
       ) as mail
 where case purpose when 'verify_email' then not verified and n % 2 = 0 else n % 150 = 7 end;

insert into quiet_hours (college_id, user_id, begins_at, ends_at)
select college_id,
       user_id,
       time '20:00' + interval '30 minutes' * floor(6 * seeding.dice(n, 'begins')),
       time '05:30' + interval '30 minutes' * floor(6 * seeding.dice(n, 'ends'))
  from seeding.riders
 where seeding.dice(n, 'quiet hours') < 0.08;

insert into unwanted_mails (college_id, user_id, kind, since)
select college_id,
       user_id,
       kind,
       joined_at + (now() - joined_at) * seeding.dice(n, 'unwanted since')
  from seeding.riders
 cross join (values ('digest', 0.12), ('matches', 0.05), ('searches', 0.03), ('cancellations', 0.01))
       as mail (kind, share)
 where seeding.dice(n, 'unwanted ' || kind) < share;

-- Pictures and résumés by name only: nothing lies in the storage, and whoever asks gets a 404. A key
-- has to stand among the unreferenced ones before a row may refer to it.
create unlogged table seeding.files as
select college_id,
       user_id,
       kind,
       encode(substr(seeding.hash_of_nothing(n, kind), 1, 16), 'hex') as storage_key,
       joined_at
  from seeding.riders
 cross join (values ('image', 0.3), ('resume', 0.12)) as file (kind, share)
 where seeding.dice(n, 'has ' || kind) < share;

insert into unreferenced_files (storage_key, delete_after)
select storage_key,
       now() + interval '1 hour'
  from seeding.files;

insert into profile_files (college_id, user_id, kind, storage_key, version, uploaded_at)
select college_id,
       user_id,
       kind,
       storage_key,
       md5(storage_key),
       joined_at
  from seeding.files;

-- Uploads that were broken off.
insert into unreferenced_files (storage_key, delete_after)
select encode(substr(seeding.hash_of_nothing(n, 'broken off'), 1, 16), 'hex'),
       now() + interval '1 hour' * seeding.dice(n, 'swept')
  from seeding.riders
 where n % 100 = 3;
