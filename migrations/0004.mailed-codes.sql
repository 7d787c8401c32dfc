-- What a mail carries and only its reader can know: proof of an address, or a way back in.

create table mailed_codes (
    code_hash  bytea       primary key,
    college_id bigint      not null,
    user_id    bigint      not null,
    purpose    text        not null check (purpose in ('verify_email', 'reset_password')),
    issued_at  timestamptz not null default now(),
    expires_at timestamptz not null,
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    -- The latest mail counts: a second code replaces the first.
    unique (user_id, purpose)
);
