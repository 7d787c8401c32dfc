-- How often something was tried in a window of time, counted over all workers and hosts.
-- Unlogged: after a crash everybody may simply try again.

create unlogged table rate_counters (
    key        text        primary key check (char_length(key) <= 300),
    hits       integer     not null,
    expires_at timestamptz not null
);

-- Serves the removal of windows that are over.
create index rate_counters_by_expiry on rate_counters (expires_at);
