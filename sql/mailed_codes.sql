-- Codes that travel by mail: proof of an address, or a way back in.

-- name: find_reader(email, purpose)^
-- Whose address this is, if a code may go there; none where there is no such account or it is banned, or
-- where the address is confirmed already.
select college_id,
       user_id
  from users
 where email = :email
   and banned_at is null
   and (:purpose <> 'verify_email' or verified_at is null);

-- name: issue_code(college_id, user_id, purpose, code_hash, hours)$
-- A fresh code for the account, in place of the one before; the address that it goes to.
with reader as (
    select college_id,
           user_id,
           email
      from users
     where college_id = :college_id
       and user_id = :user_id
       and banned_at is null
       and (:purpose <> 'verify_email' or verified_at is null)
),
issued as (
    insert into mailed_codes (college_id, user_id, purpose, code_hash, expires_at)
    select college_id,
           user_id,
           :purpose,
           :code_hash,
           now() + make_interval(hours => :hours::int)
      from reader
        on conflict (user_id, purpose) do update
       set code_hash = excluded.code_hash,
           issued_at = excluded.issued_at,
           expires_at = excluded.expires_at
)
select email
  from reader;

-- name: spend_code(code_hash, purpose)^
-- Whose code this is, once: it is gone with the answer.
delete from mailed_codes
 where code_hash = :code_hash
   and purpose = :purpose
   and expires_at > now()
returning college_id,
          user_id;

-- name: forget_codes(size)!
-- Take away codes of all colleges that open nothing any more.
delete from mailed_codes
 where ctid = any(array(
           select ctid
             from mailed_codes
            where expires_at < now() - interval '1 day'
            order by expires_at
            limit :size::int
              for update skip locked
       ));

-- name: export_mailed_codes(college_id, user_id)
-- What mails are waiting to be acted upon; the codes themselves are not known to us.
select purpose,
       issued_at,
       expires_at
  from mailed_codes
 where college_id = :college_id
   and user_id = :user_id
 order by purpose;

-- name: remove_codes(college_id, user_id)!
-- No mail opens anything any more.
delete from mailed_codes
 where college_id = :college_id
   and user_id = :user_id;
