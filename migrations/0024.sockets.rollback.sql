drop function empty_next_day_of_events();
alter table sessions drop column acknowledged_seq;
