-- Safety: links by which somebody outside follows a ride, and alarms.
-- Points are (longitude, latitude). Which links still open is said by the view open_ride_shares;
-- whoever is not in the view `moderators` of the college gets no row from a query that names a
-- moderator_id.

-- name: hold_rider(college_id, user_id)$
-- The rider's row, held: two links, or two alarms, of one rider come one after the other.
select user_id
  from users
 where college_id = :college_id
   and user_id = :user_id
   and deleted_at is null
   for no key update;

-- name: find_ride(college_id, user_id)^
-- The ride that the rider is in now, the one that started last, else the one that leaves first; and
-- how many links to rides the rider has given out.
select member.pool_id,
       (
           select count(*)
             from open_ride_shares share
            where share.college_id = :college_id
              and share.user_id = :user_id
       ) as shares
  from pool_members member
  join pooling_requests request on request.request_id = member.request_id
  join pools on pools.pool_id = member.pool_id
 where member.college_id = :college_id
   and member.user_id = :user_id
   and member.left_at is null
   and pools.status in ('open', 'started')
 order by pools.started_at desc nulls last,
          lower(request.departure)
 limit 1;

-- name: create_share(college_id, user_id, pool_id, token_hash, vehicle_note, minutes)^
-- A link to a ride.
insert into ride_shares (college_id, user_id, pool_id, token_hash, vehicle_note, expires_at)
values (
    :college_id, :user_id, :pool_id, :token_hash, :vehicle_note,
    now() + make_interval(mins => :minutes::int)
)
returning share_id as id,
          pool_id,
          vehicle_note,
          created_at,
          expires_at;

-- name: list_shares(college_id, user_id, before, skip, size)
-- The rider's links that still open, the latest first; `before` is the last id of the page before,
-- or null.
select share_id as id,
       pool_id,
       vehicle_note,
       created_at,
       expires_at
  from open_ride_shares
 where college_id = :college_id
   and user_id = :user_id
   and (:before::bigint is null or share_id < :before)
 order by share_id desc
offset :skip::int
 limit :size::int;

-- name: revoke_share(college_id, user_id, share_id)!
-- End a link of one's own; the position kept for it goes along.
delete from ride_shares
 where college_id = :college_id
   and user_id = :user_id
   and share_id = :share_id;

-- name: forget_shares()!
-- Take away the links of all colleges that open nothing any more, and the positions kept for them.
-- scans: what opens nothing is taken away here, so that there are no more than the links of today.
delete from ride_shares share
 where not exists (
     select
       from open_ride_shares open
      where open.share_id = share.share_id
 );

-- name: set_position(college_id, user_id, longitude, latitude)!
-- Where the rider is now, for every link to a ride that is not over; the place before is forgotten.
with held as (
    select share.share_id
      from ride_shares share
     where share.share_id in (
               select open.share_id
                 from open_ride_shares open
                where open.college_id = :college_id
                  and open.user_id = :user_id
                  and open.status in ('open', 'started')
           )
     order by share.share_id
       for no key update
)
update ride_shares share
   set position = point(:longitude::float8, :latitude::float8),
       position_at = now()
  from held
 where share.share_id = held.share_id;

