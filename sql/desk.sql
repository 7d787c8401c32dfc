-- Desk: what those need who put edited queries live.

-- name: begin_reload()$
-- Take the one turn there is; false while somebody else reloads. It ends with the connection.
select pg_try_advisory_lock(hashtext('tripsync reload'));
