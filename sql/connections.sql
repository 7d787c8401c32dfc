-- Connections: one request asks another to ride together.

-- name: count_pending(college_id, from_request)$
-- How many riders this request waits for.
select count(*)
  from connections
 where college_id = :college_id
   and from_request = :from_request
   and status = 'pending';

-- name: send_connection(college_id, from_request, to_request, from_user, to_user)$
-- Ask; no row when the two already have a connection that waits or holds.
insert into connections (college_id, from_request, to_request, from_user, to_user)
values (:college_id, :from_request, :to_request, :from_user, :to_user)
    on conflict do nothing
returning connection_id;

-- name: connect_members(college_id, from_requests, to_requests, from_users, to_users)
-- Connections that hold from the start: what a matching round decided for both. If one of the
-- two had asked already, that is answered by it. From request and to request, whoever asked.
insert into connections (college_id, from_request, to_request, from_user, to_user, status, answered_at)
select :college_id,
       given.from_request,
       given.to_request,
       given.from_user,
       given.to_user,
       'approved',
       now()
  from unnest(:from_requests::bigint[], :to_requests::bigint[], :from_users::bigint[], :to_users::bigint[])
       as given (from_request, to_request, from_user, to_user)
    on conflict (least(from_request, to_request), greatest(from_request, to_request))
 where status in ('pending', 'approved')
    do update
   set status = 'approved',
       answered_at = now()
returning connection_id,
          from_request,
          to_request;

-- name: find_received(college_id, user_id, connection_id)^
-- A connection that this rider was asked for, with the pools that both sides ride in; none when
-- a block came between the two.
select connection.connection_id,
       connection.from_request,
       connection.to_request,
       connection.from_user,
       connection.to_user,
       asked.full_name as to_name,
       asked.verified_at is not null as to_verified,
       asking.verified_at is not null as from_verified,
       (select pool_id
          from pool_members
         where request_id = connection.from_request
           and left_at is null) as from_pool,
       (select pool_id
          from pool_members
         where request_id = connection.to_request
           and left_at is null) as to_pool
  from connections connection
  join users asking on asking.user_id = connection.from_user
  join users asked on asked.user_id = connection.to_user
 where connection.college_id = :college_id
   and connection.to_user = :user_id
   and connection.connection_id = :connection_id
   and not are_blocked(connection.from_user, connection.to_user);

-- name: list_sides(college_id, user_id, connection_id)
-- The rides that a connection this rider was asked for would bring together: of both sides, and of those
-- whom either rides with already.
with sides as (
    select unnest(array[from_request, to_request]) as request_id
      from connections
     where college_id = :college_id
       and to_user = :user_id
       and connection_id = :connection_id
)
select request.start[1] as start_latitude,
       request.start[0] as start_longitude,
       request.destination[1] as destination_latitude,
       request.destination[0] as destination_longitude,
       request.solo_road_meters is not null as road_is_known
  from pooling_requests request
 where request.college_id = :college_id
   and request.request_id = any(array(
           select request_id
             from sides
            union all
           select fellow.request_id
             from sides
             join pool_members own on own.request_id = sides.request_id
                                  and own.left_at is null
             join pool_members fellow on fellow.pool_id = own.pool_id
                                     and fellow.left_at is null
       ));

-- name: is_blocked_by_any(user_id, user_ids)$
-- Whether this rider must not meet one of these.
select coalesce(bool_or(are_blocked(:user_id::bigint, other)), false)
  from unnest(:user_ids::bigint[]) as other;

-- name: lock_connection(college_id, connection_id)^
-- A connection, held, as it is now.
select connection_id,
       status
  from connections
 where college_id = :college_id
   and connection_id = :connection_id
   for update;

-- name: answer_connection(college_id, connection_id, status)!
-- Write the answer to a connection that waits.
update connections
   set status = :status::text,
       answered_at = now()
 where college_id = :college_id
   and connection_id = :connection_id
   and status = 'pending';

-- name: withdraw_sent(college_id, user_id, connection_id)^
-- Take back what one asked, while it waits.
update connections
   set status = 'withdrawn',
       answered_at = now()
 where college_id = :college_id
   and from_user = :user_id
   and connection_id = :connection_id
   and status = 'pending'
returning connection_id,
          to_user;

-- name: find_sent(college_id, user_id, connection_id)^
-- Whether the rider asked this at all.
select status
  from connections
 where college_id = :college_id
   and from_user = :user_id
   and connection_id = :connection_id;

-- name: close_pending(college_id, request_ids)
-- Close everything that waits on either side of these requests: they have left the road. Held in
-- the order of ids, as everywhere: two that close overlapping sets must not wait in a circle.
with waiting as (
    select connection_id
      from connections
     where college_id = :college_id
       and status = 'pending'
       and (from_request = any(:request_ids::bigint[]) or to_request = any(:request_ids::bigint[]))
     order by connection_id
       for update
)
update connections connection
   set status = 'withdrawn',
       answered_at = now()
  from waiting
 where connection.connection_id = waiting.connection_id
returning connection.connection_id,
          connection.from_request,
          connection.to_request,
          connection.from_user,
          connection.to_user;

