-- Own data: everything held about a rider, given out; and an account emptied.
--
-- Each export_... is a section of the export and takes the rider's college and id. Of others they
-- show names at most, and nobody who wrote, reported or blocked without showing themselves. What
-- no section holds, what stays when the account is erased, and why, is listed in tests/own_data/: a
-- new table about a user turns test_export.py red there, and a new column test_columns.py.

-- name: export_account(college_id, user_id)^
-- The account itself.
select users.user_id as id,
       users.email,
       users.full_name,
       colleges.name as college_name,
       users.role,
       users.verified_at,
       users.banned_at,
       users.created_at
  from users
  join colleges on colleges.college_id = users.college_id
 where users.college_id = :college_id
   and users.user_id = :user_id
   and users.deleted_at is null;

-- name: export_profile(college_id, user_id)^
-- What the rider tells of themselves.
select username,
       phone_number,
       bio,
       year_of_study,
       major,
       college_unit,
       gender,
       preferences,
       social_media_links,
       emergency_contact,
       updated_at
  from profiles
 where college_id = :college_id
   and user_id = :user_id;

-- name: export_files(college_id, user_id)
-- Picture and résumé, and where to fetch them.
select kind,
       '/api/users/' || user_id || '/' || kind as url,
       uploaded_at
  from profile_files
 where college_id = :college_id
   and user_id = :user_id
 order by kind;

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

-- name: export_devices(college_id, user_id)
-- The phones that are woken.
select device_id as id,
       session_id,
       platform,
       token,
       registered_at
  from devices
 where college_id = :college_id
   and user_id = :user_id
 order by device_id;

-- name: export_quiet_hours(college_id, user_id)
-- When the rider wants no noise.
select begins_at,
       ends_at
  from quiet_hours
 where college_id = :college_id
   and user_id = :user_id;

-- name: export_mailed_codes(college_id, user_id)
-- What mails are waiting to be acted upon; the codes themselves are not known to us.
select purpose,
       issued_at,
       expires_at
  from mailed_codes
 where college_id = :college_id
   and user_id = :user_id
 order by purpose;

-- name: export_unwanted_mails(college_id, user_id)
-- The mails that the rider wants no more of.
select kind,
       since
  from unwanted_mails
 where college_id = :college_id
   and user_id = :user_id
 order by kind;

-- name: export_requests(college_id, user_id)
-- The rides the rider wanted to share.
select request_id as id,
       status,
       cancel_reason,
       replaced_by,
       start[1] as start_latitude,
       start[0] as start_longitude,
       destination[1] as destination_latitude,
       destination[0] as destination_longitude,
       start_name,
       destination_name,
       lower(departure) as depart_after,
       upper(departure) as depart_before,
       seats,
       detour_percent,
       role,
       seats_offered,
       same_gender,
       quiet,
       no_smoking,
       luggage,
       auto_match,
       note,
       solo_meters,
       solo_road_meters,
       created_at,
       closed_at
  from pooling_requests
 where college_id = :college_id
   and user_id = :user_id
 order by request_id;

-- name: export_recurring_rides(college_id, user_id)
-- The rides that come back every week, and what became of their dates.
select ride.recurring_id as id,
       ride.weekdays,
       to_char(ride.departs_at, 'HH24:MI') as departs_at,
       ride.window_minutes,
       ride.ends_on,
       ride.exception_dates,
       ride.paused_at,
       ride.start[1] as start_latitude,
       ride.start[0] as start_longitude,
       ride.destination[1] as destination_latitude,
       ride.destination[0] as destination_longitude,
       ride.start_name,
       ride.destination_name,
       ride.seats,
       ride.detour_percent,
       ride.role,
       ride.seats_offered,
       ride.same_gender,
       ride.quiet,
       ride.no_smoking,
       ride.luggage,
       ride.auto_match,
       ride.note,
       ride.created_at,
       (
           select jsonb_agg(
                      jsonb_build_object(
                          'occurs_on', change.occurs_on,
                          'departs_at', to_char(change.departs_at, 'HH24:MI'),
                          'window_minutes', change.window_minutes
                      )
                      order by change.occurs_on
                  )
             from recurring_changes change
            where change.recurring_id = ride.recurring_id
       ) as changes,
       (
           select jsonb_agg(
                      jsonb_build_object(
                          'occurs_on', opening.occurs_on,
                          'request_id', opening.request_id,
                          'skipped_because', opening.skipped_because
                      )
                      order by opening.occurs_on
                  )
             from recurring_openings opening
            where opening.recurring_id = ride.recurring_id
       ) as openings
  from recurring_rides ride
 where ride.college_id = :college_id
   and ride.user_id = :user_id
 order by ride.recurring_id;

