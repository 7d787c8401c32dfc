-- Recurring rides: weekly patterns, and the requests that a timer opens by them.
-- Which dates a pattern has, and when that is, tripsync/pooling/calendar.py says; here is kept when
-- the next one has to be looked at.

-- name: count_rides(college_id, user_id)$
-- How many patterns the rider keeps.
select count(*)
  from recurring_rides
 where college_id = :college_id
   and user_id = :user_id;

-- name: find_time_zone(college_id)$
-- The clocks that the patterns of a college speak of.
select time_zone
  from colleges
 where college_id = :college_id;

-- name: keep_ride(college_id, user_id, weekdays, departs_at, window_minutes, ends_on, exception_dates, next_opens_at, start_longitude, start_latitude, destination_longitude, destination_latitude, start_name, destination_name, seats, detour_percent, role, seats_offered, same_gender, quiet, no_smoking, luggage, auto_match, note, solo_road_meters)$
-- A new pattern.
insert into recurring_rides (
    college_id, user_id, weekdays, departs_at, window_minutes, ends_on, exception_dates, next_opens_at,
    start, destination, start_name, destination_name, seats, detour_percent, role, seats_offered,
    same_gender, quiet, no_smoking, luggage, auto_match, note, solo_road_meters
)
values (
    :college_id,
    :user_id,
    :weekdays::text[],
    :departs_at::time,
    :window_minutes::smallint,
    :ends_on::date,
    :exception_dates::date[],
    :next_opens_at::timestamptz,
    point(:start_longitude::float8, :start_latitude::float8),
    point(:destination_longitude::float8, :destination_latitude::float8),
    :start_name,
    :destination_name,
    :seats::smallint,
    :detour_percent::smallint,
    :role,
    :seats_offered::smallint,
    :same_gender,
    :quiet,
    :no_smoking,
    :luggage,
    :auto_match,
    :note,
    :solo_road_meters::float8
)
returning recurring_id;

-- name: change_ride(college_id, recurring_id, weekdays, departs_at, window_minutes, ends_on, exception_dates, next_opens_at, start_longitude, start_latitude, destination_longitude, destination_latitude, start_name, destination_name, seats, detour_percent, role, seats_offered, same_gender, quiet, no_smoking, luggage, auto_match, note, solo_road_meters)!
-- Say everything of a pattern that is held anew.
update recurring_rides
   set weekdays         = :weekdays::text[],
       departs_at       = :departs_at::time,
       window_minutes   = :window_minutes::smallint,
       ends_on          = :ends_on::date,
       exception_dates  = :exception_dates::date[],
       next_opens_at    = case when paused_at is null then :next_opens_at::timestamptz end,
       start            = point(:start_longitude::float8, :start_latitude::float8),
       destination      = point(:destination_longitude::float8, :destination_latitude::float8),
       start_name       = :start_name,
       destination_name = :destination_name,
       seats            = :seats::smallint,
       detour_percent   = :detour_percent::smallint,
       role             = :role,
       seats_offered    = :seats_offered::smallint,
       same_gender      = :same_gender,
       quiet            = :quiet,
       no_smoking       = :no_smoking,
       luggage          = :luggage,
       auto_match       = :auto_match,
       note             = :note,
       solo_road_meters = :solo_road_meters::float8
 where college_id = :college_id
   and recurring_id = :recurring_id;

-- name: lock_ride(college_id, user_id, recurring_id)$
-- A pattern of one's own, held: edits and the timer come one after the other.
select recurring_id
  from recurring_rides
 where college_id = :college_id
   and user_id = :user_id
   and recurring_id = :recurring_id
   for update;

-- name: list_rides(college_id, user_id, recurring_id, before, skip, size)
-- The rider's patterns, or the one of this id, the latest first, each with what is different on
-- single dates and what became of the last ten; `before` is the last id of the page before, or null.
select ride.recurring_id,
       ride.weekdays,
       to_char(ride.departs_at, 'HH24:MI') as departs_at,
       ride.window_minutes,
       ride.ends_on,
       ride.exception_dates,
       ride.paused_at is not null as paused,
       colleges.time_zone,
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
       jsonb_build_object(
           'same_gender', ride.same_gender,
           'quiet', ride.quiet,
           'no_smoking', ride.no_smoking,
           'luggage', ride.luggage
       ) as preferences,
       ride.auto_match,
       ride.note,
       changed.dates as changes,
       recent.dates as recent,
       ride.created_at
  from recurring_rides ride
  join colleges on colleges.college_id = ride.college_id
 cross join lateral (
           select coalesce(
                      jsonb_agg(
                          jsonb_build_object(
                              'date', occurs_on,
                              'departs_at', to_char(departs_at, 'HH24:MI'),
                              'window_minutes', window_minutes
                          )
                          order by occurs_on
                      ),
                      '[]'
                  ) as dates
             from recurring_changes
            where college_id = ride.college_id
              and recurring_id = ride.recurring_id
       ) as changed
 cross join lateral (
           select coalesce(
                      jsonb_agg(
                          jsonb_build_object(
                              'date', occurs_on,
                              'request_id', request_id,
                              'skipped_because', skipped_because
                          )
                          order by occurs_on desc
                      ),
                      '[]'
                  ) as dates
             from (select occurs_on,
                          request_id,
                          skipped_because
                     from recurring_openings
                    where college_id = ride.college_id
                      and recurring_id = ride.recurring_id
                    order by occurs_on desc
                    limit 10) as latest
       ) as recent
 where ride.college_id = :college_id
   and ride.user_id = :user_id
   and (:recurring_id::bigint is null or ride.recurring_id = :recurring_id)
   and (:before::bigint is null or ride.recurring_id < :before)
 order by ride.recurring_id desc