-- name: find_shared(token_hash)^
-- A ride as somebody outside sees it: first names, the route, and where the rider was last. No id,
-- no address, no number.
select share.status,
       first_name(users.full_name) as rider,
       (
           select coalesce(jsonb_agg(first_name(fellow.full_name) order by member.joined_at), '[]')
             from pool_members member
             join users fellow on fellow.college_id = member.college_id and fellow.user_id = member.user_id
            where member.pool_id = share.pool_id
              and member.user_id <> share.user_id
              and member.left_at is null
       ) as fellow_riders,
       share.vehicle_note,
       (
           select coalesce(
                      jsonb_agg(
                          jsonb_build_object(
                              'kind', stop.kind,
                              'name', case when stop.kind = 'pickup' then request.start_name
                                           else request.destination_name end,
                              'latitude', case when stop.kind = 'pickup' then request.start[1]
                                               else request.destination[1] end,
                              'longitude', case when stop.kind = 'pickup' then request.start[0]
                                                else request.destination[0] end,
                              'expected_at', departs.at + driving_time(stop.meters)
                          )
                          order by stop.position
                      ),
                      '[]'
                  )
             from pool_stops stop
             join pooling_requests request on request.request_id = stop.request_id
            where stop.pool_id = share.pool_id
       ) as stops,
       case when seen.position is not null
            then jsonb_build_object(
                'latitude', seen.position[1],
                'longitude', seen.position[0],
                'at', seen.at
            ) end as last_position,
       pools.started_at,
       pools.closed_at as ended_at,
       share.expires_at
  from open_ride_shares share
  join pools on pools.pool_id = share.pool_id
  join users on users.college_id = share.college_id and users.user_id = share.user_id
 cross join lateral (
           -- Nobody is asked to be out before the own window begins.
           select coalesce(pools.started_at, greatest(pools.created_at, max(lower(request.departure)))) as at
             from pool_members member
             join pooling_requests request on request.request_id = member.request_id
            where member.pool_id = share.pool_id
              and member.left_at is null
       ) as departs
  left join live_positions live on live.college_id = share.college_id
                               and live.user_id = share.user_id
                               and live.pool_id = share.pool_id
  left join lateral (
           -- Said for the link, or to those who ride along: whichever was later.
           select said.position,
                  said.at
             from (values (share.position, share.position_at), (live.position, live.seen_at))
                  as said (position, at)
            where said.position is not null
            order by said.at desc
            limit 1
       ) as seen on true
 where share.token_hash = :token_hash;

-- name: repeat_alarm(college_id, user_id, longitude, latitude, note)^
-- What a rider adds who raises the alarm again within the minute; no row where there is none to
-- add to. It is news for those outside when it brings the first position.
with latest as (
    select alarm_id,
           position is null as unplaced
      from alarms
     where college_id = :college_id
       and user_id = :user_id
       and raised_at > now() - interval '1 minute'
       and resolved_at is null
     order by alarm_id desc
     limit 1
       for update
)
update alarms alarm
   set position = coalesce(point(:longitude::float8, :latitude::float8), alarm.position),
       note = coalesce(nullif(:note::text, ''), alarm.note),
       repeated_at = now()
  from latest
 where alarm.alarm_id = latest.alarm_id
returning alarm.alarm_id as id,
          alarm.position[1] as latitude,
          alarm.position[0] as longitude,
          alarm.note,
          alarm.raised_at,
          latest.unplaced and alarm.position is not null as news;

-- name: raise_alarm(college_id, user_id, longitude, latitude, note)^
-- A new alarm, with the ride that the rider is in, as find_ride finds it.
insert into alarms (college_id, user_id, pool_id, position, note)
values (
    :college_id,
    :user_id,
    (
        select member.pool_id
          from pool_members member
          join pooling_requests request on request.request_id = member.request_id
          join pools on pools.pool_id = member.pool_id
         where member.college_id = :college_id
           and member.user_id = :user_id
           and member.left_at is null
           and pools.status in ('open', 'started')
         order by pools.started_at desc nulls last,
                  lower(request.departure)
         limit 1
    ),
    point(:longitude::float8, :latitude::float8),
    :note::text
)
returning alarm_id as id,
          position[1] as latitude,
          position[0] as longitude,
          note,
          raised_at,
          true as news;

-- name: find_help(college_id, user_id)^
-- Who is to be told of a rider's alarm, what they need to know, and how often there was one within
-- the hour.
select users.full_name,
       profiles.phone_number,
       profiles.emergency_contact,
       (
           select coalesce(
                      jsonb_agg(
                          jsonb_build_object('id', moderator.user_id)
                          order by moderator.user_id
                      ),
                      '[]'
                  )
             from moderators
             join users moderator
               on moderator.college_id = moderators.college_id and moderator.user_id = moderators.user_id
            where moderators.college_id = :college_id
              and moderators.user_id <> :user_id
       ) as moderators,
       (
           select count(*)
             from alarms
            where alarms.user_id = :user_id
              and alarms.raised_at > now() - interval '1 hour'
       ) as alarms_within_the_hour
  from users
  join colleges on colleges.college_id = users.college_id
  left join profiles on profiles.college_id = users.college_id and profiles.user_id = users.user_id
 where users.college_id = :college_id
   and users.user_id = :user_id;