-- name: export_saved_searches(college_id, user_id)
-- What the rider asked to be told of, and how often it was.
select search.search_id as id,
       search.name,
       search.start[1] as start_latitude,
       search.start[0] as start_longitude,
       search.start_radius_meters,
       search.destination[1] as destination_latitude,
       search.destination[0] as destination_longitude,
       search.destination_radius_meters,
       search.weekdays,
       to_char(search.day_from, 'HH24:MI') as day_from,
       to_char(search.day_until, 'HH24:MI') as day_until,
       search.mail_me,
       search.expires_at,
       search.created_at,
       (
           select count(*)
             from saved_search_hits hit
            where hit.search_id = search.search_id
       ) as hits
  from saved_searches search
 where search.college_id = :college_id
   and search.user_id = :user_id
 order by search.search_id;

-- name: export_service_searches(college_id, user_id)
-- Which posts the rider asked to be told of, and how often it was.
select search.search_id as id,
       search.name,
       search.words,
       search.tags,
       search.kind,
       search.compensation_type,
       search.min_price,
       search.max_price,
       search.place[1] as latitude,
       search.place[0] as longitude,
       search.radius_meters,
       search.mail_me,
       search.expires_at,
       search.created_at,
       (
           select count(*)
             from saved_service_search_hits hit
            where hit.search_id = search.search_id
       ) as hits
  from saved_service_searches search
 where search.college_id = :college_id
   and search.user_id = :user_id
 order by search.search_id;

-- name: export_connections(college_id, user_id)
-- Whom the rider asked, and who asked the rider.
select connection.connection_id as id,
       connection.from_user = :user_id as sent,
       other.full_name as other_rider,
       connection.status,
       connection.created_at,
       connection.answered_at
  from pooling_requests own
  join connections connection
    on connection.from_request = own.request_id or connection.to_request = own.request_id
  join users other
    on other.college_id = connection.college_id
   and other.user_id = case when connection.from_user = :user_id then connection.to_user
                            else connection.from_user end
 where own.college_id = :college_id
   and own.user_id = :user_id
 order by connection.connection_id;

-- name: export_pools(college_id, user_id)
-- The rides the rider shared, with whom, how far, and for which part of the fare.
select member.pool_id as id,
       pools.status,
       member.request_id,
       member.seats,
       member.solo_meters,
       member.shared_meters,
       member.fare_percent,
       pools.estimated_fare,
       pools.meeting_note,
       pools.is_fallback,
       member.joined_at,
       member.left_at,
       pools.started_at,
       pools.closed_at,
       (
           select jsonb_agg(fellow.full_name order by theirs.joined_at, theirs.request_id)
             from pool_members theirs
             join users fellow
               on fellow.college_id = theirs.college_id and fellow.user_id = theirs.user_id
            where theirs.pool_id = member.pool_id
              and theirs.user_id <> :user_id
       ) as fellow_riders
  from pooling_requests own
  join pool_members member on member.request_id = own.request_id
  join pools on pools.pool_id = member.pool_id
 where own.college_id = :college_id
   and own.user_id = :user_id
 order by member.pool_id,
          member.request_id;

-- name: export_reviews_written(college_id, user_id)
-- What the rider wrote of others, also what nobody may read yet.
select review.review_id as id,
       review.pool_id,
       review.post_id,
       subject.full_name as subject,
       review.rating,
       review.comment,
       review.created_at,
       review.edited_at,
       review.visible_from,
       review.reply,
       review.replied_at
  from reviews review
  join users subject on subject.college_id = review.college_id and subject.user_id = review.subject_id
 where review.college_id = :college_id
   and review.author_id = :user_id
 order by review.review_id;

-- name: export_reviews_received(college_id, user_id)
-- What others wrote of the rider; what was written blind only once it may be read.
select review_id as id,
       author ->> 'full_name' as author,
       rating,
       comment,
       created_at,
       edited_at,
       reply
  from visible_reviews
 where college_id = :college_id
   and subject_id = :user_id
 order by review_id;

