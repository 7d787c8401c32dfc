-- Phones that can be woken when nobody listens on a socket. A device belongs to a session, and goes
-- with it: whoever signed out, or was banned, is told nothing on that phone any more.

create table devices (
    device_id     bigint      generated always as identity primary key,
    college_id    bigint      not null,
    user_id       bigint      not null,
    -- One sign-in is one phone.
    session_id    bigint      not null unique references sessions on delete cascade,
    platform      text        not null check (platform in ('android', 'ios', 'web')),
    -- Names the phone to the service that reaches it. A phone on which somebody else signs in is
    -- theirs from then on.
    token         text        not null unique check (char_length(token) between 1 and 1024),
    registered_at timestamptz not null default now(),
    -- Up to this event it has been decided what to push; the next look goes on from here.
    looked_up_to  bigint      not null check (looked_up_to >= 0),
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade
);

-- Serves the list of a rider's devices.
create index devices_of_user on devices (user_id);

create trigger devices_of_present_riders
    before insert on devices
    for each row execute function refuse_for_former_riders();

create function forget_device_of_session() returns trigger language plpgsql as $$
begin
    delete from devices
     where session_id = new.session_id;
    return null;
end;
$$;

create trigger sessions_forget_device
    after update of ended_at on sessions
    for each row
    when (old.ended_at is null and new.ended_at is not null)
    execute function forget_device_of_session();

-- When a rider wants no noise, by the college's clocks. Who has said nothing has no row, and the
-- usual hours; where both are the same, there are none.
create table quiet_hours (
    college_id bigint not null,
    user_id    bigint primary key,
    begins_at  time   not null,
    ends_at    time   not null,
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade
);

create trigger quiet_hours_of_present_riders
    before insert or update on quiet_hours
    for each row execute function refuse_for_former_riders();

-- When the quiet hours end in which a moment lies; null where it lies in none.
create function quiet_until(moment timestamptz, zone text, begins_at time, ends_at time)
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
