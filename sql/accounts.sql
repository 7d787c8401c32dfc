-- Accounts: who may sign in, and with what.

-- name: create_user(college_id, email, full_name, password_hash)^
-- A new account; no row when the address has one already.
insert into users (college_id, email, full_name, password_hash)
values (:college_id, :email, :full_name, :password_hash)
    on conflict (email) do nothing
returning user_id as id,
          college_id,
          email,
          full_name;

-- name: find_credentials(email)^
-- What a sign-in is checked against.
select user_id,
       college_id,
       email,
       password_hash,
       banned_at is not null as banned
  from users
 where email = :email;

-- name: change_password(college_id, user_id, old_hash, new_hash)!
-- A new password, if the old one still is what it was when it was checked; a trigger ends all sessions.
update users
   set password_hash = :new_hash
 where college_id = :college_id
   and user_id = :user_id
   and password_hash = :old_hash;

-- name: reset_password(college_id, user_id, new_hash)!
-- A new password for a rider who proved the address; a trigger ends all sessions.
update users
   set password_hash = :new_hash,
       verified_at = coalesce(verified_at, now())
 where college_id = :college_id
   and user_id = :user_id;

-- name: verify_email(college_id, user_id)!
-- The rider has read a mail sent to the address.
update users
   set verified_at = coalesce(verified_at, now())
 where college_id = :college_id
   and user_id = :user_id;

-- name: export_account(college_id, user_id)^
-- The account itself.
select users.user_id as id,
       users.email,
       users.full_name,
       colleges.name as college_name,
       users.role,
       users.verified_at,
       users.banned_at,
       users.created_at
  from users
  join colleges on colleges.college_id = users.college_id
 where users.college_id = :college_id
   and users.user_id = :user_id
   and users.deleted_at is null;

-- name: find_password_to_leave(college_id, user_id)$
-- What the password of an account that is to be deleted is checked against.
select password_hash
  from users
 where college_id = :college_id
   and user_id = :user_id
   and deleted_at is null;

-- name: lock_account(college_id, user_id, password_hash)$
-- The account, held against everything that refers to it, if the password still is the one that was
-- checked.
select user_id
  from users
 where college_id = :college_id
   and user_id = :user_id
   and password_hash = :password_hash
   and deleted_at is null
   for update;

-- name: close_account(college_id, user_id)!
-- The account without its person; the address is free again. A trigger ends all sessions.
update users
   set email = 'former-rider-' || user_id || '@invalid',
       full_name = 'Former rider',
       password_hash = '!',
       role = 'student',
       verified_at = null,
       banned_at = coalesce(banned_at, now()),
       deleted_at = now()
 where college_id = :college_id
   and user_id = :user_id;