-- name: export_conversations(college_id, user_id)
-- With whom the rider has written, or in which pool, and how far the rider has read. What somebody
-- only meant to begin is their own.
select c.conversation_id as id,
       other.full_name as other_rider,
       c.pool_id,
       c.begun_at,
       latest.created_at as read_until
  from participants mine
  join conversations c on c.college_id = mine.college_id and c.conversation_id = mine.conversation_id
  left join users other
    on other.college_id = c.college_id
   and other.user_id = case mine.user_id when c.one_id then c.other_id when c.other_id then c.one_id end
  left join messages latest
    on latest.conversation_id = mine.conversation_id and latest.seq = mine.read_seq
 where mine.college_id = :college_id
   and mine.user_id = :user_id
   and c.last_seq > 0
 order by c.conversation_id;

-- name: export_messages(college_id, user_id)
-- What the rider wrote in them.
select message_id as id,
       conversation_id,
       content,
       created_at
  from messages
 where college_id = :college_id
   and user_id = :user_id
 order by message_id;

-- name: export_service_posts(college_id, user_id)
-- What the rider offered and asked for, also anonymously, and what was deleted.
select post_id as id,
       kind,
       title,
       description,
       status,
       team_size,
       places_taken,
       deadline,
       compensation_type,
       price,
       requires_resume,
       requires_cover_letter,
       is_anonymous,
       college_only,
       tags,
       requirements,
       filters,
       location[1] as latitude,
       location[0] as longitude,
       location_name,
       created_at,
       deleted_at
  from service_posts
 where college_id = :college_id
   and user_id = :user_id
 order by created_at,
          post_id;

-- name: export_service_applications(college_id, user_id)
-- What the rider applied to; not whose post it is, which may be a secret.
select application.application_id as id,
       application.post_id,
       post.title,
       application.status,
       application.cover_letter,
       application.resume_url,
       application.proposed_rate,
       application.applied_at,
       application.answered_at
  from service_applications application
  join service_posts post
    on post.college_id = application.college_id and post.post_id = application.post_id
 where application.college_id = :college_id
   and application.user_id = :user_id
 order by application.application_id;

-- name: export_blocks(college_id, user_id)
-- Whom the rider blocked. Who blocked the rider is their secret.
select blocked.full_name as blocked,
       blocks.created_at
  from blocks
  join users blocked on blocked.college_id = blocks.college_id and blocked.user_id = blocks.blocked_id
 where blocks.college_id = :college_id
   and blocks.blocker_id = :user_id
 order by blocks.created_at;

-- name: export_reports_made(college_id, user_id)
-- What the rider reported; not who wrote a post. What others reported of the rider would name them.
select report.report_id as id,
       case when report.reference_kind is distinct from 'service' then subject.full_name end as subject,
       report.reason,
       report.details,
       report.reference_kind,
       report.reference_id,
       report.created_at,
       report.resolved_at
  from reports report
  join users subject on subject.college_id = report.college_id and subject.user_id = report.subject_id
 where report.college_id = :college_id
   and report.reporter_id = :user_id
 order by report.report_id;

-- name: export_sanctions(college_id, user_id)
-- What moderators did about the rider; not which, and no report, which would tell that there is one.
select act,
       outcome,
       case when act = 'warn' then note end as note,
       acted_at
  from moderation_acts
 where college_id = :college_id
   and subject_id = :user_id
   and act <> 'resolve'
 order by act_id;

-- name: export_moderation(college_id, user_id)
-- What the rider did as a moderator.
select act.act,
       subject.full_name as subject,
       act.outcome,
       act.note,
       act.acted_at
  from moderation_acts act
  join users subject on subject.college_id = act.college_id and subject.user_id = act.subject_id
 where act.college_id = :college_id
   and act.actor_id = :user_id
 order by act.act_id;

-- name: export_alarms(college_id, user_id)
-- The alarms the rider raised.
select alarm_id as id,
       pool_id,
       position[1] as latitude,
       position[0] as longitude,
       note,
       raised_at,
       repeated_at,
       resolved_at,
       resolution
  from alarms
 where college_id = :college_id
   and user_id = :user_id
 order by alarm_id;

-- name: export_ride_shares(college_id, user_id)
-- The links to rides that the rider gave out, and the position that was kept for them.
select share_id as id,
       pool_id,
       vehicle_note,
       position[1] as latitude,
       position[0] as longitude,
       position_at,
       created_at,
       expires_at
  from ride_shares
 where college_id = :college_id
   and user_id = :user_id
 order by share_id;

-- name: export_events(college_id, user_id)
-- What the rider's phone was told in the last days.
select seq,
       type,
       payload,
       created_at
  from events
 where college_id = :college_id
   and user_id = :user_id
 order by seq;

