drop table recurring_openings;
drop table recurring_changes;
drop table recurring_rides;
alter table colleges drop constraint colleges_time_zone_is_known;
