-- Positions: where riders are while they ride together, told to those who ride along.
-- Points are (longitude, latitude). A row is there only while the ride is under way: a trigger
-- takes it away with the end of the ride.

-- name: move_rider(college_id, user_id, longitude, latitude, heading)$
-- The next place of a rider who has told one in this ride; who rides along. No row for anybody else.
update live_positions live
   set position = point(:longitude::float8, :latitude::float8),
       heading = :heading::real,
       seen_at = now()
 where live.college_id = :college_id
   and live.user_id = :user_id
returning riders_along(live.pool_id, live.user_id) as fellows;

-- name: hold_ride(college_id, user_id)$
-- The ride under way that a rider is in, the one that started last, held: it does not end before the
-- first place is written.
select pools.pool_id
  from pooling_requests request
  join pool_members member on member.request_id = request.request_id
  join pools on pools.pool_id = member.pool_id
 where request.college_id = :college_id
   and request.user_id = :user_id
   and request.status = 'matched'
   and member.left_at is null
   and pools.status = 'started'
 order by pools.started_at desc
 limit 1
   for share of pools;

-- name: leave_other_rides(college_id, pool_id)!
-- Who sets off in a ride is no longer seen in another that nobody has ended. In the ride itself nobody
-- has been seen before.
delete from live_positions live
 using pool_members member
 where member.college_id = :college_id
   and member.pool_id = :pool_id
   and member.left_at is null
   and live.user_id = member.user_id;

-- name: place_rider(college_id, user_id, pool_id, longitude, latitude, heading)$
-- The first place of a rider in a ride that is held, where another device may have been quicker; who
-- rides along.
insert into live_positions as live (college_id, user_id, pool_id, position, heading)
values (
    :college_id, :user_id, :pool_id,
    point(:longitude::float8, :latitude::float8),
    :heading::real
)
    on conflict (user_id) do update
   set pool_id = excluded.pool_id,
       position = excluded.position,
       heading = excluded.heading,
       seen_at = excluded.seen_at
returning riders_along(live.pool_id, live.user_id) as fellows;

-- name: list_moved(college_ids, user_ids)
-- Where these riders are now, and who rides along and is to see it.
select live.user_id,
       live.pool_id,
       live.position[1] as latitude,
       live.position[0] as longitude,
       live.heading,
       live.seen_at,
       riders_along(live.pool_id, live.user_id) as fellows
  from unnest(:college_ids::bigint[], :user_ids::bigint[]) as moved (college_id, user_id)
  join live_positions live on live.college_id = moved.college_id
                          and live.user_id = moved.user_id
 order by live.user_id;
