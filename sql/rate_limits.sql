-- Rate limits: counters in windows of time, shared by all workers.

-- name: count_hit(key, amount, window_seconds)$
-- Count a try; the number of tries in the window so far.
insert into rate_counters as counter (key, hits, expires_at)
values (:key, :amount::int, now() + make_interval(secs => :window_seconds::int))
    on conflict (key) do update
   set hits = case when counter.expires_at <= now() then excluded.hits
                   else counter.hits + excluded.hits end,
       expires_at = case when counter.expires_at <= now() then excluded.expires_at
                         else counter.expires_at end
returning hits;

-- name: find_hits(key)^
-- The tries in the window that runs, and when it ends.
select hits,
       expires_at
  from rate_counters
 where key = :key
   and expires_at > now();

-- name: clear_hits(key)!
-- Forget the tries of one key.
delete from rate_counters
 where key = :key;

-- name: clear_all_hits()!
-- Forget the tries of everybody.
-- scans: all of it is to go.
delete from rate_counters;

-- name: forget_windows(size)!
-- Take away windows that are over.
delete from rate_counters
 where ctid = any(array(
           select ctid
             from rate_counters
            where expires_at <= now()
            order by expires_at
            limit :size::int
              for update skip locked
       ));
