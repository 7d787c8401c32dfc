-- Who could share a ride with whom, which of several is best, and the geometry of both.

-- How good it is to ride together: the more, the better. Matches of a request, shared rides that could
-- take one along, and which of several own requests had best ask go by it. saving_percent is the share of
-- the distance that is saved, detour_percent the detour of whoever is compared and goes furthest out of the
-- way. To rank otherwise, change the last line. Rounds weigh the metres that are saved (sql/rounds.sql).
create or replace function rank_of(saving_percent double precision, detour_percent double precision)
returns double precision language sql immutable parallel safe
return saving_percent;

-- Of road between two points, (longitude, latitude): the great circle, lengthened by what
-- streets are longer than it. tripsync/matching/plans.py says the same; a test holds them equal.
create or replace function road_meters(one point, other point) returns double precision
language sql immutable parallel safe
return 1.3 * 2 * 6371008.8 * asin(least(1, sqrt(
    power(sin(radians(other[1] - one[1]) / 2), 2)
    + cos(radians(one[1])) * cos(radians(other[1])) * power(sin(radians(other[0] - one[0]) / 2), 2)
)));

-- As road_meters, between two places given as points of a globe whose radius is 1: where many are
-- measured against many, each place's sines and cosines are needed once.
create or replace function meters_in_space(
    one_x double precision, one_y double precision, one_z double precision,
    other_x double precision, other_y double precision, other_z double precision
) returns double precision
language sql immutable parallel safe
return 1.3 * 2 * 6371008.8 * asin(least(1, sqrt(
    (one_x - other_x) * (one_x - other_x)
    + (one_y - other_y) * (one_y - other_y)
    + (one_z - other_z) * (one_z - other_z)
) / 2));

-- A box around every point P with way(start, P) + way(P, destination) within the cap: where a
-- rider who shares may come by. It must never be too small, at any place on the globe.
--
-- Why it is not: a straight line through the globe is no longer than the way over it. So P lies
-- in the ellipsoid around the two ends, seen as points of space, whose string is the longest way
-- allowed. With a half the string, and half the line between the ends split into its part to
-- the north, dn, and to the east, de, as seen from the middle, the ellipsoid leaves the middle
-- by at most sqrt(a^2 - de^2) to the north and sqrt(a^2 - dn^2) to the east. What is left
-- is to read these two off as degrees: towards the pole a degree of longitude shrinks, and it is
-- there that the box is widest.
-- Two metres are added for rounding. Where the ellipsoid meets a pole or the 180th meridian the box
-- spans all longitudes; a string longer than the globe's radius is given the whole globe.
create or replace function reach_box(start point, destination point, detour_percent double precision) returns box
language plpgsql immutable parallel safe as $$
declare
    earth      constant double precision := 6371008.8;
    string     constant double precision := (1 + detour_percent / 100) * road_meters(start, destination) / 1.3 + 2;
    a          constant double precision := string / 2 / earth;
    x1         constant double precision := cos(radians(start[1])) * cos(radians(start[0]));
    y1         constant double precision := cos(radians(start[1])) * sin(radians(start[0]));
    z1         constant double precision := sin(radians(start[1]));
    x2         constant double precision := cos(radians(destination[1])) * cos(radians(destination[0]));
    y2         constant double precision := cos(radians(destination[1])) * sin(radians(destination[0]));
    z2         constant double precision := sin(radians(destination[1]));
    longitude  constant double precision := atan2(y1 + y2, x1 + x2);
    latitude   constant double precision := atan2(z1 + z2, sqrt((x1 + x2) ^ 2 + (y1 + y2) ^ 2));
    dn         constant double precision := (cos(latitude) * (z2 - z1)
                   - sin(latitude) * (cos(longitude) * (x2 - x1) + sin(longitude) * (y2 - y1))) / 2;
    de         constant double precision := (cos(longitude) * (y2 - y1) - sin(longitude) * (x2 - x1)) / 2;
    north      double precision;
    east       double precision;
    height     double precision;
    from_axis  double precision;
    to_pole    double precision;
    to_equator double precision;
    breadth    double precision;
    west_edge  double precision;
    east_edge  double precision;
