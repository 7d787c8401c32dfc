-- Saved searches: who wants to hear when somebody goes from around A to around B.
-- Points are (longitude, latitude). A search whose time has passed is over: every query asks.

-- name: delete_expired(college_id, user_id)!
-- Let go of the rider's searches whose time has passed.
delete from saved_searches
 where college_id = :college_id
   and user_id = :user_id
   and expires_at <= now();

-- name: count_searches(college_id, user_id)$
-- How many searches the rider keeps.
select count(*)
  from saved_searches
 where college_id = :college_id
   and user_id = :user_id
   and (expires_at is null or expires_at > now());

-- name: keep_search(college_id, user_id, name, start_longitude, start_latitude, start_radius_meters, destination_longitude, destination_latitude, destination_radius_meters, weekdays, day_from, day_until, mail_me, expires_at)$
-- A new search.
insert into saved_searches (
    college_id, user_id, name, start, start_radius_meters, destination, destination_radius_meters,
    weekdays, day_from, day_until, mail_me, expires_at
)
values (
    :college_id,
    :user_id,
    :name,
    point(:start_longitude::float8, :start_latitude::float8),
    :start_radius_meters,
    point(:destination_longitude::float8, :destination_latitude::float8),
    :destination_radius_meters,
    :weekdays::text[],
    :day_from::time,
    :day_until::time,
    :mail_me,
    :expires_at::timestamptz
)
returning search_id;

-- name: list_searches(college_id, user_id, search_id, before, skip, size)
-- The rider's searches, or the one of this id, the latest first; `before` is the last id of the
-- page before, or null.
select search_id,
       name,
       start[1] as start_latitude,
       start[0] as start_longitude,
       start_radius_meters,
       destination[1] as destination_latitude,
       destination[0] as destination_longitude,
       destination_radius_meters,
       weekdays,
       to_char(day_from, 'HH24:MI') as day_from,
       to_char(day_until, 'HH24:MI') as day_until,
       mail_me,
       expires_at,
       created_at
  from saved_searches
 where college_id = :college_id
   and user_id = :user_id
   and (expires_at is null or expires_at > now())
   and (:search_id::bigint is null or search_id = :search_id)
   and (:before::bigint is null or search_id < :before)
 order by search_id desc
offset :skip::int
 limit :size::int;

-- name: delete_search(college_id, user_id, search_id)!
-- Search no more.
delete from saved_searches
 where college_id = :college_id
   and user_id = :user_id
   and search_id = :search_id
   and (expires_at is null or expires_at > now());

-- name: record_hits(college_id, request_id)
-- All searches that a request on the road fits and that have not told of it yet, and whether a mail
-- is due. The index saved_searches_around finds those around both ends: a circle lies within its
-- box, so none is missed; then the circles, the calendar, and whom a rider may see at all. The
-- searches are held, so that one that is being deleted is waited for, and is gone.
with ride as materialized (
    select request.request_id,
           request.user_id,
           users.full_name,
           request.start,
           request.destination,
           request.start_name,
           request.destination_name,
           request.departure,
           request.same_gender,
           profiles.gender,
           colleges.time_zone
      from pooling_requests request
      join users on users.college_id = request.college_id and users.user_id = request.user_id
      join colleges on colleges.college_id = request.college_id
      left join profiles on profiles.college_id = request.college_id and profiles.user_id = request.user_id
     where request.college_id = :college_id
       and request.request_id = :request_id
       and request.status = 'active'
       and upper(request.departure) > now()
       and roles_fit('rider', request.role)
       and users.banned_at is null
),
fitting as materialized (
    select search.search_id,
           search.user_id,
           search.name,
           search.mail_me
           and watcher.verified_at is not null
           and not exists (select
                             from saved_search_hits
                            where saved_search_hits.college_id = search.college_id
                              and saved_search_hits.search_id = search.search_id
                              and mailed
                              and told_at > now() - interval '1 hour') as mailed
      from ride
      join saved_searches search
        on search.start_box @> box(ride.start)
       and search.destination_box @> box(ride.destination)
      join users watcher on watcher.college_id = search.college_id and watcher.user_id = search.user_id
      left join profiles on profiles.college_id = search.college_id and profiles.user_id = search.user_id
     where search.college_id = :college_id
       and search.user_id <> ride.user_id
       and (search.expires_at is null or search.expires_at > now())
       and great_circle_meters(search.start, ride.start) <= search.start_radius_meters
       and great_circle_meters(search.destination, ride.destination) <= search.destination_radius_meters
       and departs_within(
               ride.departure, ride.time_zone, search.weekdays, search.day_from, search.day_until
           )
       and watcher.banned_at is null
       and preferences_fit(profiles.gender, false, ride.gender, ride.same_gender)
       and not are_blocked(search.user_id, ride.user_id)
     order by search.search_id
       for key share of search
),
new_hits as (
    insert into saved_search_hits (college_id, search_id, request_id, mailed)
    select :college_id,
           fitting.search_id,
           ride.request_id,
           fitting.mailed
      from fitting
     cross join ride
        on conflict (search_id, request_id) do nothing
    returning search_id
)
select fitting.search_id,
       fitting.user_id,
       fitting.name,
       fitting.mailed,
       jsonb_build_object(
           'request_id', ride.request_id,
           'from_user', jsonb_build_object('id', ride.user_id, 'full_name', ride.full_name),
           'start_name', ride.start_name,
           'destination_name', ride.destination_name,
           'depart_after', lower(ride.departure),
           'depart_before', upper(ride.departure)
       ) as request
  from new_hits
  join fitting on fitting.search_id = new_hits.search_id
 cross join ride
 order by fitting.search_id;

-- name: forget_hits(size)!
-- Forget which rides were told of three months ago, in all colleges: they are long over, and are not
-- told of again.
delete from saved_search_hits
 where ctid = any(array(
           select ctid
             from saved_search_hits
            where told_at < now() - interval '90 days'
            order by told_at
            limit :size::int
              for update skip locked
       ));

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

-- name: remove_saved_searches(college_id, user_id)!
-- Nothing is searched for.
delete from saved_searches
 where college_id = :college_id
   and user_id = :user_id;
