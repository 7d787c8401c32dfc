-- A block hides two riders from each other everywhere, in both directions, silently.

create table blocks (
    college_id bigint      not null,
    blocker_id bigint      not null,
    blocked_id bigint      not null,
    created_at timestamptz not null default now(),
    primary key (blocker_id, blocked_id),
    foreign key (college_id, blocker_id) references users (college_id, user_id) on delete cascade,
    foreign key (college_id, blocked_id) references users (college_id, user_id) on delete cascade,
    check (blocker_id <> blocked_id)
);

-- Serves the question the other way round: who blocked me.
create index blocks_of_blocked on blocks (blocked_id, blocker_id);

-- What every query that shows one rider to another asks.
create function are_blocked(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (select from blocks where blocker_id = one and blocked_id = other)
    or exists (select from blocks where blocker_id = other and blocked_id = one);
