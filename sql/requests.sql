-- Pooling requests: who wants to go where, and when.
-- Points are (longitude, latitude). An active request whose window has passed is over, whether or
-- not a timer has said so yet: every query here asks for the window too.

-- name: lock_rider(college_id, user_id)$
-- Whether the rider's address is confirmed; the row is held, so that two requests of one rider are
-- opened or changed one after the other. None for a rider who is banned.
select verified_at is not null
  from users
 where college_id = :college_id
   and user_id = :user_id
   and banned_at is null
   for no key update;

-- name: lock_open_requests(college_id, user_id)
-- The rider's open requests, held in the order of their ids; also those that have silently expired and
-- still take their time.
select request_id,
       status,
       lower(departure) as depart_after,
       upper(departure) as depart_before,
       status = 'matched' or upper(departure) > now() as lasts
  from pooling_requests
 where college_id = :college_id
   and user_id = :user_id
   and status in ('active', 'matched')
 order by request_id
   for update;

-- name: open_request(college_id, user_id, start_longitude, start_latitude, destination_longitude, destination_latitude, start_name, destination_name, depart_after, depart_before, seats, detour_percent, role, seats_offered, same_gender, quiet, no_smoking, luggage, auto_match, note, solo_road_meters)$
-- A new request on the road; solo_road_meters is null where no routing server knows the way.
with place as (
    select point(:start_longitude::float8, :start_latitude::float8) as start,
           point(:destination_longitude::float8, :destination_latitude::float8) as destination
)
insert into pooling_requests (
    college_id, user_id, start, destination, start_name, destination_name, departure, seats,
    detour_percent, role, seats_offered, same_gender, quiet, no_smoking, luggage, auto_match, note,
    solo_meters, solo_road_meters, reach
)
select :college_id,
       :user_id,
       start,
       destination,
       :start_name,
       :destination_name,
       tstzrange(:depart_after, :depart_before, '[]'),
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
       road_meters(start, destination),
       :solo_road_meters::float8,
       reach_box(start, destination, :detour_percent::int, :solo_road_meters::float8)
  from place
returning request_id;

-- name: note_replacement(college_id, request_ids, replaced_by)!
-- Which new request took the place of these, which were cancelled for it.
update pooling_requests
   set replaced_by = :replaced_by::bigint
 where college_id = :college_id
   and request_id = any(:request_ids::bigint[]);

-- name: set_status(college_id, request_ids, status, reason)!
-- Move requests that are held to another state.
update pooling_requests
   set status = :status::text,
       cancel_reason = :reason::text,
       closed_at = case when :status in ('completed', 'cancelled') then now() end
 where college_id = :college_id
   and request_id = any(:request_ids::bigint[]);

-- name: lock_requests(college_id, request_ids)
-- These requests, held in the order of their ids.
select request_id,
       user_id,
       status,
       start[1] as start_latitude,
       start[0] as start_longitude,
       destination[1] as destination_latitude,
       destination[0] as destination_longitude,
       detour_percent,
       role,
       seats,
       seats_offered,
       solo_road_meters is not null as road_is_known,
       lower(departure) as depart_after,
       upper(departure) as depart_before,
       upper(departure) > now() as lasts
  from pooling_requests
 where college_id = :college_id
   and request_id = any(:request_ids::bigint[])
 order by request_id
   for update;

-- name: list_own(college_id, user_id, request_id, before, skip, size)
-- The rider's requests, or the one of this id, the latest first; `before` is the last id of the
-- page before, or null.
select request_id,
       case when status = 'active' and upper(departure) <= now() then 'cancelled' else status end as status,
       case when status = 'active' and upper(departure) <= now() then 'expired' else cancel_reason end
           as cancel_reason,
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
       jsonb_build_object(
           'same_gender', same_gender,
           'quiet', quiet,
           'no_smoking', no_smoking,
           'luggage', luggage
       ) as preferences,
       auto_match,
       note,
       (select pool_id
          from pool_members member
         where member.request_id = pooling_requests.request_id
           and member.left_at is null) as pool_id,
       created_at
  from pooling_requests
 where college_id = :college_id
   and user_id = :user_id
   and (:request_id::bigint is null or request_id = :request_id)
   and (:before::bigint is null or request_id < :before)
 order by request_id desc
offset :skip::int
 limit :size::int;

