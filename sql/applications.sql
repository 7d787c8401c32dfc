-- Applications to posts. The applicant is never named to anybody but the owner of the post, and the
-- owner only as shown_poster allows. Between two who have blocked each other nothing is seen on
-- either side; the applicant keeps what was sent.

-- name: lock_post_to_apply(college_id, user_id, post_id)^
-- A post that the applicant may see, held against every change of it, and what the applicant
-- brings along. `unheard`: a block stands between the two, and the post does not tell whose it is;
-- to refuse would.
select post.user_id = :user_id as own,
       reader.verified,
       post.user_id as poster_id,
       service_status(post) as shown_status,
       coalesce(post.deadline, 'infinity') > clock_timestamp() as in_time,
       post.requires_resume,
       post.requires_cover_letter,
       post.requirements,
       profiles.year_of_study,
       exists (
           select
             from profile_files
            where profile_files.user_id = :user_id
              and profile_files.kind = 'resume'
       ) as has_resume,
       are_blocked(post.user_id, :user_id) as unheard
  from service_posts post
  join service_readers reader on reader.college_id = :college_id and reader.user_id = :user_id
  join profiles on profiles.college_id = :college_id and profiles.user_id = :user_id
  join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
 where post.college_id = :college_id
   and post.post_id = :post_id
   and post.deleted_at is null
   and poster.banned_at is null
   and may_see(post, reader)
   for share of post;

-- name: create_application(college_id, post_id, poster_id, user_id, cover_letter, resume_url, proposed_rate)$
-- A new application to a post that is held; no row when there is one already.
insert into service_applications
    (college_id, post_id, poster_id, user_id, cover_letter, resume_url, proposed_rate)
values (:college_id, :post_id, :poster_id, :user_id, :cover_letter, :resume_url, :proposed_rate)
    on conflict (post_id, user_id) where status <> 'withdrawn' do nothing
returning application_id;

-- name: find_sides(college_id, user_id, application_id)^
-- The post of an application, for either of its sides, and which one asks.
select post_id,
       user_id,
       poster_id,
       poster_id = :user_id as owns_post
  from service_applications
 where college_id = :college_id
   and application_id = :application_id
   and (user_id = :user_id or poster_id = :user_id and not are_blocked(user_id, poster_id));

-- name: lock_application(college_id, application_id)^
-- An application whose post is held; held too.
select application.status,
       application.cover_letter,
       application.resume_url is not null as has_link,
       application.revealed_at is not null as revealed,
       post.status as post_status,
       post.deleted_at is not null as deleted,
       service_status(post) as shown_status,
       post.team_size,
       post.places_taken,
       post.is_anonymous,
       post.requires_resume,
       post.requires_cover_letter,
       post.requirements,
       coalesce(post.deadline, 'infinity') > clock_timestamp() as in_time,
       profiles.year_of_study,
       exists (
           select
             from profile_files
            where profile_files.user_id = application.user_id
              and profile_files.kind = 'resume'
       ) as has_resume,
       are_blocked(application.user_id, application.poster_id) as unheard
  from service_applications application
  join service_posts post on post.college_id = application.college_id and post.post_id = application.post_id
  join profiles on profiles.college_id = application.college_id and profiles.user_id = application.user_id
 where application.college_id = :college_id
   and application.application_id = :application_id
   for update of application;

-- name: change_application(college_id, application_id, given, cover_letter, resume_url, proposed_rate)!
-- Change the fields of an application that is held which are named in `given`.
update service_applications
   set cover_letter  = case when 'cover_letter'  = any(:given::text[]) then :cover_letter::text     else cover_letter end,
       resume_url    = case when 'resume_url'    = any(:given::text[]) then :resume_url::text       else resume_url end,
       proposed_rate = case when 'proposed_rate' = any(:given::text[]) then :proposed_rate::numeric else proposed_rate end
 where college_id = :college_id
   and application_id = :application_id;

-- name: set_status(college_id, application_id, status)!
-- Move an application that is held to another state; a trigger counts the places.
update service_applications
   set status = :status,
       answered_at = now()
 where college_id = :college_id
   and application_id = :application_id;

