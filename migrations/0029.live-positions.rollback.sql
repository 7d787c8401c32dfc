drop trigger pools_forget_live_positions on pools;
drop function forget_live_positions();
drop function riders_along(bigint, bigint);
drop table live_positions;
