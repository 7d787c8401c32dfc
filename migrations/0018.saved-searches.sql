-- Saved searches: "tell me when someone goes from around A to around B".

-- The way of a bird, in metres.
create function great_circle_meters(one point, other point) returns double precision
language sql immutable parallel safe
return 2 * 6371008.8 * asin(least(1, sqrt(
    power(sin(radians(other[1] - one[1]) / 2), 2)
    + cos(radians(one[1])) * cos(radians(other[1])) * power(sin(radians(other[0] - one[0]) / 2), 2)
)));

-- A box around all points within so many metres of a place; never too small, a metre too large
-- for rounding. A degree of longitude shrinks towards the pole, and a circle leaves its meridian
-- furthest by asin(sin(radius) / cos(latitude)). Around a pole, and across the 180th meridian, the
-- box spans all longitudes.
create function circle_box(place point, meters double precision) returns box
language plpgsql immutable parallel safe as $$
declare
    radius  constant double precision := (meters + 1) / 6371008.8;
    north   constant double precision := least(place[1] + degrees(radius), 90);
    south   constant double precision := greatest(place[1] - degrees(radius), -90);
    breadth double precision;
begin
    if north >= 90 or south <= -90 then
        return box(point(-180, south), point(180, north));
    end if;
    breadth := degrees(asin(least(1, sin(radius) / cos(radians(place[1])))));
    if place[0] - breadth < -180 or place[0] + breadth > 180 then
        return box(point(-180, south), point(180, north));
    end if;
    return box(point(place[0] - breadth, south), point(place[0] + breadth, north));
end;
$$;

-- Whether somebody who may leave in this window does so on one of the weekdays and between the two
-- times of day, by the clocks of the college; null means any. From 22:00 until 02:00 is one night, of
-- the weekday on which it begins. By comparisons, not ranges: on a day when clocks are
-- changed the end may come out before the beginning, which is then no time at all and no error.
create function departs_within(
    departure tstzrange, time_zone text, weekdays text[], day_from time, day_until time
) returns boolean language sql stable parallel safe
return exists (
    select
      from generate_series(
               date_trunc('day', lower(departure) at time zone time_zone) - interval '1 day',
               date_trunc('day', upper(departure) at time zone time_zone) + interval '1 day',
               interval '1 day'
           ) as day
     where (weekdays is null or to_char(day, 'FMday') = any(weekdays))
       and (day + coalesce(day_from, '00:00')) at time zone time_zone < upper(departure)
       and (day + coalesce(day_until, '24:00')
                + case when day_until <= day_from then interval '1 day' else interval '0' end)
           at time zone time_zone > lower(departure)
);

create table saved_searches (
    search_id                 bigint      generated always as identity primary key,
    college_id                bigint      not null,
    user_id                   bigint      not null,
    name                      text        not null check (char_length(name) between 1 and 100),
    start                     point       not null,
    start_radius_meters       integer     not null check (start_radius_meters between 100 and 10000),
    destination               point       not null,
    destination_radius_meters integer     not null check (destination_radius_meters between 100 and 10000),
    weekdays                  text[]      check (cardinality(weekdays) between 1 and 7
                                                 and weekdays <@ array['monday', 'tuesday', 'wednesday', 'thursday',
                                                                       'friday', 'saturday', 'sunday']),
    day_from                  time,
    day_until                 time,
    mail_me                   boolean     not null,
    expires_at                timestamptz,
    created_at                timestamptz not null default now(),
    start_box                 box         not null generated always as (circle_box(start, start_radius_meters)) stored,
    destination_box           box         not null generated always as
                                          (circle_box(destination, destination_radius_meters)) stored,
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    unique (college_id, search_id),
    check ((day_from is null) = (day_until is null)),
    check (day_from <> day_until)
);

-- Serves a new request: all searches that it fits, by one look.
create index saved_searches_around on saved_searches using gist (start_box, destination_box);

-- Serves the rider's list.
create index saved_searches_of_user on saved_searches (user_id, search_id);

create table saved_search_hits (
    college_id bigint      not null,
    search_id  bigint      not null,
    request_id bigint      not null,
    mailed     boolean     not null,
    told_at    timestamptz not null default now(),
    -- Prevents telling of the same request twice.
    primary key (search_id, request_id),
    foreign key (college_id, search_id) references saved_searches (college_id, search_id) on delete cascade,
    foreign key (college_id, request_id) references pooling_requests (college_id, request_id) on delete cascade
);

-- Serves "was a mail sent within the hour".
create index saved_search_hits_mailed on saved_search_hits (search_id, told_at) where mailed;

-- Serves the end of a request's row: it takes its hits along.
create index saved_search_hits_of_request on saved_search_hits (request_id);
