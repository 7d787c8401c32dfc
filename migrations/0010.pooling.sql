-- Rides: a request looks for company, a connection asks for it, a pool is the company found.
-- Points are (longitude, latitude), as x and y.

create table pooling_requests (
    request_id       bigint           generated always as identity primary key,
    college_id       bigint           not null,
    user_id          bigint           not null,
    -- active -> matched -> completed | cancelled; matched -> active when the partners leave.
    status           text             not null default 'active'
                                      check (status in ('active', 'matched', 'completed', 'cancelled')),
    cancel_reason    text             check (cancel_reason in ('rider', 'expired', 'partner_left', 'moderator')),
    start            point            not null,
    destination      point            not null,
    start_name       text             not null default '' check (char_length(start_name) <= 200),
    destination_name text             not null default '' check (char_length(destination_name) <= 200),
    departure        tstzrange        not null check (not isempty(departure)),
    seats            smallint         not null default 1 check (seats between 1 and 3),
    detour_percent   smallint         not null default 25 check (detour_percent between 0 and 100),
    role             text             not null default 'rider' check (role in ('rider', 'driver')),
    seats_offered    smallint         check (seats_offered between 1 and 7),
    same_gender      boolean          not null default false,
    quiet            boolean          not null default false,
    no_smoking       boolean          not null default false,
    luggage          boolean          not null default false,
    auto_match       boolean          not null default false,
    note             text             not null default '' check (char_length(note) <= 500),
    -- The ride alone, in metres of road.
    solo_meters      double precision not null check (solo_meters >= 0),
    -- Where a partner's stop may lie: the bounding box of the ellipse around both ends whose
    -- string is the ride alone, lengthened by the detour cap.
    reach            box              not null,
    created_at       timestamptz      not null default now(),
    closed_at        timestamptz,
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    unique (college_id, request_id),
    check ((role = 'driver') = (seats_offered is not null)),
    check ((status = 'cancelled') = (cancel_reason is not null))
);

-- Prevents a rider from having two open requests.
create unique index pooling_requests_open on pooling_requests (user_id)
    where status in ('active', 'matched');

create table pools (
    pool_id        bigint        generated always as identity primary key,
    college_id     bigint        not null references colleges,
    -- open -> started -> completed; open | started -> cancelled when fewer than two remain.
    status         text          not null default 'open'
                                 check (status in ('open', 'started', 'completed', 'cancelled')),
    capacity       smallint      not null check (capacity between 2 and 8),
    -- Kept by the trigger below, so that no race can seat one too many.
    seats_taken    smallint      not null default 0 check (seats_taken between 0 and capacity),
    estimated_fare numeric(10, 2) check (estimated_fare >= 0),
    meeting_note   text          not null default '' check (char_length(meeting_note) <= 500),
    created_at     timestamptz   not null default now(),
    started_at     timestamptz,
    closed_at      timestamptz,
    unique (college_id, pool_id)
);

create table pool_members (
    college_id      bigint           not null,
    pool_id         bigint           not null,
    request_id      bigint           not null,
    user_id         bigint           not null,
    seats           smallint         not null,
    -- The rider's way in the shared route, in metres; the solo way is the request's.
    shared_meters   double precision not null check (shared_meters >= 0),
    -- The part of the fare, in percent; nobody pays more than alone.
    fare_percent    numeric(6, 3)    not null check (fare_percent between 0 and 100),
    joined_at       timestamptz      not null default now(),
    left_at         timestamptz,
    primary key (pool_id, request_id),
    foreign key (college_id, pool_id) references pools (college_id, pool_id) on delete cascade,
    foreign key (college_id, request_id) references pooling_requests (college_id, request_id),
    foreign key (college_id, user_id) references users (college_id, user_id)
);

-- Prevents a request from riding in two pools.
create unique index pool_members_riding on pool_members (request_id) where left_at is null;

-- Serves "my pool", and whether two ride together.
create index pool_members_of_user on pool_members (user_id, pool_id) where left_at is null;

create table pool_stops (
    college_id   bigint           not null,
    pool_id      bigint           not null,
    position     smallint         not null,
    request_id   bigint           not null,
    kind         text             not null check (kind in ('pickup', 'drop')),
    -- Of road, from the first stop of the route.
    meters       double precision not null check (meters >= 0),
    primary key (pool_id, position),
    unique (pool_id, request_id, kind),
    foreign key (college_id, pool_id) references pools (college_id, pool_id) on delete cascade,
    foreign key (college_id, request_id) references pooling_requests (college_id, request_id)
);

create function count_pool_seats() returns trigger language plpgsql as $$
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

create trigger pool_members_count_seats
    after insert or delete or update of seats, left_at on pool_members
    for each row execute function count_pool_seats();

create table connections (
    connection_id bigint      generated always as identity primary key,
    college_id    bigint      not null,
    from_request  bigint      not null,
    to_request    bigint      not null,
    from_user     bigint      not null,
    to_user       bigint      not null,
    -- pending -> approved | rejected | withdrawn; withdrawn also when it can no longer come true.
    status        text        not null default 'pending'
                              check (status in ('pending', 'approved', 'rejected', 'withdrawn')),
    created_at    timestamptz not null default now(),
    answered_at   timestamptz,
    foreign key (college_id, from_request) references pooling_requests (college_id, request_id),
    foreign key (college_id, to_request) references pooling_requests (college_id, request_id),
    foreign key (college_id, from_user) references users (college_id, user_id),
    foreign key (college_id, to_user) references users (college_id, user_id),
    check (from_request <> to_request and from_user <> to_user),
    check ((status = 'pending') = (answered_at is null))
);

-- Prevents two live connections between the same two requests, whoever asked.
create unique index connections_live on connections
    (least(from_request, to_request), greatest(from_request, to_request))
    where status in ('pending', 'approved');

-- Serve what waits for an answer, on either side.
create index connections_pending_from on connections (from_request) where status = 'pending';
create index connections_pending_to on connections (to_request) where status = 'pending';

-- Whether two riders share a ride that is not over: what opens contact details to each other.
create function are_partners(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (
    select
      from pool_members mine
      join pool_members theirs on theirs.pool_id = mine.pool_id
      join pools on pools.pool_id = mine.pool_id
     where mine.user_id = one
       and theirs.user_id = other
       and mine.left_at is null
       and theirs.left_at is null
       and pools.status in ('open', 'started')
);