offset :skip::int
 limit :size::int;

-- name: delete_ride(college_id, user_id, recurring_id)!
-- End a pattern; what it has put on the road stays there.
delete from recurring_rides
 where college_id = :college_id
   and user_id = :user_id
   and recurring_id = :recurring_id;

-- name: pause_ride(college_id, recurring_id)!
-- Open nothing until the pattern that is held is resumed; paused since the first time it was said.
update recurring_rides
   set paused_at = coalesce(paused_at, now()),
       next_opens_at = null
 where college_id = :college_id
   and recurring_id = :recurring_id;

-- name: resume_ride(college_id, recurring_id, next_opens_at)!
-- Open requests again by a pattern that is held.
update recurring_rides
   set paused_at = null,
       next_opens_at = :next_opens_at::timestamptz
 where college_id = :college_id
   and recurring_id = :recurring_id;

-- name: set_exceptions(college_id, recurring_id, exception_dates)!
-- The dates that a pattern which is held leaves out.
update recurring_rides
   set exception_dates = :exception_dates::date[]
 where college_id = :college_id
   and recurring_id = :recurring_id;

-- name: set_next_opening(college_id, recurring_id, next_opens_at)!
-- When a timer has to look at a pattern that is held; a paused one is not looked at.
update recurring_rides
   set next_opens_at = case when paused_at is null then :next_opens_at::timestamptz end
 where college_id = :college_id
   and recurring_id = :recurring_id;

-- name: change_date(college_id, recurring_id, occurs_on, departs_at, window_minutes)!
-- Another time on a single date.
insert into recurring_changes (college_id, recurring_id, occurs_on, departs_at, window_minutes)
values (:college_id, :recurring_id, :occurs_on, :departs_at::time, :window_minutes::smallint)
    on conflict (recurring_id, occurs_on) do update
   set departs_at = excluded.departs_at,
       window_minutes = excluded.window_minutes;

-- name: forget_changes(college_id, recurring_id, occurs_on, before)!
-- The time of the pattern again on a single date; dates that have passed are let go too.
delete from recurring_changes
 where college_id = :college_id
   and recurring_id = :recurring_id
   and (occurs_on = :occurs_on or occurs_on < :before);

-- name: find_riders_due(size)
-- Riders of all colleges with patterns whose next ride has to be put on the road: those who wait
-- longest.
select user_id
  from (select user_id,
               next_opens_at
          from recurring_rides
         where next_opens_at <= now()
         order by next_opens_at
         limit :size::int) as due
 group by user_id
 order by min(next_opens_at);

-- name: lock_due(user_ids)
-- The patterns of these riders, who are held, that have to be looked at, held; what is being edited
-- is left for the next turn.
select ride.recurring_id,
       ride.college_id,
       ride.user_id,
       ride.weekdays,
       to_char(ride.departs_at, 'HH24:MI') as departs_at,
       ride.window_minutes,
       ride.ends_on,
       ride.exception_dates,
       ride.next_opens_at,
       colleges.time_zone,
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
       ride.solo_road_meters,
       now() as looked_at
  from recurring_rides ride
  join colleges on colleges.college_id = ride.college_id
 where ride.user_id = any(:user_ids::bigint[])
   and ride.next_opens_at <= now()
 order by ride.next_opens_at,
          ride.recurring_id
   for update of ride skip locked;

-- name: list_dates(recurring_ids, since)
-- What is different on single dates of patterns that are held, of all colleges, and which dates
-- were decided, from a date on. Read after the lock, so that what another worker has decided by
-- then is not missed.
select recurring_id,
       occurs_on,
       to_char(departs_at, 'HH24:MI') as departs_at,
       window_minutes,
       false as decided
  from recurring_changes
 where recurring_id = any(:recurring_ids::bigint[])
   and occurs_on >= :since::date
 union all
select recurring_id,
       occurs_on,
       null,
       null,
       true
  from recurring_openings
 where recurring_id = any(:recurring_ids::bigint[])
   and occurs_on >= :since::date;

-- name: lock_riders(user_ids)
-- Riders of all colleges, held in the order of their ids, as by lock_rider of requests.sql.
select user_id,
       banned_at is not null as banned,
       verified_at is not null as verified
  from users
 where user_id = any(:user_ids::bigint[])
 order by user_id
   for no key update;

-- name: lock_open_requests(user_ids)
-- The open requests of these riders, held in the order of their ids; also those that have silently
-- expired and still take their time.
select request_id,
       college_id,
       user_id,
       status,
       lower(departure) as depart_after,
       upper(departure) as depart_before,
       status = 'matched' or upper(departure) > now() as lasts
  from pooling_requests
 where user_id = any(:user_ids::bigint[])
   and status in ('active', 'matched')
 order by request_id
   for update;

-- name: record_opening(college_id, recurring_id, occurs_on, request_id, skipped_because)!
-- What became of a date; a second time is an error, and the transaction that tries it undone.
insert into recurring_openings (college_id, recurring_id, occurs_on, request_id, skipped_because)
values (:college_id, :recurring_id, :occurs_on, :request_id::bigint, :skipped_because::text);

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

-- name: remove_recurring_rides(college_id, user_id)!
-- Nothing is opened every week.
delete from recurring_rides
 where college_id = :college_id
   and user_id = :user_id;
