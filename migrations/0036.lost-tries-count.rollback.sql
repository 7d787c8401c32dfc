drop trigger lost_tries_count on pgqueuer;
drop function count_lost_try();