-- name: list_alarms(college_id, moderator_id, alarm_id, status, before, skip, size)
-- The alarms of a college, or the one of this id, the latest first. `status` is open, resolved or
-- null for all; `before` is the last id of the page before, or null. A moderator with nothing to see
-- gets one row of nulls, anybody else none.
select a.alarm_id as id,
       case when a.resolved_at is null then 'open' else 'resolved' end as status,
       jsonb_build_object(
           'id', rider.user_id,
           'full_name', rider.full_name,
           'phone_number', profile.phone_number
       ) as rider,
       a.pool_id,
       a.position[1] as latitude,
       a.position[0] as longitude,
       a.note,
       a.raised_at,
       a.repeated_at,
       a.resolved_at,
       case when a.resolved_by is not null
            then jsonb_build_object('id', resolver.user_id, 'full_name', resolver.full_name) end
           as resolved_by,
       a.resolution
  from moderators me
  left join lateral (
      select alarm_id,
             user_id,
             pool_id,
             position,
             note,
             raised_at,
             repeated_at,
             resolved_at,
             resolved_by,
             resolution
        from alarms
       where college_id = :college_id
         and (:alarm_id::bigint is null or alarm_id = :alarm_id)
         and (:status::text is null or (resolved_at is null) = (:status = 'open'))
         and (:before::bigint is null or alarm_id < :before)
       order by alarm_id desc
      offset :skip::int
       limit :size::int
  ) a on true
  left join users rider on rider.college_id = me.college_id and rider.user_id = a.user_id
  left join profiles profile on profile.college_id = me.college_id and profile.user_id = a.user_id
  left join users resolver on resolver.college_id = me.college_id and resolver.user_id = a.resolved_by
 where me.college_id = :college_id
   and me.user_id = :moderator_id
 order by a.alarm_id desc;

-- name: lock_alarm(college_id, moderator_id, alarm_id)^
-- An alarm that this moderator may resolve, held: of two who do the second finds it resolved.
select user_id,
       resolved_at is not null as resolved
  from alarms
 where college_id = :college_id
   and alarm_id = :alarm_id
   and exists (
       select
         from moderators me
        where me.college_id = :college_id
          and me.user_id = :moderator_id
   )
   for update;

-- name: resolve_alarm(college_id, moderator_id, alarm_id, resolution)!
-- What an alarm that is held came to. Place and words of a rider who has left are of no use then.
update alarms
   set resolved_at = now(),
       resolved_by = :moderator_id,
       resolution = :resolution,
       position = case when present.rider then position end,
       note = case when present.rider then note else '' end
  from (
           select exists (
                      select
                        from alarms
                        join users on users.user_id = alarms.user_id
                       where alarms.alarm_id = :alarm_id
                         and users.deleted_at is null
                  ) as rider
       ) as present
 where college_id = :college_id
   and alarm_id = :alarm_id;

-- name: export_alarms(college_id, user_id)
-- The alarms the rider raised.
select alarm_id as id,
       pool_id,
       position[1] as latitude,
       position[0] as longitude,
       note,
       raised_at,
       repeated_at,
       resolved_at,
       resolution
  from alarms
 where college_id = :college_id
   and user_id = :user_id
 order by alarm_id;

-- name: empty_alarms(college_id, user_id)!
-- Alarms that were resolved, without place and words. Those that are open keep them until they are:
-- somebody may have been made to delete the account.
update alarms
   set position = null,
       note = ''
 where college_id = :college_id
   and user_id = :user_id
   and resolved_at is not null;

-- name: export_ride_shares(college_id, user_id)
-- The links to rides that the rider gave out, and the position that was kept for them.
select share_id as id,
       pool_id,
       vehicle_note,
       position[1] as latitude,
       position[0] as longitude,
       position_at,
       created_at,
       expires_at
  from ride_shares
 where college_id = :college_id
   and user_id = :user_id
 order by share_id;

-- name: remove_ride_shares(college_id, user_id)!
-- No link shows where the rider is.
delete from ride_shares
 where college_id = :college_id
   and user_id = :user_id;
