-- A college is a tenant: whoever belongs to one never meets anybody of another.

create table colleges (
    college_id    bigint      generated always as identity primary key,
    name          text        not null check (char_length(name) between 2 and 200),
    -- Lower case. Empty: the college takes any address; else only these domains and those below.
    email_domains text[]      not null default '{}',
    -- (longitude, latitude), as x and y.
    place         point       not null,
    time_zone     text        not null,
    created_at    timestamptz not null default now()
);

-- Serves the sign-up, which names its college in any case; prevents two that differ in case only.
create unique index colleges_by_name on colleges (lower(name));