-- name: reveal_poster(college_id, application_id)!
-- Let the applicant know who wrote the post.
update service_applications
   set revealed_at = now()
 where college_id = :college_id
   and application_id = :application_id
   and revealed_at is null;

-- name: find_application(college_id, viewer_id, application_id)^
-- One application, as one of its sides reads it.
select a.id,
       a.status,
       a.applicant,
       a.service_post,
       shown_poster(a.post, a.poster_name, reader) as poster,
       a.cover_letter,
       a.resume_url,
       a.proposed_rate,
       a.application_date
  from shown_applications a
  join service_readers reader on reader.college_id = :college_id and reader.user_id = :viewer_id
 where a.college_id = :college_id
   and a.id = :application_id;

-- name: list_of_post(college_id, reader_id, post_id, before, skip, size)
-- The applications to a post, the latest first, for its owner. Somebody else who may see the post
-- gets one row of nulls, where `own` is false; so does an owner with none, where it is true; and
-- whoever may not see it gets none. `before` is the last id of the page before, or null.
select post.user_id = :reader_id as own,
       a.id,
       a.status,
       a.applicant,
       a.service_post,
       case when a.id is not null then shown_poster(post, poster.full_name, reader) end as poster,
       a.cover_letter,
       a.resume_url,
       a.proposed_rate,
       a.application_date
  from service_posts post
  join service_readers reader on reader.college_id = :college_id and reader.user_id = :reader_id
  join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
  left join lateral (
      select id,
             status,
             applicant,
             service_post,
             cover_letter,
             resume_url,
             proposed_rate,
             application_date
        from shown_applications
       where college_id = :college_id
         and post_id = :post_id
         and poster_id = :reader_id
         and not are_blocked(user_id, poster_id)
         and (:before::bigint is null or id < :before)
       order by id desc
      offset :skip::int
       limit :size::int
  ) a on true
 where post.college_id = :college_id
   and post.post_id = :post_id
   and post.deleted_at is null
   and poster.banned_at is null
   and may_see(post, reader)
 order by a.id desc;

-- name: list_own(college_id, user_id, before, skip, size)
-- What the rider applied to, the latest first; `before` is the last id of the page before, or null.
select a.id,
       a.status,
       a.applicant,
       a.service_post,
       shown_poster(a.post, a.poster_name, reader) as poster,
       a.cover_letter,
       a.resume_url,
       a.proposed_rate,
       a.application_date
  from shown_applications a
  join service_readers reader on reader.college_id = :college_id and reader.user_id = :user_id
 where a.college_id = :college_id
   and a.user_id = :user_id
   and (:before::bigint is null or a.id < :before)
 order by a.id desc
offset :skip::int
 limit :size::int;

-- name: list_left(college_id, post_id, statuses)
-- Those who have to learn that a post is closed.
select application.application_id,
       application.post_id,
       application.user_id,
       post.title
  from service_applications application
  join service_posts post on post.college_id = application.college_id and post.post_id = application.post_id
  join users on users.college_id = application.college_id and users.user_id = application.user_id
 where application.college_id = :college_id
   and application.post_id = :post_id
   and application.status = any(:statuses::text[])
   and users.banned_at is null
 order by application.application_id;

-- name: export_service_applications(college_id, user_id)
-- What the rider applied to; not whose post it is, which may be a secret.
select application.application_id as id,
       application.post_id,
       post.title,
       application.status,
       application.cover_letter,
       application.resume_url,
       application.proposed_rate,
       application.applied_at,
       application.answered_at
  from service_applications application
  join service_posts post
    on post.college_id = application.college_id and post.post_id = application.post_id
 where application.college_id = :college_id
   and application.user_id = :user_id
 order by application.application_id;

-- name: remove_applications(college_id, user_id)!
-- Applications that came to nothing.
delete from service_applications
 where college_id = :college_id
   and user_id = :user_id
   and status <> 'accepted';

-- name: empty_applications(college_id, user_id)!
-- Applications to work that was done, without a word of the rider's.
update service_applications
   set cover_letter = null,
       resume_url = null,
       proposed_rate = null
 where college_id = :college_id
   and user_id = :user_id;
