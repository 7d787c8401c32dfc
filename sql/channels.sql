-- Channels: what one process tells all others.

-- name: notify(channel, payload)$
-- Notify whoever listens on a channel now.
select pg_notify(:channel, :payload);
