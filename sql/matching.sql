-- Matching: who could share a ride with whom.
--
-- Which two requests are a good pair is said by good_partners, and which of several is best by rank_of,
-- both in sql/functions/matching.sql. A ranking is changed there, in one line: every query here and Python
-- go by it.
--
-- Two rides that a routing server has measured (solo_road_meters) are compared by road, all others by
-- the estimate. Whether a pair is good by road is for tripsync/pooling/matches.py to say; here is found
-- who may be (find_pairs). None is lost either: a way by road is never shorter than the great
-- circle, and the reach of such a ride is an ellipse of great circles whose string is the longest way by
-- road (migrations/0022.roads-in-matching.sql); so are its times on the road. Of more candidates than
-- one table of distances holds, those that look best by the estimate are measured.

-- name: find_pairs(college_id, request_id, size)
-- Those that may be partners of a waiting request, best first, where roads are known, and how the two
-- would ride by the estimate: `rides` has the two that are to be measured by road, else null.
select partner_id,
       visits,
       first_leg,
       second_leg,
       third_leg,
       saving_percent,
       detour_percent,
       partner_detour_percent,
       departs_from,
       departs_until,
       measurable.rides
  from best_partners(:college_id, :request_id, true, :size)
  left join lateral (
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
                      order by request_id = partner_id
                  ) as rides
             from pooling_requests
            where college_id = :college_id
              and request_id in (asking_id, partner_id)
       ) as measurable on roads_are_known
 order by rank_of(saving_percent, greatest(detour_percent, partner_detour_percent)) desc nulls last,
          partner_id;

-- name: list_places_around(college_id, user_id, request_id, start_longitude, start_latitude, destination_longitude, destination_latitude, depart_after, depart_before, seats, detour_percent, role, seats_offered, same_gender, solo_road_meters, size)
-- From where to where those go who may be partners of a ride by road, best first: of a ride that is to be
-- opened or changed in this way, or of a request as it is where nothing is given. For measuring before
-- find_pairs is asked.
with ride as materialized (
    select college_id,
           user_id,
           start,
           destination,
           road_meters(start, destination) as solo_meters,
           solo_road_meters,
           detour_percent,
           departure,
           role,
           seats,
           seats_offered,
           same_gender
      from (select coalesce(
                       request.start,
                       point(:start_longitude::float8, :start_latitude::float8)
                   ) as start,
                   coalesce(
                       request.destination,
                       point(:destination_longitude::float8, :destination_latitude::float8)
                   ) as destination,
                   coalesce(:solo_road_meters::float8, request.solo_road_meters) as solo_road_meters,
                   coalesce(:detour_percent::int, request.detour_percent) as detour_percent,
                   tstzrange(
                       coalesce(:depart_after::timestamptz, lower(request.departure)),
                       coalesce(:depart_before::timestamptz, upper(request.departure)),
                       '[]'
                   ) as departure,
                   coalesce(:role::text, request.role) as role,
                   coalesce(:seats::int, request.seats) as seats,
                   coalesce(:seats_offered::int, request.seats_offered) as seats_offered,
                   coalesce(:same_gender::boolean, request.same_gender) as same_gender,
                   asking.college_id,
                   asking.user_id
              from (values (:college_id::bigint, :user_id::bigint)) as asking (college_id, user_id)
              left join pooling_requests as request on request.college_id = asking.college_id
                                                   and request.user_id = asking.user_id
                                                   and request.request_id = :request_id::bigint) as wished
)
select partner.start[1] as start_latitude,
       partner.start[0] as start_longitude,
       partner.destination[1] as destination_latitude,
       partner.destination[0] as destination_longitude
  from (select pair.partner_id,
               pair.roads_are_known
          from ride
         cross join lateral good_partners(
                   college_id, user_id, start, destination, solo_meters, solo_road_meters,
                   ride.detour_percent,
                   reach_box(start, destination, ride.detour_percent, solo_road_meters),
                   departure,
                   on_the_road(departure, greatest(solo_meters, solo_road_meters), ride.detour_percent),
                   role, seats, seats_offered, same_gender, true
               ) as pair
         order by rank_of(saving_percent, greatest(pair.detour_percent, partner_detour_percent)) desc nulls last,
                  partner_id
         limit :size::int) as best
  join pooling_requests as partner on partner.college_id = :college_id
                                  and partner.request_id = best.partner_id
 where best.roads_are_known;

