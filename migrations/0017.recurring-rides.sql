-- Recurring rides: a weekly pattern that opens requests by itself.

-- The names that PostgreSQL and Python both know: no abbreviations, no offsets in words.
alter table colleges
    add constraint colleges_time_zone_is_known
    check (time_zone ~ '^(UTC|[A-Z]\w+(/[\w+-]+)+)$' and timestamptz 'epoch' at time zone time_zone is not null);

create table recurring_rides (
    recurring_id     bigint      generated always as identity primary key,
    college_id       bigint      not null,
    user_id          bigint      not null,
    weekdays         text[]      not null
                                 check (cardinality(weekdays) between 1 and 7
                                        and weekdays <@ array['monday', 'tuesday', 'wednesday', 'thursday',
                                                              'friday', 'saturday', 'sunday']),
    -- By the clocks of the college; what that means when they are changed, tripsync/pooling/calendar.py says.
    departs_at       time        not null,
    window_minutes   smallint    not null check (window_minutes between 5 and 720),
    ends_on          date,
    -- Dates that are left out.
    exception_dates  date[]      not null default '{}' check (cardinality(exception_dates) <= 1000),
    paused_at        timestamptz,
    -- When a timer has to look at it next; null when there is nothing left to open.
    next_opens_at    timestamptz,
    -- What each request is opened with: the same columns as pooling_requests.
    start            point       not null,
    destination      point       not null,
    start_name       text        not null default '' check (char_length(start_name) <= 200),
    destination_name text        not null default '' check (char_length(destination_name) <= 200),
    seats            smallint    not null check (seats between 1 and 3),
    detour_percent   smallint    not null check (detour_percent between 0 and 100),
    role             text        not null check (role in ('rider', 'driver')),
    seats_offered    smallint    check (seats_offered between 1 and 7),
    same_gender      boolean     not null,
    quiet            boolean     not null,
    no_smoking       boolean     not null,
    luggage          boolean     not null,
    auto_match       boolean     not null,
    note             text        not null default '' check (char_length(note) <= 500),
    created_at       timestamptz not null default now(),
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    unique (college_id, recurring_id),
    check ((role = 'driver') = (seats_offered is not null)),
    check (paused_at is null or next_opens_at is null)
);

-- Serves the timer: which are due.
create index recurring_rides_due on recurring_rides (next_opens_at) where next_opens_at is not null;

-- Serves the rider's list.
create index recurring_rides_of_user on recurring_rides (user_id, recurring_id);

-- Single dates at another time than the pattern says.
create table recurring_changes (
    college_id     bigint   not null,
    recurring_id   bigint   not null,
    occurs_on      date     not null,
    departs_at     time     not null,
    window_minutes smallint not null check (window_minutes between 5 and 720),
    primary key (recurring_id, occurs_on),
    foreign key (college_id, recurring_id) references recurring_rides (college_id, recurring_id)
        on delete cascade
);

-- What became of each date whose time had come.
create table recurring_openings (
    college_id      bigint      not null,
    recurring_id    bigint      not null,
    occurs_on       date        not null,
    request_id      bigint,
    -- Why there is no request: the rider was on the road already, or banned, or nobody ran the timer.
    skipped_because text        check (skipped_because in ('busy', 'banned', 'late')),
    decided_at      timestamptz not null default now(),
    -- Prevents a date from being opened twice.
    primary key (recurring_id, occurs_on),
    foreign key (college_id, recurring_id) references recurring_rides (college_id, recurring_id)
        on delete cascade,
    foreign key (college_id, request_id) references pooling_requests (college_id, request_id)
        on delete cascade,
    check ((request_id is null) = (skipped_because is not null))
);

-- Serves the end of a request's row: it takes its opening along.
create index recurring_openings_of_request on recurring_openings (request_id) where request_id is not null;
