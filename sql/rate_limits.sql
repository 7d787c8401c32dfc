-- Rate limits: counters in windows of time, shared by all workers.

-- name: count_hit(key, window_seconds)^
-- Count a try; the tries in the window so far, and how long it lasts still.
insert into rate_counters as counter (key, hits, expires_at)
values (:key, 1, now() + make_interval(secs => :window_seconds::int))
    on conflict (key) do update
   set hits = case when counter.expires_at <= now() then excluded.hits
                   else counter.hits + excluded.hits end,
       expires_at = case when counter.expires_at <= now() then excluded.expires_at
                         else counter.expires_at end
returning hits,
          ceil(extract(epoch from expires_at - now()))::int as seconds_left;

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
