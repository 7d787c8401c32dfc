-- Pools: the company found, its seats and its route.

-- name: open_pool(college_id, capacity)$
-- A pool without members yet.
insert into pools (college_id, capacity)
values (:college_id, :capacity::smallint)
returning pool_id;

-- name: lock_pools(college_id, pool_ids)
-- These pools, held in the order of their ids: whoever changes the members of a pool holds it.
select pool_id,
       status,
       capacity,
       seats_taken
  from pools
 where college_id = :college_id
   and pool_id = any(:pool_ids::bigint[])
 order by pool_id
   for update;

-- name: find_pool_of(college_id, request_id)$
-- The pool that this request rides in.
select pool_id
  from pool_members
 where college_id = :college_id
   and request_id = :request_id
   and left_at is null;

-- name: find_place(college_id, user_id, pool_id)^
-- Whether a rider who rides or rode in a pool does so now, and whether the ride is over.
select bool_or(member.left_at is null)              as rides,
       pools.status in ('completed', 'cancelled') as is_over
  from pool_members member
  join pools using (pool_id)
 where member.college_id = :college_id
   and member.user_id = :user_id
   and member.pool_id = :pool_id
 group by pools.pool_id;

-- name: list_members(college_id, pool_id)
-- Who rides in a pool, and their own rides.
select member.request_id,
       member.user_id,
       member.seats,
       users.full_name,
       request.status,
       request.start[1] as start_latitude,
       request.start[0] as start_longitude,
       request.destination[1] as destination_latitude,
       request.destination[0] as destination_longitude,
       request.solo_road_meters is not null as road_is_known,
       request.detour_percent,
       request.role,
       upper(request.departure) > now() as lasts
  from pool_members member
  join pooling_requests request on request.request_id = member.request_id
  join users on users.user_id = member.user_id
 where member.college_id = :college_id
   and member.pool_id = :pool_id
   and member.left_at is null
 order by member.request_id;

-- name: list_stops(college_id, pool_id)
-- The route of a pool, in driving order.
select request_id,
       kind
  from pool_stops
 where college_id = :college_id
   and pool_id = :pool_id
 order by position;

-- name: seat_members(college_id, pool_ids, request_ids, user_ids, seats, solo_meters, shared_meters, fare_percents)!
-- Write who rides in which pool, how far and for which share; who rides already keeps the place.
insert into pool_members (
    college_id, pool_id, request_id, user_id, seats, solo_meters, shared_meters, fare_percent
)
select :college_id,
       given.pool_id,
       given.request_id,
       given.user_id,
       given.seats,
       given.solo_meters,
       given.shared_meters,
       given.fare_percent
  from unnest(
           :pool_ids::bigint[], :request_ids::bigint[], :user_ids::bigint[], :seats::smallint[],
           :solo_meters::float8[], :shared_meters::float8[], :fare_percents::numeric[]
       ) as given (pool_id, request_id, user_id, seats, solo_meters, shared_meters, fare_percent)
    on conflict (pool_id, request_id) do update
   set solo_meters = excluded.solo_meters,
       shared_meters = excluded.shared_meters,
       fare_percent = excluded.fare_percent,
       left_at = null;

-- name: clear_routes(college_id, pool_ids)!
-- Forget the routes of these pools; new ones follow in the same transaction, or their end.
delete from pool_stops
 where college_id = :college_id
   and pool_id = any(:pool_ids::bigint[]);

-- name: write_routes(college_id, pool_ids, request_ids, kinds, meters, is_fallback)!
-- The stops of these pools, of each in driving order, and whether they and the rides alone are
-- estimates; pool_ids has the pool of each stop.
with measured as (
    update pools
       set is_fallback = :is_fallback
     where college_id = :college_id
       and pool_id = any(:pool_ids::bigint[])
)
insert into pool_stops (college_id, pool_id, position, request_id, kind, meters)
select :college_id,
       given.pool_id,
       row_number() over (partition by given.pool_id order by given.place),
       given.request_id,
       given.kind,
       given.meters
  from unnest(:pool_ids::bigint[], :request_ids::bigint[], :kinds::text[], :meters::float8[])
       with ordinality as given (pool_id, request_id, kind, meters, place);

-- name: unseat_member(college_id, pool_id, request_id)!
-- A member gets out.
update pool_members
   set left_at = now()
 where college_id = :college_id
   and pool_id = :pool_id
   and request_id = :request_id
   and left_at is null;

-- name: unseat_all(college_id, pool_id)!
-- Everybody gets out: the pool is no more.
update pool_members
   set left_at = now()
 where college_id = :college_id
   and pool_id = :pool_id
   and left_at is null;

