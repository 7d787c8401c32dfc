-- What riders are shown of each other, and who may act for a college.

-- Between whom a block stands, each pair in both orders. A list asks for `not exists` of it, which is
-- joined to all its rows at once.
create or replace view blocked with (security_invoker = true) as
select blocker_id as one_id,
       blocked_id as other_id
  from blocks
 union all
select blocked_id,
       blocker_id
  from blocks;

grant select on blocked to tripsync_app;

-- What every query that shows one rider to another asks.
create or replace function are_blocked(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (select from blocked where one_id = one and other_id = other);

-- Who share a ride that is not over, each pair in both orders: what opens contact details to each other.
create or replace view partners with (security_invoker = true) as
select mine.user_id as one_id,
       theirs.user_id as other_id
  from pool_members mine
  join pool_members theirs on theirs.pool_id = mine.pool_id
  join pools on pools.pool_id = mine.pool_id
 where mine.left_at is null
   and theirs.left_at is null
   and pools.status in ('open', 'started');

grant select on partners to tripsync_app;

-- Whether two riders do.
create or replace function are_partners(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (select from partners where one_id = one and other_id = other);

-- All that strangers with a link learn of a name.
create or replace function first_name(full_name text) returns text language sql immutable parallel safe
return coalesce((regexp_match(full_name, '\S+'))[1], '');

-- Where a rider's picture is served; no row without one. A new picture has a new address, so that
-- no app shows the old one from its cache.
create or replace function profile_image(owner_id bigint) returns table (url text)
language sql stable parallel safe begin atomic
    select '/api/users/' || user_id || '/image?v=' || left(version, 12)
      from profile_files
     where user_id = owner_id
       and kind = 'image';
end;

-- Who may act for a college, at this moment. Every query of moderators asks here, so that a
-- promotion, a demotion and a ban count from the next request on.
create or replace view moderators with (security_invoker = true) as
select college_id,
       user_id,
       role
  from users
 where role in ('moderator', 'admin')
   and banned_at is null;

grant select on moderators to tripsync_app;
