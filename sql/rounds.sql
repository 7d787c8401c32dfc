-- Rounds of automatic matching: who takes part, who could ride with whom, and how all who were
-- chosen are seated at once. What makes a good pair stands in sql/matching.sql.

-- name: list_rides(college_id, unverified_ride, most_waiting, most_pools)
-- Who asks to be matched by the rounds and waits, those whose time is up first; and the members of
-- open pools with room, with their places in the route. A pool is joined without being asked only
-- where all its members wanted just that; and only one that was measured by the estimate, as
-- rounds measure.
with waiting as (
    select request_id
      from pooling_requests
      join users using (college_id, user_id)
     where college_id = :college_id
       and status = 'active'
       and auto_match
       and upper(departure) > now()
       and users.banned_at is null
       and (:unverified_ride::boolean or users.verified_at is not null)
     order by upper(departure),
              request_id
     limit :most_waiting::int
),
joinable as (
    select pool_id
      from pools
     where college_id = :college_id
       and status = 'open'
       and is_fallback
       and seats_taken < capacity
       and not exists (
           select
             from pool_members as member
             join pooling_requests as request on request.request_id = member.request_id
             join users on users.user_id = member.user_id
            where member.pool_id = pools.pool_id
              and member.left_at is null
              and (not request.auto_match or upper(request.departure) <= now() or users.banned_at is not null)
       )
     order by pool_id desc
     limit :most_pools::int
),
taking_part as (
    select request_id,
           null::bigint as pool_id
      from waiting
     union all
    select pool_members.request_id,
           pool_id
      from joinable
      join pool_members using (pool_id)
     where pool_members.left_at is null
)
select request_id,
       user_id,
       start[1]                      as start_latitude,
       start[0]                      as start_longitude,
       destination[1]                as destination_latitude,
       destination[0]                as destination_longitude,
       detour_percent,
       request.role,
       seats,
       seats_offered,
       lower(departure)              as depart_after,
       upper(departure)              as depart_before,
       request.created_at,
       same_gender,
       profiles.gender,
       array(
           select blocked_id from blocks where blocker_id = user_id
            union
           select blocker_id from blocks where blocked_id = user_id
       )                             as avoids,
       taking_part.pool_id,
       (select position
          from pool_stops as stop
         where stop.pool_id = taking_part.pool_id
           and stop.request_id = taking_part.request_id
           and stop.kind = 'pickup') as pickup_position,
       (select position
          from pool_stops as stop
         where stop.pool_id = taking_part.pool_id
           and stop.request_id = taking_part.request_id
           and stop.kind = 'drop')   as drop_position
  from taking_part
  join pooling_requests as request using (request_id)
  left join profiles using (college_id, user_id)
 order by request_id;

-- name: list_pairs(college_id, request_ids, partners)
-- The good pairs among these rides, of each ride the best: what a round chooses from. The rule is
-- that of find_matches, and a test holds the two equal; whom a rider avoids is left to the round.
--
-- All are met with all in memory: for thousands that is faster than asking an index about each,
-- and it leaves the planner no choice in which it could go wrong by misjudging a crowd. First by
-- box, then by what is dearer, the distances; they are taken between points of the globe in space,
-- so that no angle is computed twice. Times are written as the metres that a car drives until
-- then. As each two are met both ways round, two of the four orders say it all:
--
--   A B b a   the first one's way is the longer: `starts`, the other's ride alone, and `ends`
--   A B a b   `starts`, the way that they share, and `ends`
with met as materialized (
    -- What every meeting looks at stands first: columns further behind cost more.
    select start,
           reach,
           destination,
           status = 'active'                                         as waits,
           solo_meters,
           (1 + detour_percent / 100.0) * solo_meters                as longest_meters,
           extract(epoch from lower(departure) - now())::float8
               / extract(epoch from driving_time(1))::float8         as opens,
           extract(epoch from upper(departure) - now())::float8
               / extract(epoch from driving_time(1))::float8         as closes,
           cos(radians(start[1])) * cos(radians(start[0]))           as start_x,
           cos(radians(start[1])) * sin(radians(start[0]))           as start_y,
           sin(radians(start[1]))                                    as start_z,
           cos(radians(destination[1])) * cos(radians(destination[0])) as destination_x,
           cos(radians(destination[1])) * sin(radians(destination[0])) as destination_y,
           sin(radians(destination[1]))                              as destination_z,
           role,
           request_id,
           user_id,
           seats,
           seats_offered,
           same_gender,
           profiles.gender
      from pooling_requests
      left join profiles using (college_id, user_id)
     where college_id = :college_id
       and request_id = any(:request_ids::bigint[])
),
routes as (
    select first.request_id  as first_id,
           second.request_id as second_id,
           first.solo_meters + second.solo_meters - least(
               case when starts + second.solo_meters + ends <= first.longest_meters
                    then starts + second.solo_meters + ends
               end,
               case when first.role = 'rider'
                     and starts + together <= first.longest_meters
                     and together + ends <= second.longest_meters
                    then starts + together + ends
               end
           )                 as saved_meters
      from met as first
      join met as second
        on second.start <@ first.reach
       and (second.destination <@ first.reach or first.destination <@ second.reach)
     -- Kept from being merged into the query, which would measure each way several times.
     cross join lateral (
               select meters_in_space(
                          first.start_x, first.start_y, first.start_z,
                          second.start_x, second.start_y, second.start_z
                      ) as starts
               offset 0
           ) as pickups
     cross join lateral (
               select meters_in_space(
                          first.destination_x, first.destination_y, first.destination_z,
                          second.destination_x, second.destination_y, second.destination_z
                      ) as ends,
                      meters_in_space(
                          second.start_x, second.start_y, second.start_z,
                          first.destination_x, first.destination_y, first.destination_z
                      ) as together
                where greatest(first.opens, second.opens - starts, 0)
                      < least(first.closes, second.closes - starts)
                  and second.role = 'rider'
                  and roles_fit(first.role, second.role)
                  and first.user_id <> second.user_id
                  and (first.waits or second.waits)
                  and seats_fit(first.seats, first.seats_offered, second.seats, second.seats_offered)
                  and preferences_fit(first.gender, first.same_gender, second.gender, second.same_gender)
               offset 0
           ) as ways
),
good_pairs as (
    select least(first_id, second_id)    as one,
           greatest(first_id, second_id) as other,
           max(saved_meters)             as saved_meters
      from routes
     where saved_meters > 0
     group by least(first_id, second_id),
              greatest(first_id, second_id)
),
ranked as (
    select one,
           other,
           saved_meters,
           row_number() over (partition by side.request_id order by saved_meters desc) as place
      from good_pairs
     cross join lateral (values (one), (other)) as side (request_id)
)
select one,
       other,
       saved_meters
  from ranked
 where place <= :partners::int
 group by one,
          other,
          saved_meters
 order by one,
          other;

-- name: open_pools(college_id, capacities)
-- Pools without members yet, in the order given.
with opened as (
    insert into pools (college_id, capacity)
    select :college_id,
           capacity
      from unnest(:capacities::smallint[]) with ordinality as wanted (capacity, nth)
     order by nth
    returning pool_id
)
select pool_id
  from opened
 order by pool_id;
