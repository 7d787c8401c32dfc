-- With a routing server, rides are measured by road: whether two fit, a pool's route, the shares
-- of the fare. What was measured by road, and what estimated, is kept apart.

alter table pooling_requests
    -- The ride alone by road, as measured when it was opened or changed; null where no road was
    -- known. Where all have one they are compared by road, else by the estimate.
    add column solo_road_meters double precision check (solo_road_meters >= 0);

alter table recurring_rides
    -- As in the requests that are opened by it.
    add column solo_road_meters double precision check (solo_road_meters >= 0);

alter table pools
    -- Whether its distances are estimates: all of them are, or none.
    add column is_fallback boolean not null default true;

alter table pool_members
    -- The ride alone, measured as the shared route is; null for who was seated by an earlier
    -- version: estimated, as the request says.
    add column solo_meters double precision check (solo_meters >= 0);

-- The box around all places where a rider may come by who shares, measured by road or estimated;
-- null for a ride that has no measure by road.
--
-- A way by road is never shorter than the great circle. So whoever shares and keeps the cap by
-- road stays in the ellipse of great circles whose string is the cap times the ride alone by
-- road; it is the ellipse of a larger cap, of which reach_box knows the box. By the estimate the
-- string is the cap times the great circle, which is shorter: the larger of both holds both.
create function reach_box(
    start point, destination point, detour_percent double precision, solo_road_meters double precision
) returns box language sql immutable parallel safe
return reach_box(start, destination, greatest(
    detour_percent,
    100 * ((1 + detour_percent / 100) * solo_road_meters * 1.3 / nullif(road_meters(start, destination), 0) - 1)
));

-- Who drives further by road is on it for longer. The indexes are as in 0015.matching.sql apart
-- from that.
drop index pooling_requests_waiting;
drop index pooling_requests_riding;

-- Serves the search for candidates (find_matches, list_waiting_pairs).
create index pooling_requests_waiting on pooling_requests
    using gist (start, destination, reach,
                on_the_road(departure, greatest(solo_meters, solo_road_meters), detour_percent))
    where status = 'active';

-- Serves the search for pools that pass by (find_pools_to_join).
create index pooling_requests_riding on pooling_requests
    using gist (start, destination, reach,
                on_the_road(departure, greatest(solo_meters, solo_road_meters), detour_percent))
    where status = 'matched';
