-- Mails: who wants which, and what each one tells. What a mail tells is asked when it is sent: to whom
-- (`to`), and all that its template in tripsync/mail/templates names. No row: there is nobody to
-- write to, or nothing to tell any more. News of each kind go to those of whom wants_mail says so.

-- name: find_settings(college_id, user_id)^
-- Which mails the rider gets.
select not 'matches'       = any(unwanted.kinds) as matches,
       not 'cancellations' = any(unwanted.kinds) as cancellations,
       not 'searches'      = any(unwanted.kinds) as searches,
       not 'digest'        = any(unwanted.kinds) as digest
  from (
           select coalesce(array_agg(kind), '{}') as kinds
             from unwanted_mails
            where college_id = :college_id
              and user_id = :user_id
       ) as unwanted;

-- name: unsubscribe(college_id, user_id, kinds)!
-- Send the rider no more of these; to say so twice is no error, and those who left need not say so.
insert into unwanted_mails (college_id, user_id, kind)
select users.college_id,
       users.user_id,
       given.kind
  from users
 cross join unnest(:kinds::text[]) as given (kind)
 where users.college_id = :college_id
   and users.user_id = :user_id
   and users.deleted_at is null
    on conflict (user_id, kind) do nothing;

-- name: subscribe(college_id, user_id, kinds)!
-- Send the rider these again.
delete from unwanted_mails
 where college_id = :college_id
   and user_id = :user_id
   and kind = any(:kinds::text[]);

-- name: find_match(college_id, user_id, request_id)^
-- With whom a rider shares a ride, while it is so.
select rider.college_id,
       rider.user_id,
       rider.email as to,
       fellows_of(request.request_id) as fellows,
       to_char(lower(request.departure) at time zone college.time_zone, 'HH24:MI') as departs_from,
       to_char(upper(request.departure) at time zone college.time_zone, 'HH24:MI on FMDD FMMonth')
           as departs_until
  from pooling_requests request
  join users rider on rider.college_id = request.college_id and rider.user_id = request.user_id
  join colleges college on college.college_id = request.college_id
 where request.college_id = :college_id
   and request.user_id = :user_id
   and request.request_id = :request_id
   and request.status = 'matched'
   and fellows_of(request.request_id) <> '{}'
   and wants_mail(rider.user_id, 'matches');

-- name: find_cancellation(college_id, user_id, request_id, leaver_id)^
-- Who left a rider's ride, and where that leaves the rider now.
select rider.college_id,
       rider.user_id,
       rider.email as to,
       leaver.full_name as leaver,
       request.destination_name,
       request.status,
       fellows_of(request.request_id) as fellows
  from pooling_requests request
  join users rider on rider.college_id = request.college_id and rider.user_id = request.user_id
  join users leaver on leaver.college_id = request.college_id and leaver.user_id = :leaver_id
 where request.college_id = :college_id
   and request.user_id = :user_id
   and request.request_id = :request_id
   and (
       request.status in ('active', 'matched')
       or request.status = 'cancelled' and request.cancel_reason in ('partner_left', 'expired')
   )
   and wants_mail(rider.user_id, 'cancellations');

-- name: find_hit(college_id, search_id, request_id)^
-- A ride that fits a saved search, while it looks for company.
select watcher.college_id,
       watcher.user_id,
       watcher.email as to,
       search.name,
       goer.full_name as goer,
       concat_ws(' to ', nullif(request.start_name, ''), nullif(request.destination_name, '')) as places
  from saved_searches search
  join users watcher on watcher.college_id = search.college_id and watcher.user_id = search.user_id
  join pooling_requests request on request.college_id = search.college_id and request.request_id = :request_id
  join users goer on goer.college_id = request.college_id and goer.user_id = request.user_id
 where search.college_id = :college_id
   and search.search_id = :search_id
   and search.mail_me
   and request.status = 'active'
   and upper(request.departure) > now()
   and goer.banned_at is null
   and not are_blocked(watcher.user_id, goer.user_id)
   and wants_mail(watcher.user_id, 'searches');

-- name: find_alarm_for_contact(college_id, alarm_id)^
-- An alarm that is open, for the rider's emergency contact. Alarms ask nobody whether they are wanted.
select profile.emergency_contact ->> 'email' as to,
       told_of_alarm(alarm) as alarm
  from alarms alarm
  join profiles profile on profile.college_id = alarm.college_id and profile.user_id = alarm.user_id
 where alarm.college_id = :college_id
   and alarm.alarm_id = :alarm_id
   and alarm.resolved_at is null
   and profile.emergency_contact ->> 'email' is not null;

-- name: find_alarm_for_moderator(college_id, alarm_id, moderator_id)^
-- An alarm that is open, for a moderator of the college.
select users.email as to,
       told_of_alarm(alarm) as alarm
  from alarms alarm
  join moderators on moderators.college_id = alarm.college_id and moderators.user_id = :moderator_id
  join users on users.college_id = moderators.college_id and users.user_id = moderators.user_id
 where alarm.college_id = :college_id
   and alarm.alarm_id = :alarm_id
   and alarm.resolved_at is null;

