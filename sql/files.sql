-- Files: whose picture or résumé lies where in the storage, and what may be deleted there.

-- name: register_file(storage_key)!
-- A key whose content is about to be stored; it is swept if nobody refers to it within minutes.
insert into unreferenced_files (storage_key, delete_after)
values (:storage_key, now() + interval '10 minutes');

-- name: replace_file(college_id, user_id, kind, storage_key, version)!
-- The rider's file of this kind from now on; triggers keep account of the old and the new key.
insert into profile_files (college_id, user_id, kind, storage_key, version)
values (:college_id, :user_id, :kind, :storage_key, :version)
    on conflict (user_id, kind) do update
   set storage_key = excluded.storage_key,
       version     = excluded.version,
       uploaded_at = now();

-- name: remove_file(college_id, user_id, kind)!
-- The rider has no file of this kind any more.
delete from profile_files
 where college_id = :college_id
   and user_id = :user_id
   and kind = :kind;

-- name: take_unreferenced_files(size)
-- Keys nobody refers to, for whoever deletes their content in the same transaction.
delete from unreferenced_files
 where storage_key in (
           select storage_key
             from unreferenced_files
            where delete_after <= now()
            order by delete_after
            limit :size::int
              for update skip locked
       )
returning storage_key;

-- name: find_image(viewer_id, user_id, version)^
-- Where a rider's picture lies, for whoever may see the profile; of all colleges, because an address
-- that is signed names the viewer alone, and the two are of one. `version` is how the version begins that
-- the address is for, or null for whichever there is.
select profile_files.storage_key,
       profile_files.version
  from profile_files
  join users using (college_id, user_id)
  join users viewer on viewer.college_id = profile_files.college_id
 where viewer.user_id = :viewer_id
   and profile_files.user_id = :user_id
   and profile_files.kind = 'image'
   and (:version::text is null or left(profile_files.version, 12) = :version)
   and users.banned_at is null
   and viewer.banned_at is null
   and not are_blocked(:viewer_id, users.user_id);

-- name: find_resume(college_id, viewer_id, user_id)^
-- Where a rider's résumé lies, for its owner, for who rides along, and for whoever the rider applied
-- to with a service that asks for one.
select profile_files.storage_key,
       profile_files.version
  from profile_files
  join users using (college_id, user_id)
 where profile_files.college_id = :college_id
   and profile_files.user_id = :user_id
   and profile_files.kind = 'resume'
   and users.banned_at is null
   and not are_blocked(:viewer_id, users.user_id)
   and (
       users.user_id = :viewer_id
       or are_partners(:viewer_id, users.user_id)
       or shows_resume(users.user_id, :viewer_id)
   );

-- name: export_files(college_id, user_id)
-- Picture and résumé, and where to fetch them.
select kind,
       '/api/users/' || user_id || '/' || kind as url,
       uploaded_at
  from profile_files
 where college_id = :college_id
   and user_id = :user_id
 order by kind;

-- name: remove_files(college_id, user_id)!
-- No picture and no résumé; a trigger notes what is to be deleted from the storage.
delete from profile_files
 where college_id = :college_id
   and user_id = :user_id;
