-- Timers: what happens by the clock, once for all workers.

-- name: take_turn(name, period_seconds)$
-- True for the one worker whose turn it is; the turn is given back if its transaction fails. A turn that
-- lies ahead was taken before the clock was set back: nobody waits for that moment to come again.
insert into timer_turns as turn (name, taken_at)
values (:name, now())
    on conflict (name) do update
   set taken_at = now()
 where turn.taken_at <= now() - make_interval(secs => :period_seconds::float8)
    or turn.taken_at > now() + make_interval(secs => :period_seconds::float8)
returning true;
