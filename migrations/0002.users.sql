create table users (
    user_id       bigint      generated always as identity primary key,
    college_id    bigint      not null references colleges,
    -- One account for A@x.edu and a@x.edu: there is only one way to write an address here.
    email         text        not null unique check (email = lower(email) and char_length(email) <= 254),
    full_name     text        not null check (char_length(full_name) between 1 and 200),
    password_hash text        not null,
    role          text        not null default 'student' check (role in ('student', 'moderator', 'admin')),
    verified_at   timestamptz,
    banned_at     timestamptz,
    created_at    timestamptz not null default now(),
    -- What every table of a college refers to, so that no row can point across two colleges.
    unique (college_id, user_id)
);
