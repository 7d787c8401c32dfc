-- Blocks: two riders who do not see each other. Only the one who blocked can tell, so no query
-- here looks at who blocked the asker.

-- name: block_rider(college_id, blocker_id, blocked_id)$
-- Block a fellow, once; true also when it was so before, no row when there is no such fellow.
with fellow as (
    select user_id
      from users
     where college_id = :college_id
       and user_id = :blocked_id
),
begun as (
    insert into blocks (college_id, blocker_id, blocked_id)
    select :college_id,
           :blocker_id,
           user_id
      from fellow
        on conflict (blocker_id, blocked_id) do nothing
)
select true
  from fellow;

-- name: unblock_rider(college_id, blocker_id, blocked_id)$
-- End one's block; true also when there was none, no row when there is no such fellow.
with ended as (
    delete from blocks
     where college_id = :college_id
       and blocker_id = :blocker_id
       and blocked_id = :blocked_id
)
select true
  from users
 where college_id = :college_id
   and user_id = :blocked_id;

-- name: list_blocks(college_id, blocker_id, after, skip, size)
-- Whom the rider blocked, by id; `after` is the last id of the page before, or null.
select b.blocked_id as id,
       u.full_name,
       b.created_at as blocked_at
  from blocks b
  join users u on u.college_id = b.college_id and u.user_id = b.blocked_id
 where b.college_id = :college_id
   and b.blocker_id = :blocker_id
   and (:after::bigint is null or b.blocked_id > :after)
 order by b.blocked_id
offset :skip::int
 limit :size::int;

-- name: export_blocks(college_id, user_id)
-- Whom the rider blocked. Who blocked the rider is their secret.
select blocked.full_name as blocked,
       blocks.created_at
  from blocks
  join users blocked on blocked.college_id = blocks.college_id and blocked.user_id = blocks.blocked_id
 where blocks.college_id = :college_id
   and blocks.blocker_id = :user_id
 order by blocks.created_at;

-- name: remove_blocks(college_id, user_id)!
-- Nobody is hidden from an account that nobody uses.
delete from blocks
 where college_id = :college_id
   and (blocker_id = :user_id or blocked_id = :user_id);
