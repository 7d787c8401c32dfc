-- A try that ended with its worker is a try as well. pgqueuer counts those that failed; what a dead
-- worker left it lends out again as if nothing had been, so that a job which kills whoever does it
-- would go round for ever. `attempts` is what decides that a job is dead (tripsync/jobs/worker.py).
create function count_lost_try() returns trigger
language plpgsql
as $$
begin
    new.attempts := old.attempts + 1;
    return new;
end
$$;

create trigger lost_tries_count
before update on pgqueuer
for each row
when (
    old.status = 'picked'
    and new.status = 'picked'
    and old.queue_manager_id is distinct from new.queue_manager_id
)
execute function count_lost_try();