-- name: set_pool_status(college_id, pool_id, status)!
-- Move a pool that is held to another state.
update pools
   set status = :status::text,
       started_at = case when :status = 'started' then now() else started_at end,
       closed_at = case when :status in ('completed', 'cancelled') then now() end
 where college_id = :college_id
   and pool_id = :pool_id;

-- name: note_pool(college_id, user_id, pool_id, set_fare, estimated_fare, set_note, meeting_note)$
-- What the members agree on; only by one of them, and while the ride is not over.
update pools
   set estimated_fare = case when :set_fare then :estimated_fare::numeric else estimated_fare end,
       meeting_note = case when :set_note then :meeting_note::text else meeting_note end
 where college_id = :college_id
   and pool_id = :pool_id
   and status in ('open', 'started')
   and exists (
       select
         from pool_members
        where pool_members.pool_id = pools.pool_id
          and pool_members.user_id = :user_id
          and pool_members.left_at is null
   )
returning pool_id;

-- name: list_pools(college_id, user_id, pool_id)
-- A pool as its members see it, route and shares included; for whoever rides or rode in it.
-- With pool_id null: all that the rider is in now, those that have started first, then those that
-- leave first.
select pools.pool_id,
       pools.status,
       pools.capacity,
       pools.seats_taken,
       pools.estimated_fare,
       pools.meeting_note,
       pools.created_at,
       pools.started_at,
       pools.closed_at,
       pools.is_fallback,
       (
           select jsonb_agg(
                      jsonb_build_object(
                          'id', member.user_id,
                          'full_name', users.full_name,
                          'request_id', member.request_id,
                          'seats', member.seats,
                          'role', request.role,
                          'solo_meters', round(alone.meters),
                          'shared_meters', round(member.shared_meters),
                          'detour_percent', round(
                              (100 * (member.shared_meters / nullif(alone.meters, 0) - 1))::numeric, 1
                          ),
                          'fare_percent', member.fare_percent,
                          'fare', round(pools.estimated_fare * member.fare_percent / 100, 2)
                      )
                      order by member.joined_at, member.request_id
                  )
             from pool_members member
             join pooling_requests request on request.request_id = member.request_id
             join users on users.user_id = member.user_id
            cross join lateral (
                      select coalesce(member.solo_meters, request.solo_meters) as meters
                  ) as alone
            where member.pool_id = pools.pool_id
              and member.left_at is null
       ) as members,
       (
           select jsonb_agg(
                      jsonb_build_object(
                          'request_id', stop.request_id,
                          'kind', stop.kind,
                          'name', case when stop.kind = 'pickup' then request.start_name
                                       else request.destination_name end,
                          'latitude', case when stop.kind = 'pickup' then request.start[1]
                                           else request.destination[1] end,
                          'longitude', case when stop.kind = 'pickup' then request.start[0]
                                            else request.destination[0] end,
                          'meters', round(stop.meters),
                          -- 25 km/h, as in matching.
                          'expected_at', departs.at + make_interval(secs => stop.meters / (25 / 3.6))
                      )
                      order by stop.position
                  )
             from pool_stops stop
             join pooling_requests request on request.request_id = stop.request_id
            where stop.pool_id = pools.pool_id
       ) as stops
  from pool_members mine
  join pooling_requests own on own.request_id = mine.request_id
  join pools on pools.pool_id = mine.pool_id
 cross join lateral (
           -- Nobody is asked to be out before the own window begins.
           select coalesce(pools.started_at, greatest(pools.created_at, max(lower(request.departure)))) as at
             from pool_members member
             join pooling_requests request on request.request_id = member.request_id
            where member.pool_id = pools.pool_id
              and member.left_at is null
       ) as departs
 where mine.college_id = :college_id
   and mine.user_id = :user_id
   and mine.left_at is null
   and (
       pools.pool_id = :pool_id::bigint
       or :pool_id::bigint is null and pools.status in ('open', 'started')
   )
 order by pools.started_at desc nulls last,
          lower(own.departure),
          pools.pool_id;

-- name: lock_arrived(rest_seconds, size)
-- Pools of all colleges whose riders must have arrived some time ago, held; what others hold is
-- left to them. Who has not said when they set off did so at the end of the first window.
select pools.college_id,
       pools.pool_id
  from pools
 where pools.status in ('open', 'started')
   and (
       select coalesce(pools.started_at, min(upper(request.departure)))
         from pool_members member
         join pooling_requests request on request.request_id = member.request_id
        where member.pool_id = pools.pool_id
          and member.left_at is null
   ) + make_interval(secs => :rest_seconds::float8 + (
       -- 25 km/h, as in matching.
       select coalesce(max(stop.meters), 0) / (25 / 3.6)
         from pool_stops stop
        where stop.pool_id = pools.pool_id
   )) <= now()
 order by pools.pool_id
 limit :size::int
   for update of pools skip locked;

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
