-- What a rider's phone must learn. Each rider's events are numbered 1, 2, 3 ... without a gap,
-- so that a phone which has seen N needs everything after N and knows when something is missing.

create table event_heads (
    college_id bigint not null,
    user_id    bigint primary key,
    -- The row is locked by whoever appends, until the end of the transaction: numbers are given
    -- in the order in which they become visible. A sequence would commit out of order.
    last_seq   bigint not null default 0,
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade
);

insert into event_heads (college_id, user_id)
select college_id, user_id from users;

create function begin_events_of_user() returns trigger language plpgsql as $$
begin
    insert into event_heads (college_id, user_id) values (new.college_id, new.user_id);
    return null;
end;
$$;

create trigger users_begin_events
    after insert on users
    for each row execute function begin_events_of_user();

-- Nine days in a circle: seven that are kept, the one being written, and the one that is
-- emptied next. Emptying a day is a truncate, which costs the same for one row and a million.
create table events (
    college_id bigint      not null,
    user_id    bigint      not null,
    seq        bigint      not null,
    type       text        not null check (char_length(type) <= 60),
    payload    jsonb       not null,
    created_at timestamptz not null default now(),
    day_slot   smallint    not null default (floor(extract(epoch from now()) / 86400)::bigint % 9)::smallint,
    primary key (user_id, seq, day_slot)
) partition by list (day_slot);

create table events_0 partition of events for values in (0);
create table events_1 partition of events for values in (1);
create table events_2 partition of events for values in (2);
create table events_3 partition of events for values in (3);
create table events_4 partition of events for values in (4);
create table events_5 partition of events for values in (5);
create table events_6 partition of events for values in (6);
create table events_7 partition of events for values in (7);
create table events_8 partition of events for values in (8);
