-- Matching: who could share a ride with whom.
--
-- Two requests are a good pair when some order of their two pick-ups and two drop-offs keeps
-- each rider's way within the own detour cap and is shorter than the two rides alone, and
-- windows, seats, preferences and blocks allow it. Of several such orders the shortest is the
-- pair's route; the best partner is the one with whom the largest share of the distance is
-- saved. What is plain geometry is a function of migrations/0015.matching.sql: road_meters,
-- pair_orders, reach_box, on_the_road.
--
-- Candidates come from the index pooling_requests_waiting, and no good pair is lost there.
-- `reach` is a box around the ellipse whose foci are a rider's two ends and whose string is the
-- longest way the rider accepts: wherever a car goes with the rider aboard, it is inside. Where
-- two share a part of the way, the later pick-up is made with the first rider aboard, so it lies
-- within the first rider's reach; and the first drop-off is made with the other still aboard,
-- so it lies within the other's. Hence each of the four orders (capitals are pick-ups, small
-- letters drop-offs) has a condition of its own:
--
--   A B b a   start of B and destination of B within reach of A
--   A B a b   start of B within reach of A, destination of A within reach of B
--   B A b a   start of A within reach of B, destination of B within reach of A
--   B A a b   start of A and destination of A within reach of B
--
-- And both are aboard at one moment, so the times at which they may be on the road overlap.
--
-- A driver is picked up first and dropped last, as it is the driver's car. Windows overlap at
-- the pick-ups when the car can be at the first one in that rider's window and, driving on at
-- once, at the second one in the other's: departs_from and departs_until say when it may start.

-- Two rides that a routing server has measured (solo_road_meters) are compared by road, all others
-- by the estimate. Whether a pair is good by road is for tripsync/pooling/matches.py to say; here
-- is found who may be (find_matches, loosely). None is lost either: a way by road is never shorter
-- than the great circle, and the reach of such a ride is an ellipse of great circles whose string
-- is the longest way by road (migrations/0022.roads-in-matching.sql); so are its times on the road.
-- Of more candidates than one table of distances holds, those that look best by the estimate are
-- measured.

