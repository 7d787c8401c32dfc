-- What saved searches of rides compare.

-- The way of a bird, in metres.
create or replace function great_circle_meters(one point, other point) returns double precision
language sql immutable parallel safe
return 2 * 6371008.8 * asin(least(1, sqrt(
    power(sin(radians(other[1] - one[1]) / 2), 2)
    + cos(radians(one[1])) * cos(radians(other[1])) * power(sin(radians(other[0] - one[0]) / 2), 2)
)));

-- Whether somebody who may leave in this window does so on one of the weekdays and between the two
-- times of day, by the clocks of the college; null means any. From 22:00 until 02:00 is one night, of
-- the weekday on which it begins. By comparisons, not ranges: on a day when clocks are
-- changed the end may come out before the beginning, which is then no time at all and no error.
create or replace function departs_within(
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
