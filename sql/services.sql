-- Services: what students offer and ask for.
--
-- Whoever shows a post asks may_see(post, reader), and shown_poster(post, name, reader) for who wrote
-- it; nothing else may name the writer. A reader is a row of service_readers. Points are
-- (longitude, latitude).

-- name: count_open_posts(college_id, user_id)$
-- How many posts of the rider are under way.
select count(*)
  from service_posts
 where college_id = :college_id
   and user_id = :user_id
   and deleted_at is null
   and status in ('open', 'in_progress');

-- name: name_tags(college_id, tags)!
-- Tags that the college does not have yet. In one order, so that two posts with the same new tags
-- wait for each other instead of deadlocking.
insert into service_tags (college_id, name)
select :college_id,
       given.name
  from (
      select distinct on (lower(btrim(name)))
             btrim(name) as name
        from unnest(:tags::text[]) with ordinality as tag (name, place)
       order by lower(btrim(name)),
                place
  ) as given
    on conflict (college_id, lower(name)) do nothing;

-- name: create_post(college_id, user_id, kind, title, description, team_size, deadline, compensation_type, price, requires_resume, requires_cover_letter, is_anonymous, college_only, tags, requirements, filters, longitude, latitude, location_name)$
-- A new post. An anonymous one is as old as its hour.
insert into service_posts (
    college_id, user_id, kind, title, description, team_size, deadline, compensation_type, price,
    requires_resume, requires_cover_letter, is_anonymous, college_only, tags, requirements, filters,
    location, location_name, created_at
)
values (
    :college_id,
    :user_id,
    :kind,
    :title,
    :description,
    :team_size,
    :deadline,
    :compensation_type,
    :price,
    :requires_resume,
    :requires_cover_letter,
    :is_anonymous::boolean,
    :college_only,
    tag_keys(:tags::text[]),
    :requirements,
    :filters,
    point(:longitude::float8, :latitude::float8),
    :location_name,
    case when :is_anonymous::boolean then date_trunc('hour', now()) else now() end
)
returning post_id;

-- name: change_post(college_id, user_id, post_id, given, kind, title, description, team_size, deadline, compensation_type, price, requires_resume, requires_cover_letter, college_only, tags, requirements, filters, longitude, latitude, location_name)!
-- Change the fields of a post that is held which are named in `given`; the others stay as they are.
update service_posts
   set kind                  = case when 'kind'                  = any(:given::text[]) then :kind::text                     else kind end,
       title                 = case when 'title'                 = any(:given::text[]) then :title::text                    else title end,
       description           = case when 'description'           = any(:given::text[]) then :description::text              else description end,
       team_size             = case when 'team_size'             = any(:given::text[]) then :team_size::int                 else team_size end,
       deadline              = case when 'deadline'              = any(:given::text[]) then :deadline::timestamptz          else deadline end,
       compensation_type     = case when 'compensation_type'     = any(:given::text[]) then :compensation_type::text        else compensation_type end,
       price                 = case when 'price'                 = any(:given::text[]) then :price::numeric                 else price end,
       requires_resume       = case when 'requires_resume'       = any(:given::text[]) then :requires_resume::boolean       else requires_resume end,
       requires_cover_letter = case when 'requires_cover_letter' = any(:given::text[]) then :requires_cover_letter::boolean else requires_cover_letter end,
       college_only          = case when 'college_only'          = any(:given::text[]) then :college_only::boolean          else college_only end,
       tags                  = case when 'tags'                  = any(:given::text[]) then tag_keys(:tags::text[])         else tags end,
       requirements          = case when 'requirements'          = any(:given::text[]) then :requirements::jsonb            else requirements end,
       filters               = case when 'filters'               = any(:given::text[]) then :filters::jsonb                 else filters end,
       location              = case when 'location_name'         = any(:given::text[]) then point(:longitude::float8, :latitude::float8) else location end,
       location_name         = case when 'location_name'         = any(:given::text[]) then :location_name::text            else location_name end
 where college_id = :college_id
   and user_id = :user_id
   and post_id = :post_id;

