-- Push: phones that are woken by what their rider has not acknowledged on a socket.
--
-- Nobody who appends an event pays for it: each device has a cursor on its rider's events
-- (`looked_up_to`), and a timer moves it on and asks for a job for whatever is to be pushed, in one
-- transaction. So nothing is pushed twice, and nothing is left out.

-- name: release_token(session_id, token)!
-- A phone on which somebody else was signed in, at whichever of all colleges, is not theirs any more.
delete from devices
 where token = :token
   and session_id <> :session_id;

-- name: register_device(college_id, user_id, session_id, platform, token)^
-- The phone of this session, from the rider's next event on; none if the session has ended. An end that
-- is under way is waited for: its trigger would not see this device to forget it.
with present as (
    select session_id
      from sessions
     where college_id = :college_id
       and user_id = :user_id
       and session_id = :session_id
       and ended_at is null
       for share
)
insert into devices as device (college_id, user_id, session_id, platform, token, looked_up_to)
select heads.college_id,
       heads.user_id,
       present.session_id,
       :platform,
       :token,
       heads.last_seq
  from present
  join event_heads heads on heads.college_id = :college_id and heads.user_id = :user_id
    on conflict (session_id) do update
   set platform = excluded.platform,
       token = excluded.token,
       registered_at = now()
returning device_id as id,
          platform,
          registered_at,
          true as current;

-- name: forget_surplus_devices(college_id, user_id, most)!
-- Only so many of a rider, those that registered last.
delete from devices
 where device_id in (
           select device_id
             from devices
            where college_id = :college_id
              and user_id = :user_id
            order by registered_at desc,
                     device_id desc
           offset :most::int
       );

-- name: list_devices(college_id, user_id, session_id)
-- A rider's phones, the one that registered last first.
select device_id as id,
       platform,
       registered_at,
       session_id = :session_id::bigint as current
  from devices
 where college_id = :college_id
   and user_id = :user_id
 order by registered_at desc,
          device_id desc;

-- name: forget_own_device(college_id, user_id, device_id)$
-- Push nothing to this phone any more; no row if it is not the rider's.
delete from devices
 where college_id = :college_id
   and user_id = :user_id
   and device_id = :device_id
returning device_id;

-- name: find_quiet_hours(college_id, user_id, usual_begin, usual_end)^
-- When a rider wants no noise.
select coalesce(hours.begins_at, :usual_begin::time) as begins_at,
       coalesce(hours.ends_at, :usual_end::time) as ends_at
  from users
  left join quiet_hours hours on hours.college_id = users.college_id and hours.user_id = users.user_id
 where users.college_id = :college_id
   and users.user_id = :user_id;

-- name: set_quiet_hours(college_id, user_id, begins_at, ends_at)!
-- When a rider wants no noise from now on.
insert into quiet_hours (college_id, user_id, begins_at, ends_at)
values (:college_id, :user_id, :begins_at, :ends_at)
    on conflict (user_id) do update
   set begins_at = excluded.begins_at,
       ends_at = excluded.ends_at;

