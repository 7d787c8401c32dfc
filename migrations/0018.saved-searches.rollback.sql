drop table saved_search_hits;
drop table saved_searches;
drop function departs_within(tstzrange, text, text[], time, time);
drop function circle_box(point, double precision);
drop function great_circle_meters(point, point);
