-- Announcements: what one process says to all others.

-- name: announce(channel, words)$
-- Say this on a channel, to whoever listens now.
select pg_notify(:channel, :words);