-- name: close_hopeless(college_id, request_ids, rooms)
-- Close what can no longer come true for these members of pools, each with the room that is left
-- in it: the other side needs more seats, or rides already, elsewhere or in this very pool.
with seated as (
    select request_id,
           room
      from unnest(:request_ids::bigint[], :rooms::int[]) as given (request_id, room)
),
hopeless as (
    select connection_id
      from seated
      join connections on connections.from_request = seated.request_id
                      and connections.status = 'pending'
      join pooling_requests as other on other.request_id = connections.to_request
     where connections.college_id = :college_id
       and (other.seats > room or other.status <> 'active')
     union
    select connection_id
      from seated
      join connections on connections.to_request = seated.request_id
                      and connections.status = 'pending'
      join pooling_requests as other on other.request_id = connections.from_request
     where connections.college_id = :college_id
       and (other.seats > room or other.status <> 'active')
),
waiting as (
    select connection_id
      from connections
     where college_id = :college_id
       and connection_id in (select connection_id from hopeless)
       and status = 'pending'
     order by connection_id
       for update
)
update connections connection
   set status = 'withdrawn',
       answered_at = now()
  from waiting
 where connection.connection_id = waiting.connection_id
returning connection.connection_id,
          connection.from_request,
          connection.to_request,
          connection.from_user,
          connection.to_user;

-- name: list_active(college_id, user_id)
-- The connections through which the rider shares rides, and with whom: of rides that have started
-- first, then of those that leave first; of one ride the latest yes first.
select connection.connection_id as id,
       connection.status,
       connection.created_at,
       mine.request_id as user_request_id,
       partner.user_id as partner_id,
       partner.full_name,
       -- Who has blocked the other since still shares the ride, and no more than that.
       case when not hidden then partner.email end as email,
       case when not hidden then profile.phone_number end as phone_number,
       case when not hidden then profile.year_of_study end as year_of_study,
       case when not hidden then profile.bio end as bio,
       theirs.request_id as partner_request_id
  from pool_members mine
  join pooling_requests own on own.request_id = mine.request_id
  join pools on pools.pool_id = mine.pool_id
            and pools.status in ('open', 'started')
  join pool_members theirs on theirs.pool_id = mine.pool_id
                          and theirs.user_id <> mine.user_id
                          and theirs.left_at is null
  join connections connection
    on connection.status = 'approved'
   and least(connection.from_request, connection.to_request) = least(mine.request_id, theirs.request_id)
   and greatest(connection.from_request, connection.to_request)
       = greatest(mine.request_id, theirs.request_id)
  join users partner on partner.user_id = theirs.user_id
  left join profiles profile on profile.user_id = theirs.user_id
 cross join lateral are_blocked(mine.user_id, theirs.user_id) as hidden
 where mine.college_id = :college_id
   and mine.user_id = :user_id
   and mine.left_at is null
 order by pools.started_at desc nulls last,
          lower(own.departure),
          connection.answered_at desc,
          connection.connection_id desc;

-- name: list_pending(college_id, user_id, before, skip, size)
-- What waits for an answer, sent or received, the latest first.
select connection.connection_id,
       connection.status,
       connection.created_at,
       connection.from_user = :user_id as sent,
       case when connection.from_user = :user_id then connection.from_request
            else connection.to_request end as user_request_id,
       jsonb_build_object(
           'id', other.user_id,
           'full_name', other.full_name,
           'request_id', case when connection.from_user = :user_id then connection.to_request
                              else connection.from_request end
       ) as other
  from pooling_requests own
  join connections connection
    on connection.from_request = own.request_id or connection.to_request = own.request_id
  join users other on other.user_id = case when connection.from_user = :user_id then connection.to_user
                                           else connection.from_user end
 where own.college_id = :college_id
   and own.user_id = :user_id
   -- What waits is closed when a request leaves the road.
   and own.status in ('active', 'matched')
   and connection.status = 'pending'
   and not are_blocked(connection.from_user, connection.to_user)
   and (:before::bigint is null or connection.connection_id < :before)
 order by connection.connection_id desc
offset :skip::int
 limit :size::int;

-- name: list_contacts(college_id, user_ids)
-- What partners learn of each other.
select users.user_id as id,
       users.full_name,
       profile.phone_number,
       users.email,
       profile.year_of_study,
       profile.bio
  from users
  left join profiles profile on profile.user_id = users.user_id
 where users.college_id = :college_id
   and users.user_id = any(:user_ids::bigint[]);

-- name: export_connections(college_id, user_id)
-- Whom the rider asked, and who asked the rider.
select connection.connection_id as id,
       connection.from_user = :user_id as sent,
       other.full_name as other_rider,
       connection.status,
       connection.created_at,
       connection.answered_at
  from pooling_requests own
  join connections connection
    on connection.from_request = own.request_id or connection.to_request = own.request_id
  join users other
    on other.college_id = connection.college_id
   and other.user_id = case when connection.from_user = :user_id then connection.to_user
                            else connection.from_user end
 where own.college_id = :college_id
   and own.user_id = :user_id
 order by connection.connection_id;

-- name: remove_lone_connections(college_id, user_id)!
-- What was asked of and by requests that never shared a ride.
with lone as (
    select request_id
      from pooling_requests request
     where college_id = :college_id
       and user_id = :user_id
       and not exists (
           select
             from pool_members member
            where member.request_id = request.request_id
       )
)
delete from connections
 where college_id = :college_id
   and (
       from_request = any(array(select request_id from lone))
       or to_request = any(array(select request_id from lone))
   );
