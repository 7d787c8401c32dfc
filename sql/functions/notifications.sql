-- When a rider is told something, and when events are forgotten.

-- Whether news of this kind may be mailed to a rider: the address is proved to be theirs, they may
-- sign in, and they did not say no. Every query of such a mail asks.
create or replace function wants_mail(rider_id bigint, mail_kind text) returns boolean language sql stable parallel safe
return exists (
           select
             from users
            where user_id = rider_id
              and verified_at is not null
              and banned_at is null
       )
   and not exists (
           select
             from unwanted_mails
            where user_id = rider_id
              and kind = mail_kind
       );

-- When the quiet hours end in which a moment lies; null where it lies in none.
create or replace function quiet_until(moment timestamptz, zone text, begins_at time, ends_at time)
    returns timestamptz language sql stable parallel safe
return (
    select case
               when begins_at < ends_at and here::time >= begins_at and here::time < ends_at
                 or begins_at > ends_at and here::time < ends_at
               then (here::date + ends_at) at time zone zone
               when begins_at > ends_at and here::time >= begins_at
               then (here::date + 1 + ends_at) at time zone zone
           end
      from (values (moment at time zone zone)) as local (here)
);

-- Empties the slot of tomorrow, in which the events of eight days ago lie; nobody is given those
-- any more. A truncate costs the same for one row and a million, and waits for nobody: whoever
-- reads at this moment comes first, and the next turn empties it.
create or replace function empty_next_day_of_events() returns boolean language plpgsql as $$
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
