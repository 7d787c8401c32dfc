-- Safety on the road: links by which somebody outside follows a ride, and alarms.

create table ride_shares (
    share_id     bigint      generated always as identity primary key,
    college_id   bigint      not null,
    user_id      bigint      not null,
    pool_id      bigint      not null,
    -- Of the secret in the link, which is given out once and kept nowhere.
    token_hash   bytea       not null unique,
    vehicle_note text        not null default '' check (char_length(vehicle_note) <= 200),
    -- Where the rider was seen last; nothing is kept of where they were before.
    position     point,
    position_at  timestamptz,
    created_at   timestamptz not null default now(),
    expires_at   timestamptz not null,
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    foreign key (college_id, pool_id) references pools (college_id, pool_id) on delete cascade,
    check ((position is null) = (position_at is null))
);

-- Serves the rider's list, and the position that goes to all of a rider's links.
create index ride_shares_of_user on ride_shares (user_id, share_id);

-- Serves the end of a pool's row: it takes its links along.
create index ride_shares_of_pool on ride_shares (pool_id);

-- The links that open something: until they expire, while their rider is in the ride, and until
-- two hours after it has ended. Every query of links asks here.
create view open_ride_shares as
select share.share_id,
       share.college_id,
       share.user_id,
       share.pool_id,
       share.token_hash,
       share.vehicle_note,
       share.position,
       share.position_at,
       share.created_at,
       share.expires_at,
       pools.status
  from ride_shares share
  join pools on pools.college_id = share.college_id and pools.pool_id = share.pool_id
 where share.expires_at > now()
   and (
       pools.status in ('open', 'started')
       or pools.status = 'completed' and pools.closed_at > now() - interval '2 hours'
   )
   and exists (
       select
         from pool_members member
        where member.pool_id = share.pool_id
          and member.user_id = share.user_id
          and member.left_at is null
   );

-- All that strangers with a link learn of a name.
create function first_name(full_name text) returns text language sql immutable parallel safe
return coalesce((regexp_match(full_name, '\S+'))[1], '');

create table alarms (
    alarm_id    bigint      generated always as identity primary key,
    college_id  bigint      not null,
    user_id     bigint      not null,
    -- The ride that the rider was in, if any.
    pool_id     bigint,
    position    point,
    note        text        not null default '' check (char_length(note) <= 500),
    raised_at   timestamptz not null default now(),
    -- Later than raised_at when it was raised again within the minute.
    repeated_at timestamptz not null default now(),
    -- open -> resolved, once.
    resolved_at timestamptz,
    resolved_by bigint,
    resolution  text        not null default '' check (char_length(resolution) <= 1000),
    foreign key (college_id, user_id) references users (college_id, user_id),
    foreign key (college_id, pool_id) references pools (college_id, pool_id),
    foreign key (college_id, resolved_by) references users (college_id, user_id),
    -- Serves the moderators' list, latest first.
    unique (college_id, alarm_id),
    check ((resolved_at is null) = (resolved_by is null))
);

-- Serves "was one raised within the minute", and how many within the hour.
create index alarms_of_user on alarms (user_id, raised_at);