-- name: find_matches(college_id, request_id, both_sides, loosely, size)
-- The best partners of a waiting request, best first. A row is what one rider, viewer_id, is
-- told of another; with both_sides each pair has a second row, for the one who waits already.
-- Loosely: of two whose roads are known all that may be a good pair, with both rides to measure.
with asking as materialized (
    select request_id,
           user_id,
           start,
           destination,
           solo_meters,
           solo_road_meters,
           detour_percent,
           reach,
           departure,
           on_the_road(departure, greatest(solo_meters, solo_road_meters), detour_percent) as on_road,
           role,
           seats,
           seats_offered,
           same_gender
      from pooling_requests
     where college_id = :college_id
       and request_id = :request_id
       and status = 'active'
       and upper(departure) > now()
),
candidates as (
    select asking.request_id  as asking_id,
           partner.request_id as partner_id
      from asking
      join pooling_requests as partner
        on partner.college_id = :college_id
       and partner.status = 'active'
       and partner.start <@ asking.reach
       and partner.destination <@ asking.reach
       and on_the_road(partner.departure, greatest(partner.solo_meters, partner.solo_road_meters),
                       partner.detour_percent) && asking.on_road
     union
    select asking.request_id  as asking_id,
           partner.request_id as partner_id
      from asking
      join pooling_requests as partner
        on partner.college_id = :college_id
       and partner.status = 'active'
       and partner.start <@ asking.reach
       and partner.reach @> box(asking.destination)
       and on_the_road(partner.departure, greatest(partner.solo_meters, partner.solo_road_meters),
                       partner.detour_percent) && asking.on_road
     union
    select asking.request_id  as asking_id,
           partner.request_id as partner_id
      from asking
      join pooling_requests as partner
        on partner.college_id = :college_id
       and partner.status = 'active'
       and partner.reach @> box(asking.start)
       and partner.destination <@ asking.reach
       and on_the_road(partner.departure, greatest(partner.solo_meters, partner.solo_road_meters),
                       partner.detour_percent) && asking.on_road
     union
    select asking.request_id  as asking_id,
           partner.request_id as partner_id
      from asking
      join pooling_requests as partner
        on partner.college_id = :college_id
       and partner.status = 'active'
       and partner.reach @> box(asking.start)
       and partner.reach @> box(asking.destination)
       and on_the_road(partner.departure, greatest(partner.solo_meters, partner.solo_road_meters),
                       partner.detour_percent) && asking.on_road
),
good_pairs as (
    select distinct on (partner.request_id)
           asking.request_id                as request_a,
           asking.user_id                   as user_a,
           asking.start                     as start_a,
           asking.destination               as destination_a,
           asking.solo_meters               as solo_a,
           asking.same_gender               as same_gender_a,
           partner.request_id               as request_b,
           partner.user_id                  as user_b,
           partner.start                    as start_b,
           partner.destination              as destination_b,
           partner.solo_meters              as solo_b,
           partner.same_gender              as same_gender_b,
           ride.visits,
           ride.first_leg,
           ride.second_leg,
           ride.third_leg,
           ride.total_meters,
           ride.meters_of_a,
           ride.meters_of_b,
           departs.earliest,
           departs.latest,
           known.roads
      from candidates
      join asking on asking.request_id = candidates.asking_id
      join pooling_requests as partner on partner.request_id = candidates.partner_id
      left join lateral pair_orders(
               asking.start, asking.destination, asking.solo_meters,
               partner.start, partner.destination, partner.solo_meters
           ) as ride on true
     cross join lateral pair_departure(
               ride.visits, ride.first_leg, asking.departure, partner.departure
           ) as departs
     cross join lateral (
               select :loosely
                      and asking.solo_road_meters is not null
                      and partner.solo_road_meters is not null as roads
           ) as known
     where partner.user_id <> asking.user_id
       and upper(partner.departure) > now()
       and roles_fit(asking.role, partner.role)
       and seats_fit(asking.seats, asking.seats_offered, partner.seats, partner.seats_offered)
       and (
           known.roads
           or  ride.meters_of_a <= (1 + asking.detour_percent / 100.0) * asking.solo_meters
           and ride.meters_of_b <= (1 + partner.detour_percent / 100.0) * partner.solo_meters
           and ride.total_meters < asking.solo_meters + partner.solo_meters
           and (asking.role = 'rider' or ride.visits = 'ABba')
           and (partner.role = 'rider' or ride.visits = 'BAab')
           and departs.earliest < departs.latest
       )
     order by partner.request_id,
              ride.total_meters
),
best as (
    select request_a, user_a, start_a, destination_a, solo_a, meters_of_a,
           request_b, user_b, start_b, destination_b, solo_b, meters_of_b,
           visits, first_leg, second_leg, third_leg, earliest, latest, roads,
           100 * (1 - total_meters / (solo_a + solo_b)) as saving_percent
      from good_pairs
      join users as rider_a on rider_a.user_id = user_a
      join users as rider_b on rider_b.user_id = user_b
      left join profiles as profile_a on profile_a.user_id = user_a
      left join profiles as profile_b on profile_b.user_id = user_b
     where rider_a.banned_at is null
       and rider_b.banned_at is null
       and preferences_fit(profile_a.gender, same_gender_a, profile_b.gender, same_gender_b)
       and not are_blocked(user_a, user_b)
     order by saving_percent desc nulls last,
              request_b
     limit :size
)
select seen.viewer_id,
       users.user_id as id,
       users.full_name,
       case when contact.is_open then profiles.phone_number end as phone_number,
       case when contact.is_open then users.email end as email,
       case when contact.is_open then profiles.year_of_study end as year_of_study,
       case when contact.is_open then profiles.bio end as bio,
       profile_image_url(users.user_id) as profile_image_url,
       seen.request_id,
       seen.viewer_request_id as user_request_id,
       case when latest_connection.status = 'pending' and latest_connection.from_request = seen.request_id
            then 'pending_received'
            when latest_connection.status = 'pending'
            then 'pending_sent'
            else coalesce(latest_connection.status, 'none')
       end as connection_status,
       latest_connection.connection_id,
       best.saving_percent,
       100 * (seen.own_meters / nullif(seen.own_solo, 0) - 1) as detour_percent,
       100 * (seen.partner_meters / nullif(seen.partner_solo, 0) - 1) as partner_detour_percent,
       best.first_leg as pickup_distance_meters,
       best.third_leg as drop_distance_meters,
       route.stops as route,
       best.earliest as departs_from,
       best.latest as departs_until,
       best.roads as roads_are_known,
       measurable.rides
  from best
 cross join lateral (values
           (user_a, request_a, meters_of_a, solo_a, user_b, request_b, meters_of_b, solo_b),
           (user_b, request_b, meters_of_b, solo_b, user_a, request_a, meters_of_a, solo_a)
       ) as seen (
           viewer_id, viewer_request_id, own_meters, own_solo,
           user_id, request_id, partner_meters, partner_solo
       )
  join users on users.user_id = seen.user_id
  left join profiles on profiles.user_id = seen.user_id
 cross join lateral (
           select are_partners(seen.viewer_id, seen.user_id) as is_open
       ) as contact
  left join lateral (
           select connection_id,
                  from_request,
                  status
             from connections
            where connections.college_id = :college_id
              and least(from_request, to_request) = least(seen.viewer_request_id, seen.request_id)
              and greatest(from_request, to_request) = greatest(seen.viewer_request_id, seen.request_id)
            order by connection_id desc
            limit 1
       ) as latest_connection on latest_connection.status <> 'withdrawn'
 cross join lateral (
           select jsonb_agg(
                      jsonb_build_object(
                          'request_id', case when visit in ('A', 'a') then request_a else request_b end,
                          'kind',       case when visit in ('A', 'B') then 'pickup' else 'drop' end,
                          'latitude',   place[1],
                          'longitude',  place[0],
                          'meters',     case nth when 1 then 0
                                                 when 2 then first_leg
                                                 when 3 then first_leg + second_leg
                                                 else first_leg + second_leg + third_leg
                                        end
                      )
                      order by nth
                  ) as stops
             from string_to_table(visits, null) with ordinality as order_of_visits (visit, nth)
            cross join lateral (
                      select case visit when 'A' then start_a
                                        when 'B' then start_b
                                        when 'a' then destination_a
                                        else destination_b
                             end as place
                  ) as visited
       ) as route
 cross join lateral (
           select jsonb_agg(
                      jsonb_build_object(
                          'request_id',            request_id,
                          'start_latitude',        start[1],
                          'start_longitude',       start[0],
                          'destination_latitude',  destination[1],
                          'destination_longitude', destination[0],
                          'detour_percent',        detour_percent,
                          'role',                  role,
                          'depart_after',          lower(departure),
                          'depart_before',         upper(departure)
                      )
                      order by request_id = request_b
                  ) as rides
             from pooling_requests
            where :loosely
              and college_id = :college_id
              and request_id in (request_a, request_b)
       ) as measurable
 where seen.viewer_id = user_a
    or :both_sides
 order by best.saving_percent desc nulls last,
          best.request_b,
          seen.viewer_id = user_b;