begin
    if a > 0.5 then
        return box(point(-180, -90), point(180, 90));
    end if;
    north := sqrt(greatest(a ^ 2 - de ^ 2, 0));
    east := sqrt(greatest(a ^ 2 - dn ^ 2, 0));
    height := sqrt(1 - north ^ 2 - east ^ 2);
    from_axis := height * cos(latitude) - north * sin(abs(latitude));
    to_pole := case when from_axis > 0 then degrees(abs(latitude) + asin(north)) else 90 end;
    to_equator := degrees(asin(height * sin(abs(latitude)) - north * cos(latitude)));
    breadth := atan2(east, from_axis);
    if from_axis <= 0 or abs(longitude) + breadth > pi() then
        west_edge := -180;
        east_edge := 180;
    else
        west_edge := degrees(longitude - breadth);
        east_edge := degrees(longitude + breadth);
    end if;
    if latitude >= 0 then
        return box(point(west_edge, to_equator), point(east_edge, to_pole));
    end if;
    return box(point(west_edge, -to_pole), point(east_edge, -to_equator));
end;
$$;

-- The box around all places where a rider may come by who shares, measured by road or estimated;
-- null for a ride that has no measure by road.
--
-- A way by road is never shorter than the great circle. So whoever shares and keeps the cap by
-- road stays in the ellipse of great circles whose string is the cap times the ride alone by
-- road; it is the ellipse of a larger cap, of which reach_box knows the box. By the estimate the
-- string is the cap times the great circle, which is shorter: the larger of both holds both.
create or replace function reach_box(
    start point, destination point, detour_percent double precision, solo_road_meters double precision
) returns box language sql immutable parallel safe
return reach_box(start, destination, greatest(
    detour_percent,
    100 * ((1 + detour_percent / 100) * solo_road_meters * 1.3 / nullif(road_meters(start, destination), 0) - 1)
));

-- The four orders in which two riders can be picked up (capitals) and dropped (small letters)
-- and share a part of the way, with the three legs of each and what each of them rides. None
-- for two of whom no order is shorter than their rides alone: most are sorted out by that.
create or replace function pair_orders(
    start_a point, destination_a point, solo_a double precision,
    start_b point, destination_b point, solo_b double precision
) returns table (
    visits       text,
    first_leg    double precision,
    second_leg   double precision,
    third_leg    double precision,
    total_meters double precision,
    meters_of_a  double precision,
    meters_of_b  double precision
)
language sql immutable parallel safe
begin atomic
select orders.visits,
       starts,
       middle,
       ends,
       starts + middle + ends,
       of_a,
       of_b
  from (select road_meters(start_a, start_b)             as starts,
               road_meters(destination_a, destination_b) as ends,
               road_meters(start_b, destination_a)       as b_to_a,
               road_meters(start_a, destination_b)       as a_to_b
        -- Kept from being merged into the query, which would measure each way several times.
        offset 0) as ways
 cross join lateral (values
           ('ABab', b_to_a, starts + b_to_a,        b_to_a + ends),
           ('ABba', solo_b, starts + solo_b + ends, solo_b),
           ('BAab', solo_a, solo_a,                 starts + solo_a + ends),
           ('BAba', a_to_b, a_to_b + ends,          starts + a_to_b)
       ) as orders (visits, middle, of_a, of_b)
 where starts + ends + least(b_to_a, solo_b, solo_a, a_to_b) < solo_a + solo_b;
end;

