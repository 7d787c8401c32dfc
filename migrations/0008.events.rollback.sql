drop table events;
drop trigger users_begin_events on users;
drop function begin_events_of_user();
drop table event_heads;
