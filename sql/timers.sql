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

-- name: list_due_turns(names, period_seconds)
-- Those of these turns that may be taken, the longest due first. One that was never taken is entered,
-- so that there is something to hold; the others are not touched, for whoever takes one holds it.
with entered as (
    insert into timer_turns (name, taken_at)
    select given.name,
           '-infinity'
      from unnest(:names::text[]) as given (name)
      left join timer_turns as known using (name)
     where known.name is null
     order by given.name
        on conflict (name) do nothing
)
select given.name
  from unnest(:names::text[]) as given (name)
  left join timer_turns as turn using (name)
 where turn.name is null
    or turn.taken_at <= now() - make_interval(secs => :period_seconds::float8)
    or turn.taken_at > now() + make_interval(secs => :period_seconds::float8)
 order by turn.taken_at nulls first,
          given.name;

-- name: take_free_turn(name, period_seconds)$
-- True for the worker that has this turn, which has been entered. A turn that another one is taking is
-- left to it and not waited for; it is given back if its transaction fails, or its worker dies.
with free as (
    select name
      from timer_turns
     where name = :name
       and (
           taken_at <= now() - make_interval(secs => :period_seconds::float8)
           or taken_at > now() + make_interval(secs => :period_seconds::float8)
       )
       for update skip locked
)
update timer_turns as turn
   set taken_at = now()
  from free
 where turn.name = free.name
returning true;