-- When the car of a pair may start: so that it is at the first pick-up within that rider's
-- window and, driving on at once, at the second within the other's. Empty, earliest after
-- latest, when the windows do not overlap at the pick-ups.
create or replace function pair_departure(
    visits text, first_leg double precision, departure_a tstzrange, departure_b tstzrange
) returns table (earliest timestamptz, latest timestamptz)
language sql stable parallel safe
begin atomic
select greatest(lower(of_first), lower(of_second) - driving_time(first_leg), now()),
       least(upper(of_first), upper(of_second) - driving_time(first_leg))
  from (select case when visits like 'A%' then departure_a else departure_b end as of_first,
               case when visits like 'A%' then departure_b else departure_a end as of_second) as windows;
end;

-- Whether neither rider's wish stands against the other. Whoever wants to ride with the same
-- gender rides with those who said theirs. Quiet, no smoking and luggage keep nobody apart:
-- they are shown to the other rider, who decides.
create or replace function preferences_fit(
    one_gender text, one_wants_the_same boolean,
    other_gender text, other_wants_the_same boolean
) returns boolean language sql immutable parallel safe
return not (one_wants_the_same or other_wants_the_same) or coalesce(one_gender = other_gender, false);

-- Whether two may share a ride in these roles: of two who drive neither leaves the own car.
create or replace function roles_fit(one text, other text) returns boolean language sql immutable parallel safe
return one = 'rider' and other in ('rider', 'driver') or one = 'driver' and other = 'rider';

-- Whether one car holds both: a cab has four seats, an own car its driver's and those offered
-- (null for a rider who brings no car). Two who drive do not share.
create or replace function seats_fit(
    one_seats integer, one_offers integer,
    other_seats integer, other_offers integer
) returns boolean language sql immutable parallel safe
return (one_offers is null or other_offers is null)
   and one_seats + other_seats <= 1 + coalesce(one_offers, other_offers, 3);