-- name: show_matches(college_id, request_id, pairs, both_sides, size)
-- The best partners of a waiting request as riders are shown them, best first: those that are found by
-- the estimate, or these pairs, of which each is as find_pairs gives it, measured by road or not. A row
-- is what one rider, viewer_id, is told of another; with both_sides each pair has a second row, for the
-- one who waits already.
with best as (
    select partner_id,
           visits,
           first_leg,
           second_leg,
           third_leg,
           saving_percent,
           detour_percent,
           partner_detour_percent,
           departs_from,
           departs_until,
           is_fallback,
           rank_of(saving_percent, greatest(detour_percent, partner_detour_percent)) as rank
      from (
               select partner_id,
                      visits,
                      first_leg,
                      second_leg,
                      third_leg,
                      saving_percent,
                      detour_percent,
                      partner_detour_percent,
                      departs_from,
                      departs_until,
                      true as is_fallback
                 from best_partners(:college_id, :request_id, false, :size)
                -- As a subquery, so that one plan serves both and is kept.
                where (select :pairs::jsonb is null)
                union all
               select partner_id,
                      visits,
                      first_leg,
                      second_leg,
                      third_leg,
                      saving_percent,
                      detour_percent,
                      partner_detour_percent,
                      departs_from,
                      departs_until,
                      is_fallback
                 from jsonb_to_recordset(:pairs::jsonb) as pair (
                          partner_id             bigint,
                          visits                 text,
                          first_leg              float8,
                          second_leg             float8,
                          third_leg              float8,
                          saving_percent         float8,
                          detour_percent         float8,
                          partner_detour_percent float8,
                          departs_from           timestamptz,
                          departs_until          timestamptz,
                          is_fallback            boolean
                      )
                where (select :pairs is not null)
           ) as pairs
     order by rank desc nulls last,
              partner_id
     limit :size
)
select seen.viewer_id,
       users.user_id as id,
       users.full_name,
       case when contact.is_open then profiles.phone_number end as phone_number,
       case when contact.is_open then users.email end as email,
       case when contact.is_open then profiles.year_of_study end as year_of_study,
       case when contact.is_open then profiles.bio end as bio,
       (select url from profile_image(users.user_id)) as profile_image_url,
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
       seen.detour_percent,
       seen.partner_detour_percent,
       best.first_leg as pickup_distance_meters,
       best.third_leg as drop_distance_meters,
       route.stops as route,
       best.departs_from,
       best.departs_until,
       best.is_fallback
  from best
  join pooling_requests as own on own.college_id = :college_id and own.request_id = :request_id
  join pooling_requests as partner on partner.college_id = :college_id and partner.request_id = best.partner_id
 cross join lateral (values
           (own.user_id, own.request_id, best.detour_percent,
            partner.user_id, partner.request_id, best.partner_detour_percent),
           (partner.user_id, partner.request_id, best.partner_detour_percent,
            own.user_id, own.request_id, best.detour_percent)
       ) as seen (
           viewer_id, viewer_request_id, detour_percent, user_id, request_id, partner_detour_percent
       )
  join users on users.user_id = seen.user_id
  left join profiles on profiles.user_id = seen.user_id
 cross join lateral (
           select exists (select from partners where one_id = seen.viewer_id and other_id = seen.user_id) as is_open
            -- Once for all that it opens.
           offset 0
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
                          'request_id', case when visit in ('A', 'a') then own.request_id else partner.request_id end,
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
                      select case visit when 'A' then own.start
                                        when 'B' then partner.start
                                        when 'a' then own.destination
                                        else partner.destination
                             end as place
                  ) as visited
       ) as route
 where seen.viewer_id = own.user_id
    -- As a subquery, so that one plan serves both and is kept.
    or (select :both_sides::boolean)
 order by best.rank desc nulls last,
          best.partner_id,
          seen.viewer_id = partner.user_id;

-- name: rank_rides(saving_percents, detour_percents)
-- The places of these ways to ride together, from 0 on, best first: of those that Python has measured.
select (nth - 1)::int as place
  from unnest(:saving_percents::float8[], :detour_percents::float8[])
       with ordinality as measured (saving_percent, detour_percent, nth)
 order by rank_of(saving_percent, detour_percent) desc nulls last,
          nth;

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
