-- What riders are shown of each other, and who may act for a college.

-- What every query that shows one rider to another asks.
create or replace function are_blocked(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (select from blocks where blocker_id = one and blocked_id = other)
    or exists (select from blocks where blocker_id = other and blocked_id = one);

-- The same as pairs, each in both orders: `not exists` of these is joined to a whole list at once.
create or replace view blocked with (security_invoker = true) as
select blocker_id as one_id,
       blocked_id as other_id
  from blocks
 union all
select blocked_id,
       blocker_id
  from blocks;

grant select on blocked to tripsync_app;

-- Whether two riders share a ride that is not over: what opens contact details to each other.
create or replace function are_partners(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (
    select
      from pool_members mine
      join pool_members theirs on theirs.pool_id = mine.pool_id
      join pools on pools.pool_id = mine.pool_id
     where mine.user_id = one
       and theirs.user_id = other
       and mine.left_at is null
       and theirs.left_at is null
       and pools.status in ('open', 'started')
);

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