-- name: ask_for_pushes(kind, at_once, by_day, usual_begin, usual_end, settled_seconds, hours, devices)!
-- Look at what came for riders with phones, of all colleges, and ask for a push of everything that is to
-- be pushed and that no device has acknowledged. What came within the last seconds is left to the next
-- look, for a socket may still acknowledge it; what is many hours old wakes nobody. What can wait until
-- the quiet hours are over does.
with behind as (
    select device.device_id,
           device.college_id,
           device.user_id,
           device.looked_up_to,
           heads.last_seq
      from devices device
      join event_heads heads on heads.college_id = device.college_id
                            and heads.user_id = device.user_id
                            and heads.last_seq > device.looked_up_to
     order by device.device_id
     limit :devices::int
       for update of device skip locked
),
reached as (
    select behind.device_id,
           behind.college_id,
           behind.user_id,
           behind.looked_up_to,
           coalesce(
               (
                   select min(fresh.seq) - 1
                     from events fresh
                    where fresh.college_id = behind.college_id
                      and fresh.user_id = behind.user_id
                      and fresh.seq > behind.looked_up_to
                      and fresh.created_at > now() - make_interval(secs => :settled_seconds::float8)
               ),
               behind.last_seq
           ) as seq
      from behind
),
moved as (
    update devices
       set looked_up_to = reached.seq
      from reached
     where devices.device_id = reached.device_id
       and devices.looked_up_to < reached.seq
),
news as (
    select reached.device_id,
           events.seq,
           events.type = any(:at_once::text[]) as urgent,
           quiet_until(
               now(),
               colleges.time_zone,
               coalesce(hours.begins_at, :usual_begin::time),
               coalesce(hours.ends_at, :usual_end::time)
           ) as quiet_until
      from reached
      join events on events.college_id = reached.college_id
                 and events.user_id = reached.user_id
                 and events.seq > reached.looked_up_to
                 and events.seq <= reached.seq
      join colleges on colleges.college_id = reached.college_id
      left join quiet_hours hours on hours.college_id = reached.college_id
                                 and hours.user_id = reached.user_id
     where events.type = any(:at_once::text[] || :by_day::text[])
       and events.created_at > now() - make_interval(hours => :hours::int)
       -- What one wrote oneself comes to one's other devices too.
       and events.payload ->> 'sender_id' is distinct from events.user_id::text
       and events.seq > (
               select coalesce(max(sessions.acknowledged_seq), 0)
                 from sessions
                where sessions.user_id = reached.user_id
                  and sessions.ended_at is null
           )
)
insert into pgqueuer (entrypoint, payload, priority, status, execute_after)
select :kind,
       convert_to(
           json_build_object(
               'device_id',    device_id,
               'seq',          seq,
               'waited_until', case when not urgent then quiet_until end
           )::text,
           'UTF8'
       ),
       case when urgent then 1 else 0 end,
       'queued',
       case when urgent then now() else coalesce(quiet_until, now()) end
  from news
 order by seq;

-- name: find_push(device_id, seq, waited_until, hours)^
-- What to tell a phone, if it is still to be told: the device is there, nobody has acknowledged the
-- event, it is not too old, and, where it waited for the quiet hours to end, it is the last of its type.
select device.platform,
       device.token,
       events.payload || jsonb_build_object('type', events.type, 'seq', events.seq) as event
  from devices device
  join events on events.college_id = device.college_id
             and events.user_id = device.user_id
             and events.seq = :seq
             and events.created_at > now() - make_interval(hours => :hours::int)
 where device.device_id = :device_id
   and events.seq > (
           select coalesce(max(sessions.acknowledged_seq), 0)
             from sessions
            where sessions.user_id = device.user_id
              and sessions.ended_at is null
       )
   and not exists (
           select
             from events later
            where later.college_id = device.college_id
              and later.user_id = device.user_id
              and later.seq > :seq
              and later.type = events.type
              and later.created_at <= :waited_until::timestamptz
       );

-- name: forget_device(device_id, token)!
-- The phone is not there any more, says the service that reaches those of all colleges; unless it has
-- another token by now.
delete from devices
 where device_id = :device_id
   and token = :token;

-- name: export_devices(college_id, user_id)
-- The phones that are woken.
select device_id as id,
       session_id,
       platform,
       token,
       registered_at
  from devices
 where college_id = :college_id
   and user_id = :user_id
 order by device_id;

-- name: remove_devices(college_id, user_id)!
-- The phones that were woken.
delete from devices
 where college_id = :college_id
   and user_id = :user_id;

-- name: export_quiet_hours(college_id, user_id)
-- When the rider wants no noise.
select begins_at,
       ends_at
  from quiet_hours
 where college_id = :college_id
   and user_id = :user_id;

-- name: remove_quiet_hours(college_id, user_id)!
-- When the rider wanted no noise.
delete from quiet_hours
 where college_id = :college_id
   and user_id = :user_id;