-- name: find_post(college_id, reader_id, post_id)^
-- One post, whole, whatever has become of it until it is deleted. Without a reader, one that is open
-- to all, of whichever college. A moderator reads what filters hide, for it may have been reported.
select s.id,
       s.kind,
       s.title,
       s.description,
       s.status,
       s.team_size,
       s.places_left,
       s.deadline,
       s.compensation_type,
       s.compensation_amount,
       s.price,
       s.currency,
       s.requires_resume,
       s.requires_cover_letter,
       s.is_anonymous,
       s.college_only,
       shown_poster(s.post, s.poster_name, reader) as poster,
       s.tags,
       s.requirements,
       s.filters,
       s.location,
       s.created_at
  from shown_services s
  left join service_readers reader on reader.college_id = :college_id and reader.user_id = :reader_id
 where s.id = :post_id
   and case when :reader_id::bigint is null then (s.post).open_to_all
            else s.college_id = :college_id
                 and (
                     may_see(s.post, reader)
                     or exists (
                            select
                              from moderators
                             where moderators.college_id = :college_id
                               and moderators.user_id = :reader_id
                        )
                 ) end;

-- name: list_own_posts(college_id, user_id, before_time, before_id, skip, size)
-- The rider's own posts, whole, newest first, and how many wait for an answer; `before_time` and
-- `before_id` are of the last post of the page before, or null.
select s.id,
       s.kind,
       s.title,
       s.description,
       s.status,
       s.team_size,
       s.places_left,
       s.deadline,
       s.compensation_type,
       s.compensation_amount,
       s.price,
       s.currency,
       s.requires_resume,
       s.requires_cover_letter,
       s.is_anonymous,
       s.college_only,
       shown_poster(s.post, s.poster_name, reader) as poster,
       s.tags,
       s.requirements,
       s.filters,
       s.location,
       s.created_at,
       (
           select count(*)
             from service_applications application
            where application.post_id = s.id
              and application.status = 'pending'
              and not are_blocked(application.user_id, application.poster_id)
       ) as pending_applications
  from shown_services s
  join service_readers reader on reader.college_id = :college_id and reader.user_id = :user_id
 where s.college_id = :college_id
   and (s.post).user_id = :user_id
   and (:before_id::bigint is null or (s.created_at, s.id) < (:before_time::timestamptz, :before_id))
 order by s.created_at desc,
          s.id desc
offset :skip::int
 limit :size::int;

-- name: lock_post(college_id, reader_id, post_id)^
-- A post that the reader may see, held until the transaction ends, and whether it is the reader's.
select post.user_id = :reader_id as own,
       post.status,
       service_status(post) as shown_status,
       post.is_anonymous,
       post.team_size,
       post.places_taken,
       coalesce(post.deadline, 'infinity') > clock_timestamp() as in_time
  from service_posts post
  join service_readers reader on reader.college_id = :college_id and reader.user_id = :reader_id
  join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
 where post.college_id = :college_id
   and post.post_id = :post_id
   and post.deleted_at is null
   and poster.banned_at is null
   and may_see(post, reader)
   for no key update of post;

-- name: hold_post(college_id, post_id)!
-- Hold a post, whatever has become of it, against everybody who acts on it or its applications.
select
  from service_posts
 where college_id = :college_id
   and post_id = :post_id
   for no key update;

-- name: set_post_status(college_id, post_id, status)!
-- Move a post that is held to another state.
update service_posts
   set status = :status
 where college_id = :college_id
   and post_id = :post_id;

-- name: delete_post(college_id, user_id, post_id)!
-- Take a post that is held out of everything; the applications to it stay with those who wrote them.
update service_posts
   set deleted_at = now(),
       status = case when status = 'completed' then status else 'cancelled' end
 where college_id = :college_id
   and user_id = :user_id
   and post_id = :post_id;

-- name: find_poster(college_id, reader_id, post_id)$
-- Who wrote a post that the reader may see; for moderators, and nobody else.
select post.user_id
  from service_posts post
  join service_readers reader on reader.college_id = :college_id and reader.user_id = :reader_id
 where post.college_id = :college_id
   and post.post_id = :post_id
   and post.deleted_at is null
   and may_see(post, reader);