-- name: find_pools_to_join(college_id, request_id, size)
-- Open pools that pass by a waiting request and have the seats; whether its stops fit into the
-- route is for plan_joining to say. A newcomer gets in and out while members are aboard, or is
-- aboard while they do: so each end is within reach of a member, or the member's of the newcomer.
-- Windows are checked with the route; here it is asked that all may be on the road at one time.
with asking as (
    select request_id,
           user_id,
           start,
           destination,
           solo_road_meters,
           reach,
           on_the_road(departure, greatest(solo_meters, solo_road_meters), detour_percent) as on_road,
           seats,
           role,
           same_gender,
           gender
      from pooling_requests
      left join profiles using (college_id, user_id)
     where college_id = :college_id
       and request_id = :request_id
       and status = 'active'
       and upper(departure) > now()
),
passing_by as (
    select pool_members.pool_id
      from asking
      join pooling_requests as member
        on member.college_id = :college_id
       and member.status = 'matched'
       and on_the_road(member.departure, greatest(member.solo_meters, member.solo_road_meters),
                       member.detour_percent) && asking.on_road
       and (member.start <@ asking.reach or member.reach @> box(asking.start))
      join pool_members on pool_members.request_id = member.request_id
                       and pool_members.left_at is null
 intersect
    select pool_members.pool_id
      from asking
      join pooling_requests as member
        on member.college_id = :college_id
       and member.status = 'matched'
       and on_the_road(member.departure, greatest(member.solo_meters, member.solo_road_meters),
                       member.detour_percent) && asking.on_road
       and (member.destination <@ asking.reach or member.reach @> box(asking.destination))
      join pool_members on pool_members.request_id = member.request_id
                       and pool_members.left_at is null
)
select pools.pool_id,
       pools.capacity - pools.seats_taken as seats_left,
       company.riders,
       asking.solo_road_meters is not null and company.roads_are_known as roads_are_known,
       route.stops
  from asking
  join pools on pools.pool_id in (select pool_id from passing_by)
            and pools.college_id = :college_id
 cross join lateral (
           select jsonb_agg(
                      jsonb_build_object(
                          'request_id',            member.request_id,
                          'user_id',               member.user_id,
                          'start_latitude',        member.start[1],
                          'start_longitude',       member.start[0],
                          'destination_latitude',  member.destination[1],
                          'destination_longitude', member.destination[0],
                          'detour_percent',        member.detour_percent,
                          'role',                  member.role,
                          'depart_after',          lower(member.departure),
                          'depart_before',         upper(member.departure)
                      )
                      order by member.request_id
                  ) as riders,
                  bool_and(member.solo_road_meters is not null) as roads_are_known,
                  bool_and(
                      on_the_road(member.departure, greatest(member.solo_meters, member.solo_road_meters),
                                  member.detour_percent) && asking.on_road
                      and upper(member.departure) > now()
                      and preferences_fit(
                              asking.gender, asking.same_gender, profiles.gender, member.same_gender
                          )
                      and asking.user_id <> member.user_id
                      and not are_blocked(asking.user_id, member.user_id)
                      and roles_fit(asking.role, member.role)
                  ) as fit
             from pool_members
             join pooling_requests as member on member.request_id = pool_members.request_id
             left join profiles on profiles.user_id = member.user_id
            where pool_members.pool_id = pools.pool_id
              and pool_members.left_at is null
       ) as company
 cross join lateral (
           select jsonb_agg(
                      jsonb_build_object('request_id', request_id, 'kind', kind)
                      order by position
                  ) as stops
             from pool_stops
            where pool_stops.pool_id = pools.pool_id
       ) as route
 where pools.status = 'open'
   and pools.capacity - pools.seats_taken >= asking.seats
   and company.fit
 order by pools.pool_id
 limit :size;

-- name: take_second_looks(size)
-- Pairs of requests, of all colleges, whose riders may see each other again since a block ended;
-- taken by whoever tells them, and what another worker takes is left to it.
delete from second_looks
 where (one_request, other_request) in (
           select one_request,
                  other_request
             from second_looks
            order by one_request,
                     other_request
            limit :size::int
              for update skip locked
       )
returning college_id,
          one_request,
          other_request;
