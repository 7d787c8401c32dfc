drop table moderation_acts;
drop function refuse_change_of_acts();