-- name: find_password(college_id, user_id)$
-- What the password of an account that is to be deleted is checked against.
select password_hash
  from users
 where college_id = :college_id
   and user_id = :user_id
   and deleted_at is null;

-- name: lock_account(college_id, user_id, password_hash)$
-- The account's address, held against everything that refers to it, if the password still is the one
-- that was checked.
select email
  from users
 where college_id = :college_id
   and user_id = :user_id
   and password_hash = :password_hash
   and deleted_at is null
   for update;

-- name: find_open_ride(college_id, user_id)$
-- The request of the rider that looks for company or has it.
select request_id
  from pooling_requests
 where college_id = :college_id
   and user_id = :user_id
   and (status = 'matched' or status = 'active' and upper(departure) > now())
 limit 1;

-- name: empty_profile(college_id, user_id)!
-- A profile as if nothing had ever been told.
update profiles
   set username           = null,
       phone_number       = null,
       bio                = null,
       year_of_study      = null,
       major              = null,
       college_unit       = null,
       gender             = null,
       preferences        = null,
       social_media_links = null,
       emergency_contact  = null,
       updated_at         = now()
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_files(college_id, user_id)!
-- No picture and no résumé; a trigger notes what is to be deleted from the storage.
delete from profile_files
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_codes(college_id, user_id)!
-- No mail opens anything any more.
delete from mailed_codes
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_devices(college_id, user_id)!
-- The phones that were woken.
delete from devices
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_quiet_hours(college_id, user_id)!
-- When the rider wanted no noise.
delete from quiet_hours
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_unwanted_mails(college_id, user_id)!
-- Nobody writes to an account that has no address.
delete from unwanted_mails
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_events(college_id, user_id)!
-- Nothing waits for the rider's phone.
delete from events
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_blocks(college_id, user_id)!
-- Nobody is hidden from an account that nobody uses.
delete from blocks
 where college_id = :college_id
   and (blocker_id = :user_id or blocked_id = :user_id);

-- name: remove_recurring_rides(college_id, user_id)!
-- Nothing is opened every week.
delete from recurring_rides
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_saved_searches(college_id, user_id)!
-- Nothing is searched for.
delete from saved_searches
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_service_searches(college_id, user_id)!
-- Nor are services searched for.
delete from saved_service_searches
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_ride_shares(college_id, user_id)!
-- No link shows where the rider is.
delete from ride_shares
 where college_id = :college_id
   and user_id = :user_id;

-- name: empty_messages(college_id, user_id)!
-- Messages without what they said. Their places stay, so that others' counts of unread ones do.
update messages
   set content = 'This message was deleted.'
 where college_id = :college_id
   and user_id = :user_id;

-- name: empty_alarms(college_id, user_id)!
-- Alarms that were resolved, without place and words. Those that are open keep them until they are:
-- somebody may have been made to delete the account.
update alarms
   set position = null,
       note = ''
 where college_id = :college_id
   and user_id = :user_id
   and resolved_at is not null;

-- name: remove_lone_connections(college_id, user_id)!
-- What was asked of and by requests that never shared a ride.
with lone as (
    select request_id
      from pooling_requests request
     where college_id = :college_id
       and user_id = :user_id
       and not exists (
           select
             from pool_members member
            where member.request_id = request.request_id
       )
)
delete from connections
 where college_id = :college_id
   and (
       from_request = any(array(select request_id from lone))
       or to_request = any(array(select request_id from lone))
   );

-- name: remove_lone_requests(college_id, user_id)!
-- Requests that never shared a ride.
delete from pooling_requests request
 where request.college_id = :college_id
   and request.user_id = :user_id
   and not exists (
       select
         from pool_members member
        where member.request_id = request.request_id
   );

-- name: blur_requests(college_id, user_id)!
-- Rides that others shared keep their route, to about a kilometre, without names of places, words and
-- wishes. What the rider could have reached is blurred too: its middle tells both places.
update pooling_requests request
   set start = blurred.start,
       destination = blurred.destination,
       reach = box(blurred.start, blurred.destination),
       start_name = '',
       destination_name = '',
       same_gender = false,
       quiet = false,
       no_smoking = false,
       luggage = false,
       auto_match = false,
       note = ''
  from (
      select request_id,
             point(round(start[0]::numeric, 2)::float8, round(start[1]::numeric, 2)::float8) as start,
             point(round(destination[0]::numeric, 2)::float8, round(destination[1]::numeric, 2)::float8)
                 as destination
        from pooling_requests
       where college_id = :college_id
         and user_id = :user_id
  ) as blurred
 where request.request_id = blurred.request_id;

