-- Codes that travel by mail: proof of an address, or a way back in.

-- name: issue_code(email, purpose, code_hash, hours)^
-- A fresh code for the owner of this address; none where there is no such account or it is banned.
insert into mailed_codes (college_id, user_id, purpose, code_hash, expires_at)
select college_id,
       user_id,
       :purpose,
       :code_hash,
       now() + make_interval(hours => :hours::int)
  from users
 where email = :email
   and banned_at is null
   and (:purpose <> 'verify_email' or verified_at is null)
    on conflict (user_id, purpose) do update
   set code_hash = excluded.code_hash,
       issued_at = excluded.issued_at,
       expires_at = excluded.expires_at
returning user_id;

-- name: spend_code(code_hash, purpose)^
-- Whose code this is, once: it is gone with the answer.
delete from mailed_codes
 where code_hash = :code_hash
   and purpose = :purpose
   and expires_at > now()
returning college_id,
          user_id;
