drop trigger blocks_look_again on blocks;
drop function look_again_after_block();
drop table second_looks;
create or replace function count_pool_seats() returns trigger language plpgsql as $$
begin
    update pools
       set seats_taken = (select coalesce(sum(seats), 0)
                            from pool_members
                           where pool_id = pools.pool_id
                             and left_at is null)
     where pool_id in (old.pool_id, new.pool_id);
    return null;
end;
$$;
drop index pools_open;
drop function meters_in_space(
    double precision, double precision, double precision,
    double precision, double precision, double precision
);
