-- The answers to requests that carried an Idempotency-Key, kept for a day.

create table idempotency_keys (
    -- Who used the key, for which call: two riders may choose the same one.
    scope       text        not null check (char_length(scope) <= 300),
    key         text        not null check (char_length(key) <= 255),
    -- Of the body, keyed with the server's secret: a body may hold a password.
    fingerprint bytea       not null,
    status      smallint,
    answer      bytea,
    created_at  timestamptz not null default now(),
    primary key (scope, key)
);

-- Serves the removal of what is older than a day.
create index idempotency_keys_by_age on idempotency_keys (created_at);
