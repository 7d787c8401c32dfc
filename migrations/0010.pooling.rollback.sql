drop function are_partners(bigint, bigint);
drop table connections;
drop table pool_stops;
drop table pool_members;
drop function count_pool_seats();
drop table pools;
drop table pooling_requests;
