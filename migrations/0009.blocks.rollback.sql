drop function are_blocked(bigint, bigint);
drop table blocks;
