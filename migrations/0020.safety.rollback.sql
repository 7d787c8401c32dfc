drop table alarms;
drop view open_ride_shares;
drop table ride_shares;
drop function first_name(text);
