-- Who rides with whom, and who may follow a ride.

-- Whether those of a ride still have to do with each other: until 48 hours after its end, for
-- somebody forgot an umbrella.
create or replace function company_lasts(status text, closed_at timestamptz) returns boolean
language sql stable parallel safe
return status in ('open', 'started') or closed_at > now() - interval '48 hours';

-- Whether somebody is in a ride, or was to its end: a ride that is dissolved lets everybody out
-- at the moment it closes.
create or replace function rides_along(ride_id bigint, rider_id bigint) returns boolean
language sql stable parallel safe
return exists (
    select
      from pool_members member
      join pools on pools.pool_id = member.pool_id
     where member.pool_id = ride_id
       and member.user_id = rider_id
       and (member.left_at is null or member.left_at = pools.closed_at)
);

-- Who is to see where a rider is. Blocks do not count: those who sit in one car see that they do.
create or replace function riders_along(ride bigint, rider bigint) returns bigint[] language sql stable parallel safe
return array(
    select fellow.user_id
      from pool_members fellow
     where fellow.pool_id = ride
       and fellow.user_id <> rider
       and fellow.left_at is null
     order by fellow.user_id
);

-- The names of those who share the ride of a request.
create or replace function fellows_of(ride_request_id bigint) returns text[] language sql stable parallel safe
return (
    select coalesce(array_agg(fellow.full_name order by other.request_id), '{}')
      from pool_members own
      join pool_members other on other.pool_id = own.pool_id
                             and other.request_id <> own.request_id
                             and other.left_at is null
      join users fellow on fellow.college_id = other.college_id and fellow.user_id = other.user_id
     where own.request_id = ride_request_id
       and own.left_at is null
);

-- The links that open something: until they expire, while their rider is in the ride, and until
-- two hours after it has ended. Every query of links asks here.
create or replace view open_ride_shares with (security_invoker = true) as
select share.share_id,
       share.college_id,
       share.user_id,
       share.pool_id,
       share.token_hash,
       share.vehicle_note,
       share.position,
       share.position_at,
       share.created_at,
       share.expires_at,
       pools.status
  from ride_shares share
  join pools on pools.college_id = share.college_id and pools.pool_id = share.pool_id
 where share.expires_at > now()
   and (
       pools.status in ('open', 'started')
       or pools.status = 'completed' and pools.closed_at > now() - interval '2 hours'
   )
   and exists (
       select
         from pool_members member
        where member.pool_id = share.pool_id
          and member.user_id = share.user_id
          and member.left_at is null
   );

grant select on open_ride_shares to tripsync_app;
-- It names the secret of the link; ride_shares has the rest for the reader.
revoke select on open_ride_shares from tripsync_reader;

-- What whoever can help needs to know of an alarm.
create or replace function told_of_alarm(alarm alarms) returns jsonb language sql stable parallel safe
return (
    select jsonb_build_object(
               'id',           alarm.alarm_id,
               'full_name',    rider.full_name,
               'phone_number', profile.phone_number,
               'latitude',     alarm.position[1],
               'longitude',    alarm.position[0],
               'note',         alarm.note,
               'told_at',      to_char(
                                   alarm.repeated_at at time zone college.time_zone,
                                   'HH24:MI on FMDD FMMonth YYYY'
                               )
           )
      from users rider
      join colleges college on college.college_id = rider.college_id
      left join profiles profile on profile.college_id = rider.college_id and profile.user_id = rider.user_id
     where rider.college_id = alarm.college_id
       and rider.user_id = alarm.user_id
);
