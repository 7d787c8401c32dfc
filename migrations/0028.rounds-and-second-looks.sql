-- Rounds for thousands, and a second look around for those who may see each other again.

-- As road_meters, between two places given as points of a globe whose radius is 1: where many are
-- measured against many, each place's sines and cosines are needed once.
create function meters_in_space(
    one_x double precision, one_y double precision, one_z double precision,
    other_x double precision, other_y double precision, other_z double precision
) returns double precision
language sql immutable parallel safe
return 1.3 * 2 * 6371008.8 * asin(least(1, sqrt(
    (one_x - other_x) * (one_x - other_x)
    + (one_y - other_y) * (one_y - other_y)
    + (one_z - other_z) * (one_z - other_z)
) / 2));

-- Serves the pools that a round may seat somebody in (rounds.list_rides).
create index pools_open on pools (college_id, pool_id) where status = 'open';

-- As in 0010, by what changes instead of by a count of all members: a round seats a thousand in one
-- statement. What another transaction has just added is added to, never overwritten.
create or replace function count_pool_seats() returns trigger language plpgsql as $$
declare
    more constant integer := coalesce(case when new.left_at is null then new.seats end, 0)
                           - coalesce(case when old.left_at is null then old.seats end, 0);
begin
    if more <> 0 then
        update pools
           set seats_taken = seats_taken + more
         where pool_id = coalesce(new.pool_id, old.pool_id);
    end if;
    return null;
end;
$$;

-- Two that wait and whose riders may see each other again: a timer tells both if they fit, within
-- seconds (matching.take_second_looks). In the order of ids, as everybody locks requests.
create table second_looks (
    college_id    bigint not null,
    one_request   bigint not null,
    other_request bigint not null check (one_request < other_request),
    primary key (one_request, other_request),
    foreign key (college_id, one_request)
        references pooling_requests (college_id, request_id) on delete cascade,
    foreign key (college_id, other_request)
        references pooling_requests (college_id, request_id) on delete cascade
);

-- Here, because blocks know nothing of rides; and so that it also holds for what is done in psql.
create function look_again_after_block() returns trigger language plpgsql as $$
begin
    insert into second_looks (college_id, one_request, other_request)
    select old.college_id,
           least(one.request_id, other.request_id),
           greatest(one.request_id, other.request_id)
      from pooling_requests as one
      join pooling_requests as other on other.college_id = one.college_id
     where one.college_id = old.college_id
       and one.user_id = old.blocker_id
       and one.status = 'active'
       and other.user_id = old.blocked_id
       and other.status = 'active'
       and not are_blocked(old.blocker_id, old.blocked_id)
        on conflict do nothing;
    return null;
end;
$$;

create trigger blocks_look_again
    after delete on blocks
    for each row execute function look_again_after_block();