-- name: list_asking(college_id, user_id, request_id, asked_request)
-- The rider's requests that may ask others, active and in time or matched, or the one of this id, the
-- first to leave first; and whether seats and preferences suit the request that is to be asked. Without
-- such a request one row that says who asks.
select request.request_id,
       users.full_name,
       users.verified_at is not null as verified,
       request.status,
       request.start[1] as start_latitude,
       request.start[0] as start_longitude,
       request.destination[1] as destination_latitude,
       request.destination[0] as destination_longitude,
       request.detour_percent,
       request.role,
       request.solo_road_meters is not null as road_is_known,
       lower(request.departure) as depart_after,
       upper(request.departure) as depart_before,
       coalesce(
           seats_fit(request.seats, request.seats_offered, asked.seats, asked.seats_offered)
           and preferences_fit(mine.gender, request.same_gender, theirs.gender, asked.same_gender),
           false
       ) as suits
  from users
  left join pooling_requests request
    on request.college_id = users.college_id
   and request.user_id = users.user_id
   and (:request_id::bigint is null or request.request_id = :request_id)
   and (request.status = 'matched' or request.status = 'active' and upper(request.departure) > now())
  left join profiles mine on mine.user_id = request.user_id
  left join pooling_requests asked on asked.college_id = request.college_id
                                  and asked.request_id = :asked_request::bigint
  left join profiles theirs on theirs.user_id = asked.user_id
 where users.college_id = :college_id
   and users.user_id = :user_id
 order by lower(request.departure),
          request.request_id;

-- name: find_asked(college_id, user_id, request_id)^
-- The rider behind a request that can be asked by this one, and the ride: of a request that was
-- replaced, and that one again, the one that took its place. None where the two must not meet.
with recursive followed as (
    select request_id,
           replaced_by,
           0 as steps
      from pooling_requests
     where college_id = :college_id
       and request_id = :request_id
     union all
    select newer.request_id,
           newer.replaced_by,
           followed.steps + 1
      from followed
      join pooling_requests newer on newer.college_id = :college_id
                                 and newer.request_id = followed.replaced_by
     where followed.steps < 100
)
select request.request_id,
       request.user_id,
       followed.steps > 0 as is_newer,
       users.full_name,
       request.status,
       request.start[1] as start_latitude,
       request.start[0] as start_longitude,
       request.destination[1] as destination_latitude,
       request.destination[0] as destination_longitude,
       request.detour_percent,
       request.role,
       request.solo_road_meters is not null as road_is_known,
       lower(request.departure) as depart_after,
       upper(request.departure) as depart_before
  from followed
  join pooling_requests request on request.request_id = followed.request_id
  join users on users.user_id = request.user_id
 where request.college_id = :college_id
   and followed.replaced_by is null
   and request.user_id <> :user_id
   and roles_fit('rider', request.role)
   and users.banned_at is null
   and not are_blocked(:user_id, request.user_id)
   and (request.status = 'matched' or request.status = 'active' and upper(request.departure) > now());

-- name: lock_overdue(size)
-- Active requests of all colleges whose window has passed, held; what others hold is left to them.
select college_id,
       request_id,
       status
  from pooling_requests
 where status = 'active'
   and upper(departure) <= now()
 order by request_id
 limit :size::int
   for update skip locked;

-- name: change_request(college_id, request_id, depart_after, depart_before, seats, detour_percent, same_gender, quiet, no_smoking, luggage, auto_match, note, solo_road_meters)!
-- Other wishes for a request that is held; what is null stays as it is.
update pooling_requests
   set departure = tstzrange(
           coalesce(:depart_after::timestamptz, lower(departure)),
           coalesce(:depart_before::timestamptz, upper(departure)),
           '[]'
       ),
       seats = coalesce(:seats::smallint, seats),
       detour_percent = coalesce(:detour_percent::smallint, detour_percent),
       solo_road_meters = coalesce(:solo_road_meters::float8, solo_road_meters),
       reach = reach_box(
           start,
           destination,
           coalesce(:detour_percent::smallint, detour_percent),
           coalesce(:solo_road_meters::float8, solo_road_meters)
       ),
       same_gender = coalesce(:same_gender::boolean, same_gender),
       quiet = coalesce(:quiet::boolean, quiet),
       no_smoking = coalesce(:no_smoking::boolean, no_smoking),
       luggage = coalesce(:luggage::boolean, luggage),
       auto_match = coalesce(:auto_match::boolean, auto_match),
       note = coalesce(:note::text, note)
 where college_id = :college_id
   and request_id = :request_id;

-- name: list_waiting_colleges()
-- The colleges in which somebody waits for the rounds of automatic matching.
select distinct college_id
  from pooling_requests
 where status = 'active'
   and auto_match
   and upper(departure) > now()
 order by college_id;

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

-- name: find_open_ride(college_id, user_id)$
-- The request of the rider that looks for company or has it.
select request_id
  from pooling_requests
 where college_id = :college_id
   and user_id = :user_id
   and (status = 'matched' or status = 'active' and upper(departure) > now())
 limit 1;

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
