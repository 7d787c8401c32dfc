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