-- name: end_services(college_id, user_id)
-- Posts are closed and applications withdrawn: what the other sides have to learn of it.
with ended_posts as (
    update service_posts
       set deleted_at = coalesce(deleted_at, now()),
           status = case when status = 'completed' then status else 'cancelled' end
     where college_id = :college_id
       and user_id = :user_id
    returning post_id
),
ended_applications as (
    update service_applications application
       set status = 'withdrawn',
           answered_at = now()
      from service_posts post
     where application.college_id = :college_id
       and application.user_id = :user_id
       and application.status in ('pending', 'accepted')
       and post.post_id = application.post_id
       and post.status <> 'completed'
    returning application.application_id
)
select a.user_id,
       'service_post_closed' as type,
       jsonb_build_object(
           'application_id', a.id,
           'service_post', a.service_post,
           'reason', 'deleted'
       ) as payload
  from shown_applications a
  join ended_posts on ended_posts.post_id = a.post_id
 where a.college_id = :college_id
   and a.status in ('pending', 'accepted')
   and (a.post).deleted_at is null
   and (a.post).status <> 'completed'
 union all
select a.poster_id,
       'service_application_withdrawn',
       jsonb_build_object(
           'application', jsonb_build_object(
               'id', a.id,
               'status', 'withdrawn',
               'applicant', jsonb_build_object('id', a.user_id, 'full_name', 'Former rider'),
               'service_post', a.service_post,
               'cover_letter', null,
               'resume_url', null,
               'proposed_rate', null,
               'application_date', a.application_date
           )
       )
  from shown_applications a
  join ended_applications on ended_applications.application_id = a.id
 where a.college_id = :college_id
   and not are_blocked(a.user_id, a.poster_id);

-- name: remove_lone_tags(college_id, user_id)!
-- Tags that no post of anybody else has.
delete from service_tags tag
 where tag.college_id = :college_id
   and lower(tag.name) in (
           select unnest(mine.tags)
             from service_posts mine
            where mine.college_id = :college_id
              and mine.user_id = :user_id
       )
   and not exists (
           select
             from service_posts other
            where other.college_id = :college_id
              and other.user_id <> :user_id
              and other.deleted_at is null
              and other.tags @> array[lower(tag.name)]
       );

-- name: remove_lone_posts(college_id, user_id)!
-- Posts that nobody else applied to.
delete from service_posts post
 where post.college_id = :college_id
   and post.user_id = :user_id
   and not exists (
           select
             from service_applications application
            where application.post_id = post.post_id
       );

-- name: empty_posts(college_id, user_id)!
-- Posts that others applied to, without a word of the rider's.
update service_posts
   set title = 'Former post',
       description = 'Who wrote this has left.',
       deadline = null,
       price = null,
       tags = '{}',
       requirements = '[]',
       filters = '[]',
       location = null,
       location_name = ''
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_applications(college_id, user_id)!
-- Applications that came to nothing.
delete from service_applications
 where college_id = :college_id
   and user_id = :user_id
   and status <> 'accepted';

-- name: empty_applications(college_id, user_id)!
-- Applications to work that was done, without a word of the rider's.
update service_applications
   set cover_letter = null,
       resume_url = null,
       proposed_rate = null
 where college_id = :college_id
   and user_id = :user_id;

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

-- name: remove_answers(user_id, email)!
-- The answers that are kept for retries: they repeat what was sent.
-- scans: answers are kept for a day only, and accounts end seldom.
delete from idempotency_keys
 where split_part(scope, ' ', 1) = :user_id::bigint::text
    or scope like 'anybody %' and position(convert_to(:email, 'UTF8') in answer) > 0;

-- name: close_account(college_id, user_id)!
-- The account without its person; the address is free again. A trigger ends all sessions.
update users
   set email = 'former-rider-' || user_id || '@invalid',
       full_name = 'Former rider',
       password_hash = '!',
       role = 'student',
       verified_at = null,
       banned_at = coalesce(banned_at, now()),
       deleted_at = now()
 where college_id = :college_id
   and user_id = :user_id;

-- name: forget_sessions()!
-- Take away the sessions of former riders of all colleges that no access token can name any more: none
-- lives longer than a day.
delete from sessions
 using users
 where users.user_id = sessions.user_id
   and users.deleted_at < now() - interval '2 days';
