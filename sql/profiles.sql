-- Profiles: what riders tell of themselves, and what their fellows may read of it.

-- name: find_own_profile(college_id, user_id)^
-- Everything of one's own profile.
select users.user_id as id,
       users.full_name,
       users.email,
       colleges.name as college_name,
       profiles.username,
       profiles.phone_number,
       profiles.bio,
       profiles.year_of_study,
       profiles.major,
       profiles.college_unit,
       profiles.gender,
       profiles.preferences,
       profiles.social_media_links,
       profiles.emergency_contact,
       (select summary from review_summary(users.user_id, :user_id)) as reviews,
       (select url from profile_image(users.user_id)) as profile_image_url,
       exists (select
                 from profile_files
                where profile_files.college_id = users.college_id
                  and profile_files.user_id = users.user_id
                  and profile_files.kind = 'resume') as has_resume
  from users
  join profiles using (college_id, user_id)
  join colleges on colleges.college_id = users.college_id
 where users.college_id = :college_id
   and users.user_id = :user_id;

-- name: find_profile(college_id, viewer_id, user_id)^
-- What a fellow of the college may read; contact details only who rides along, or the owner.
select users.user_id as id,
       users.full_name,
       colleges.name as college_name,
       profiles.username,
       profiles.bio,
       profiles.year_of_study,
       profiles.major,
       profiles.preferences,
       profiles.social_media_links,
       (select summary from review_summary(users.user_id, :viewer_id)) as reviews,
       (select url from profile_image(users.user_id)) as profile_image_url,
       case when trusted.viewer then users.email end as email,
       case when trusted.viewer then profiles.phone_number end as phone_number,
       case when trusted.viewer then profiles.emergency_contact end as emergency_contact
  from users
  join profiles using (college_id, user_id)
  join colleges on colleges.college_id = users.college_id
 cross join lateral (
           select users.user_id = :viewer_id
               or are_partners(:viewer_id, users.user_id) as viewer
       ) as trusted
 where users.college_id = :college_id
   and users.user_id = :user_id
   and users.banned_at is null
   and not are_blocked(:viewer_id, users.user_id);

-- name: update_profile(college_id, user_id, given, full_name, username, phone_number, bio, year_of_study, major, college_unit, gender, preferences, social_media_links, emergency_contact)!
-- Change the fields that are named in `given`; the others stay as they are.
with renamed as (
    update users
       set full_name = :full_name::text
     where college_id = :college_id
       and user_id = :user_id
       and 'full_name' = any(:given::text[])
)
update profiles
   set username           = case when 'username'           = any(:given::text[]) then :username::text            else username end,
       phone_number       = case when 'phone_number'       = any(:given::text[]) then :phone_number::text        else phone_number end,
       bio                = case when 'bio'                = any(:given::text[]) then :bio::text                 else bio end,
       year_of_study      = case when 'year_of_study'      = any(:given::text[]) then :year_of_study::text       else year_of_study end,
       major              = case when 'major'              = any(:given::text[]) then :major::text               else major end,
       college_unit       = case when 'college_unit'       = any(:given::text[]) then :college_unit::text        else college_unit end,
       gender             = case when 'gender'             = any(:given::text[]) then :gender::text              else gender end,
       preferences        = case when 'preferences'        = any(:given::text[]) then :preferences::jsonb        else preferences end,
       social_media_links = case when 'social_media_links' = any(:given::text[]) then :social_media_links::jsonb else social_media_links end,
       emergency_contact  = case when 'emergency_contact'  = any(:given::text[]) then :emergency_contact::jsonb  else emergency_contact end,
       updated_at         = now()
 where college_id = :college_id
   and user_id = :user_id;

-- name: find_country(college_id)$
-- The country whose telephone numbers need no prefix at this college.
select country
  from colleges
 where college_id = :college_id;

-- name: export_profile(college_id, user_id)^
-- What the rider tells of themselves.
select username,
       phone_number,
       bio,
       year_of_study,
       major,
       college_unit,
       gender,
       preferences,
       social_media_links,
       emergency_contact,
       updated_at
  from profiles
 where college_id = :college_id
   and user_id = :user_id;

-- name: empty_profile(college_id, user_id)!
-- A profile as if nothing had ever been told.
update profiles
   set username           = null,
       phone_number       = null,
       bio                = null,
       year_of_study      = null,
       major              = null,
       college_unit       = null,
       gender             = null,
       preferences        = null,
       social_media_links = null,
       emergency_contact  = null,
       updated_at         = now()
 where college_id = :college_id
   and user_id = :user_id;
