drop index pooling_requests_riding;
drop index pooling_requests_waiting;
create index pooling_requests_waiting on pooling_requests
    using gist (start, destination, reach, on_the_road(departure, solo_meters, detour_percent))
    where status = 'active';
create index pooling_requests_riding on pooling_requests
    using gist (start, destination, reach, on_the_road(departure, solo_meters, detour_percent))
    where status = 'matched';
drop function reach_box(point, point, double precision, double precision);
alter table pool_members drop column solo_meters;
alter table pools drop column is_fallback;
alter table recurring_rides drop column solo_road_meters;
alter table pooling_requests drop column solo_road_meters;
