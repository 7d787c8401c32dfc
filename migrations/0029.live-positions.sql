-- Where riders are while they ride together: the last place of each, and only as long as the ride
-- is under way. Unlogged: what is said again in a second needs no journal, and no copy of it is to
-- lie in one. After a crash the table is empty, and fills by itself.

create unlogged table live_positions (
    college_id bigint      not null,
    -- One place a rider: each takes the place of the one before.
    user_id    bigint      primary key,
    pool_id    bigint      not null,
    position   point       not null,
    -- In degrees from north, clockwise; null where the phone does not know.
    heading    real        check (heading >= 0 and heading < 360),
    seen_at    timestamptz not null default now(),
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    foreign key (college_id, pool_id) references pools (college_id, pool_id) on delete cascade
) with (fillfactor = 50);

-- Serves the end of a ride.
create index live_positions_of_pool on live_positions (pool_id);

-- Who is to see where a rider is. Blocks do not count: those who sit in one car see that they do.
create function riders_along(ride bigint, rider bigint) returns bigint[] language sql stable parallel safe
return array(
    select fellow.user_id
      from pool_members fellow
     where fellow.pool_id = ride
       and fellow.user_id <> rider
       and fellow.left_at is null
     order by fellow.user_id
);

create function forget_live_positions() returns trigger language plpgsql as $$
begin
    delete from live_positions
     where college_id = new.college_id
       and pool_id = new.pool_id;
    return null;
end;
$$;

create trigger pools_forget_live_positions
    after update of status on pools
    for each row
    when (old.status = 'started' and new.status <> 'started')
    execute function forget_live_positions();