-- name: find_service_hit(college_id, search_id, post_id)^
-- A post that fits a saved search, while it is open and the watcher may see it.
select watcher.college_id,
       watcher.user_id,
       watcher.email as to,
       search.name,
       post.title
  from saved_service_searches search
  join users watcher on watcher.college_id = search.college_id and watcher.user_id = search.user_id
  join service_readers reader
    on reader.college_id = search.college_id and reader.user_id = search.user_id
  join service_posts post on post.college_id = search.college_id and post.post_id = :post_id
  join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
 where search.college_id = :college_id
   and search.search_id = :search_id
   and search.mail_me
   and post.deleted_at is null
   and service_status(post) = 'open'
   and poster.banned_at is null
   and may_see(post, reader)
   and wants_mail(watcher.user_id, 'searches');

-- name: take_digest_turns(at)
-- Colleges whose week is over at this moment by their own clocks: from Monday morning, or on Tuesday
-- where nobody was there to do it. Each is given once a week, to whoever asks first.
insert into digest_turns as turn (college_id, week)
select college.college_id,
       date_trunc('week', clocks.show)::date
  from colleges college
 cross join lateral (select :at::timestamptz at time zone college.time_zone as show) as clocks
 where clocks.show >= date_trunc('week', clocks.show) + interval '8 hours'
   and extract(isodow from clocks.show) <= 2
    on conflict (college_id) do update
   set week = excluded.week
 where turn.week < excluded.week
returning college_id;

-- name: list_digest_riders(college_ids)
-- Riders of these colleges who have something to read of the week before, and want to.
-- scans: once a week, for all that happened in it.
with past as (
    select turn.college_id,
           (turn.week - 7)::timestamp at time zone college.time_zone as began,
           turn.week::timestamp at time zone college.time_zone as ended
      from digest_turns turn
      join colleges college on college.college_id = turn.college_id
     where turn.college_id = any(:college_ids::bigint[])
),
lively as (
    select member.college_id,
           member.user_id
      from past
      join pools on pools.college_id = past.college_id
                and pools.status = 'completed'
                and pools.closed_at >= past.began
                and pools.closed_at < past.ended
      join pool_members member on member.pool_id = pools.pool_id and member.left_at is null
     union
    select review.college_id,
           review.subject_id
      from past
      join reviews review on review.college_id = past.college_id
                         and review.visible_from >= past.began
                         and review.visible_from < past.ended
     union
    select search.college_id,
           search.user_id
      from past
      join saved_search_hits hit on hit.college_id = past.college_id
                                and hit.told_at >= past.began
                                and hit.told_at < past.ended
      join saved_searches search on search.search_id = hit.search_id
)
select college_id,
       user_id
  from lively
 where wants_mail(user_id, 'digest')
 order by user_id;

-- name: find_digest(college_id, user_id)^
-- A rider's last week, from Monday to Sunday by the college's clocks.
select rider.college_id,
       rider.user_id,
       rider.email as to,
       rider.full_name,
       ridden.rides,
       ridden.shared_kilometers,
       (
           select count(*)
             from reviews review
            where review.subject_id = rider.user_id
              and review.visible_from >= past.began
              and review.visible_from < past.ended
       ) as reviews,
       (
           select count(*)
             from saved_searches search
             join saved_search_hits hit on hit.search_id = search.search_id
            where search.college_id = rider.college_id
              and search.user_id = rider.user_id
              and hit.told_at >= past.began
              and hit.told_at < past.ended
       ) as hits
  from users rider
 cross join lateral (
           select (turn.week - 7)::timestamp at time zone college.time_zone as began,
                  turn.week::timestamp at time zone college.time_zone as ended
             from digest_turns turn
             join colleges college on college.college_id = turn.college_id
            where turn.college_id = rider.college_id
       ) as past
 cross join lateral (
           select count(*) as rides,
                  round(coalesce(sum(member.shared_meters), 0)::numeric / 1000) as shared_kilometers
             from pool_members member
             join pools on pools.pool_id = member.pool_id
            where member.college_id = rider.college_id
              and member.user_id = rider.user_id
              and member.left_at is null
              and pools.status = 'completed'
              and pools.closed_at >= past.began
              and pools.closed_at < past.ended
       ) as ridden
 where rider.college_id = :college_id
   and rider.user_id = :user_id
   and wants_mail(rider.user_id, 'digest');

-- name: export_unwanted_mails(college_id, user_id)
-- The mails that the rider wants no more of.
select kind,
       since
  from unwanted_mails
 where college_id = :college_id
   and user_id = :user_id
 order by kind;

-- name: remove_unwanted_mails(college_id, user_id)!
-- Nobody writes to an account that has no address.
delete from unwanted_mails
 where college_id = :college_id
   and user_id = :user_id;
