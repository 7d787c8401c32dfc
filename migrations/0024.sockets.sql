-- How far a device has come in its rider's events: it says so, and may go on from there.
alter table sessions
    add column acknowledged_seq bigint not null default 0 check (acknowledged_seq >= 0);

-- Empties the slot of tomorrow, in which the events of eight days ago lie; nobody is given those
-- any more. A truncate costs the same for one row and a million, and waits for nobody: whoever
-- reads at this moment comes first, and the next turn empties it.
create function empty_next_day_of_events() returns boolean language plpgsql as $$
declare
    slot text := format('events_%s', (floor(extract(epoch from now()) / 86400)::bigint + 1) % 9);
    holds_events boolean;
begin
    execute format('select exists (select from %I)', slot) into holds_events;
    if not holds_events then
        return false;
    end if;
    perform set_config('lock_timeout', '1s', true);
    execute format('truncate %I', slot);
    return true;
end;
$$;