-- name: close_for_good(college_id, moderator_id, post_id)^
-- Take a post away, if a moderator of the college says so; what its owner is told.
update service_posts
   set deleted_at = now(),
       status = case when status = 'completed' then status else 'cancelled' end
 where college_id = :college_id
   and post_id = :post_id
   and deleted_at is null
   and exists (
       select
         from moderators
        where moderators.college_id = :college_id
          and moderators.user_id = :moderator_id
   )
returning null::bigint as application_id,
          post_id,
          user_id,
          title;

-- name: export_service_posts(college_id, user_id)
-- What the rider offered and asked for, also anonymously, and what was deleted.
select post_id as id,
       kind,
       title,
       description,
       status,
       team_size,
       places_taken,
       deadline,
       compensation_type,
       price,
       requires_resume,
       requires_cover_letter,
       is_anonymous,
       college_only,
       tags,
       requirements,
       filters,
       location[1] as latitude,
       location[0] as longitude,
       location_name,
       created_at,
       deleted_at
  from service_posts
 where college_id = :college_id
   and user_id = :user_id
 order by created_at,
          post_id;

-- name: end_services(college_id, user_id)
-- Posts are closed and applications withdrawn: what the other sides have to learn of it, of an
-- application that was withdrawn, or where that is null of a post that is closed.
with ended_posts as (
    update service_posts
       set deleted_at = coalesce(deleted_at, now()),
           status = case when status = 'completed' then status else 'cancelled' end
     where college_id = :college_id
       and user_id = :user_id
    returning post_id
),
ended_applications as (
    update service_applications application
       set status = 'withdrawn',
           answered_at = now()
      from service_posts post
     where application.college_id = :college_id
       and application.user_id = :user_id
       and application.status in ('pending', 'accepted')
       and post.post_id = application.post_id
       and post.status <> 'completed'
    returning application.application_id
)
select a.user_id,
       a.id as application_id,
       a.service_post,
       null::jsonb as application
  from shown_applications a
  join ended_posts on ended_posts.post_id = a.post_id
 where a.college_id = :college_id
   and a.status in ('pending', 'accepted')
   and (a.post).deleted_at is null
   and (a.post).status <> 'completed'
 union all
select a.poster_id,
       null,
       null,
       jsonb_build_object(
           'id', a.id,
           'status', 'withdrawn',
           'applicant', jsonb_build_object('id', a.user_id, 'full_name', 'Former rider'),
           'service_post', a.service_post,
           'cover_letter', null,
           'resume_url', null,
           'proposed_rate', null,
           'application_date', a.application_date
       )
  from shown_applications a
  join ended_applications on ended_applications.application_id = a.id
 where a.college_id = :college_id
   and not are_blocked(a.user_id, a.poster_id);

-- name: remove_lone_tags(college_id, user_id)!
-- Tags that no post of anybody else has.
delete from service_tags tag
 where tag.college_id = :college_id
   and lower(tag.name) in (
           select unnest(mine.tags)
             from service_posts mine
            where mine.college_id = :college_id
              and mine.user_id = :user_id
       )
   and not exists (
           select
             from service_posts other
            where other.college_id = :college_id
              and other.user_id <> :user_id
              and other.deleted_at is null
              and other.tags @> array[lower(tag.name)]
       );

-- name: remove_lone_posts(college_id, user_id)!
-- Posts that nobody else applied to.
delete from service_posts post
 where post.college_id = :college_id
   and post.user_id = :user_id
   and not exists (
           select
             from service_applications application
            where application.post_id = post.post_id
       );

-- name: empty_posts(college_id, user_id)!
-- Posts that others applied to, without a word of the rider's.
update service_posts
   set title = 'Former post',
       description = 'Who wrote this has left.',
       deadline = null,
       price = null,
       tags = '{}',
       requirements = '[]',
       filters = '[]',
       location = null,
       location_name = ''
 where college_id = :college_id
   and user_id = :user_id;