-- The good pairs of a request with others that wait in its college, not ranked.
--
-- Two requests are a good pair when some order of their two pick-ups and two drop-offs keeps each
-- rider's way within the own detour cap and is shorter than the two rides alone, and windows, seats,
-- preferences and blocks allow it. Of several such orders the shortest is the pair's route.
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
--
-- With by_road, of two whose roads are known also all that may be a good pair by road; how they would
-- ride by the estimate is null where they would save nothing.
create or replace function good_partners(
    college bigint, rider bigint, own_start point, own_destination point, own_solo double precision,
    own_solo_by_road double precision, own_cap integer, own_reach box, own_departure tstzrange,
    own_on_road tstzrange, own_role text, own_seats integer, own_offers integer, own_same_gender boolean,
    by_road boolean
) returns table (
    partner_id             bigint,
    visits                 text,
    first_leg              double precision,
    second_leg             double precision,
    third_leg              double precision,
    saving_percent         double precision,
    detour_percent         double precision,
    partner_detour_percent double precision,
    departs_from           timestamptz,
    departs_until          timestamptz,
    roads_are_known        boolean
)
language sql stable parallel safe
begin atomic
select pair.request_id,
       pair.visits,
       pair.first_leg,
       pair.second_leg,
       pair.third_leg,
       100 * (1 - pair.total_meters / (own_solo + pair.solo_meters)),
       100 * (pair.meters_of_a / nullif(own_solo, 0) - 1),
       100 * (pair.meters_of_b / nullif(pair.solo_meters, 0) - 1),
       pair.earliest,
       pair.latest,
       pair.roads_are_known
  from (
        select partner.request_id,
               partner.user_id,
               partner.solo_meters,
               partner.same_gender,
               roads.are_known as roads_are_known,
               ride.visits,
               ride.first_leg,
               ride.second_leg,
               ride.third_leg,
               ride.total_meters,
               ride.meters_of_a,
               ride.meters_of_b,
               ride.earliest,
               ride.latest
          from pooling_requests as partner
         cross join lateral (
                   select by_road
                          and own_solo_by_road is not null
                          and partner.solo_road_meters is not null as are_known
               ) as roads
          left join lateral (
                   select orders.visits,
                          orders.first_leg,
                          orders.second_leg,
                          orders.third_leg,
                          orders.total_meters,
                          orders.meters_of_a,
                          orders.meters_of_b,
                          departs.earliest,
                          departs.latest
                     from pair_orders(
                              own_start, own_destination, own_solo,
                              partner.start, partner.destination, partner.solo_meters
                          ) as orders
                    cross join lateral pair_departure(
                              orders.visits, orders.first_leg, own_departure, partner.departure
                          ) as departs
                    where roads.are_known
                       or  orders.meters_of_a <= (1 + own_cap / 100.0) * own_solo
                       and orders.meters_of_b <= (1 + partner.detour_percent / 100.0) * partner.solo_meters
                       and orders.total_meters < own_solo + partner.solo_meters
                       and (own_role = 'rider' or orders.visits = 'ABba')
                       and (partner.role = 'rider' or orders.visits = 'BAab')
                       and departs.earliest < departs.latest
                    order by orders.total_meters
                    limit 1
               ) as ride on true
         where partner.college_id = college
           and partner.status = 'active'
           and on_the_road(partner.departure, greatest(partner.solo_meters, partner.solo_road_meters),
                           partner.detour_percent) && own_on_road
           and (
               partner.start <@ own_reach and partner.destination <@ own_reach
               or partner.start <@ own_reach and partner.reach @> box(own_destination)
               or partner.reach @> box(own_start) and partner.destination <@ own_reach
               or partner.reach @> box(own_start) and partner.reach @> box(own_destination)
           )
           and partner.user_id <> rider
           and upper(partner.departure) > now()
           and roles_fit(own_role, partner.role)
           and seats_fit(own_seats, own_offers, partner.seats, partner.seats_offered)
           and (roads.are_known or ride.visits is not null)
        -- Few are good pairs: the others need not be asked who they are.
        offset 0
       ) as pair
  join users as own_user on own_user.user_id = rider
  join users as partner_user on partner_user.user_id = pair.user_id
  left join profiles as own_profile on own_profile.user_id = rider
  left join profiles as partner_profile on partner_profile.user_id = pair.user_id
 where own_user.banned_at is null
   and partner_user.banned_at is null
   and preferences_fit(own_profile.gender, own_same_gender, partner_profile.gender, pair.same_gender)
   and not exists (select from blocked where one_id = rider and other_id = pair.user_id);
end;

-- The best partners of a waiting request, best first, and how the two would ride: good_partners, ranked.
create or replace function best_partners(
    college bigint, asking_request bigint, by_road boolean, most integer
) returns table (
    asking_id              bigint,
    partner_id             bigint,
    visits                 text,
    first_leg              double precision,
    second_leg             double precision,
    third_leg              double precision,
    saving_percent         double precision,
    detour_percent         double precision,
    partner_detour_percent double precision,
    departs_from           timestamptz,
    departs_until          timestamptz,
    roads_are_known        boolean
)
language sql stable parallel safe
begin atomic
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
     where college_id = college
       and request_id = asking_request
       and status = 'active'
       and upper(departure) > now()
)
select asking.request_id,
       pair.partner_id,
       pair.visits,
       pair.first_leg,
       pair.second_leg,
       pair.third_leg,
       pair.saving_percent,
       pair.detour_percent,
       pair.partner_detour_percent,
       pair.departs_from,
       pair.departs_until,
       pair.roads_are_known
  from asking
 cross join lateral good_partners(
           college, user_id, start, destination, solo_meters, solo_road_meters,
           asking.detour_percent, reach, departure, on_road, role, seats, seats_offered,
           same_gender, by_road
       ) as pair
 order by rank_of(saving_percent, greatest(pair.detour_percent, partner_detour_percent)) desc nulls last,
          partner_id
 limit most;
end;
