-- Sessions: one a sign-in, kept open by refresh tokens that work once.

-- name: open_session(user_id, password_hash, device)$
-- A session for whoever proved this password; none if it changed or a ban came meanwhile. A change
-- that is under way is waited for: its trigger would not see this session to end it.
insert into sessions (college_id, user_id, device)
select college_id,
       user_id,
       :device
  from users
 where user_id = :user_id
   and password_hash = :password_hash
   and banned_at is null
   for share
returning session_id;

-- name: issue_refresh_token(token_hash, session_id, days)!
-- The one token that opens this session next.
insert into refresh_tokens (token_hash, session_id, expires_at)
values (:token_hash, :session_id, now() + make_interval(days => :days::int));

-- name: find_refresher(token_hash)$
-- Whose refresh token this is, of riders of all colleges, whether or not it still works.
select s.user_id
  from refresh_tokens t
  join sessions s on s.session_id = t.session_id
 where t.token_hash = :token_hash;

-- name: lock_refresh_token(token_hash, waited_seconds)^
-- The token and its session, held until the transaction ends. `used_meanwhile` tells two
-- refreshes that were under way together from a token shown again afterwards; it counts from
-- the statement's start, because the lock may have been waited for.
select t.session_id,
       s.college_id,
       s.user_id,
       u.email,
       t.used_at is not null as used,
       coalesce(
           t.used_at > statement_timestamp() - make_interval(secs => :waited_seconds::float8),
           false
       ) as used_meanwhile,
       s.ended_at is not null or t.expires_at <= now() or u.banned_at is not null as over
  from refresh_tokens t
  join sessions s on s.session_id = t.session_id
  join users u on u.college_id = s.college_id and u.user_id = s.user_id
 where t.token_hash = :token_hash
   for update of s, t;

-- name: spend_refresh_token(token_hash)!
-- From now on this token opens nothing.
update refresh_tokens
   set used_at = clock_timestamp()
 where token_hash = :token_hash
   and used_at is null;

-- name: touch_session(college_id, session_id)!
-- The device was here.
update sessions
   set last_used_at = now()
 where college_id = :college_id
   and session_id = :session_id;

-- name: end_session(college_id, user_id, session_id, reason)$
-- Sign one device out; no row if it is not the rider's or is out already.
update sessions
   set ended_at = clock_timestamp(),
       end_reason = :reason
 where college_id = :college_id
   and user_id = :user_id
   and session_id = :session_id
   and ended_at is null
returning session_id;

-- name: end_all_sessions(college_id, user_id, reason)
-- Sign every device of a rider out.
update sessions
   set ended_at = clock_timestamp(),
       end_reason = :reason
 where college_id = :college_id
   and user_id = :user_id
   and ended_at is null
returning session_id;

-- name: list_sessions(college_id, user_id, current, before, skip, size)
-- Where a rider is signed in, latest first; `before` is the last id of the page before, or null.
select session_id as id,
       device,
       started_at,
       last_used_at,
       session_id = :current::bigint as current
  from sessions
 where college_id = :college_id
   and user_id = :user_id
   and ended_at is null
   and (:before::bigint is null or session_id < :before)
 order by session_id desc
offset :skip::int
 limit :size::int;

-- name: list_ended_sessions(since)
-- Sessions of all colleges that ended lately: what workers must no longer let in.
-- scans: in no plan for a moment, but in this one, for any moment; most have ended since long ago.
select session_id,
       ended_at
  from sessions
 where ended_at > :since;

-- name: forget_ended_sessions(size)!
-- Take away sessions of all colleges that ended a month ago: so long their riders may see them in what
-- they export. No access token lives as long.
delete from sessions
 where ctid = any(array(
           select ctid
             from sessions
            where ended_at < now() - interval '30 days'
            order by ended_at
            limit :size::int
              for update skip locked
       ));

-- name: forget_lapsed_sessions(size)!
-- Take away sessions of all colleges whose last token was never used: nothing opens them any more. The
-- access token that was issued with it has lived for a day at most.
delete from sessions
 where ctid = any(array(
           select session.ctid
             from refresh_tokens token
             join sessions session on session.session_id = token.session_id
            where token.used_at is null
              and token.expires_at < now() - interval '2 days'
            order by token.expires_at
            limit :size::int
              for update of session skip locked
       ));

-- name: forget_spent_tokens(size)!
-- Take away used tokens that would open nothing by now even if they had not been used: whoever shows one is
-- refused, as with any other that is not ours.
delete from refresh_tokens
 where ctid = any(array(
           select ctid
             from refresh_tokens
            where used_at is not null
              and expires_at < now() - interval '2 days'
            order by expires_at
            limit :size::int
              for update skip locked
       ));

-- name: export_sessions(college_id, user_id)
-- Where the rider signed in.
select session_id as id,
       device,
       started_at,
       last_used_at,
       ended_at,
       end_reason
  from sessions
 where college_id = :college_id
   and user_id = :user_id
 order by session_id;

-- name: remove_refresh_tokens(college_id, user_id)!
-- No session can be refreshed.
delete from refresh_tokens
 where session_id in (
           select session_id
             from sessions
            where college_id = :college_id
              and user_id = :user_id
       );

-- name: empty_sessions(college_id, user_id)!
-- Sessions stay, ended, for as long as an access token could name them: every worker asks.
update sessions
   set device = ''
 where college_id = :college_id
   and user_id = :user_id;

-- name: forget_sessions_of_former_riders()!
-- Take away the sessions of former riders of all colleges that no access token can name any more: none
-- lives longer than a day.
delete from sessions
 using users
 where users.user_id = sessions.user_id
   and users.deleted_at < now() - interval '2 days';
