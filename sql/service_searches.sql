-- Saved searches for services: who wants to hear of which posts. A search whose time has passed is
-- over: every query asks.

-- name: delete_expired(college_id, user_id)!
-- Let go of the rider's searches whose time has passed.
delete from saved_service_searches
 where college_id = :college_id
   and user_id = :user_id
   and expires_at <= now();

-- name: count_searches(college_id, user_id)$
-- How many searches the rider keeps.
select count(*)
  from saved_service_searches
 where college_id = :college_id
   and user_id = :user_id
   and (expires_at is null or expires_at > now());

-- name: keep_search(college_id, user_id, name, words, tags, kind, compensation_type, min_price, max_price, longitude, latitude, radius_meters, mail_me, expires_at)$
-- A new search; no row when there is no word to look for among what was typed.
insert into saved_service_searches (
    college_id, user_id, name, words, tags, kind, compensation_type, min_price, max_price, place,
    radius_meters, mail_me, expires_at
)
select :college_id,
       :user_id,
       :name,
       :words,
       tag_keys(:tags::text[]),
       :kind,
       :compensation_type,
       :min_price,
       :max_price,
       point(:longitude::float8, :latitude::float8),
       :radius_meters,
       :mail_me,
       :expires_at
 where :words::text is null
    or words_wanted(:words) is not null
returning search_id;

-- name: list_searches(college_id, user_id, search_id, before, skip, size)
-- The rider's searches, or the one of this id, the latest first; `before` is the last id of the
-- page before, or null.
select search_id,
       name,
       words as search,
       tags,
       kind,
       compensation_type,
       min_price,
       max_price,
       place[1] as near_latitude,
       place[0] as near_longitude,
       radius_meters as within_meters,
       mail_me,
       expires_at,
       created_at
  from saved_service_searches
 where college_id = :college_id
   and user_id = :user_id
   and (expires_at is null or expires_at > now())
   and (:search_id::bigint is null or search_id = :search_id)
   and (:before::bigint is null or search_id < :before)
 order by search_id desc
offset :skip::int
 limit :size::int;

-- name: delete_search(college_id, user_id, search_id)!
-- Search no more.
delete from saved_service_searches
 where college_id = :college_id
   and user_id = :user_id
   and search_id = :search_id
   and (expires_at is null or expires_at > now());

-- name: record_hits(college_id, post_id)
-- All searches that an open post fits and that have not told of it yet, and whether a mail is due.
-- The index saved_service_searches_by_needs finds those that need
-- nothing which the post does not have; then price and place, and whether the watcher may see it at
-- all. The searches are held, so that one that is being deleted is waited for, and is gone.
with fitting as materialized (
    select search.search_id,
           search.user_id,
           search.name,
           search.mail_me
           and watcher.verified_at is not null
           and not exists (
               select
                 from saved_service_search_hits hit
                where hit.college_id = search.college_id
                  and hit.search_id = search.search_id
                  and hit.mailed
                  and hit.told_at > now() - interval '1 hour'
           ) as mailed,
           jsonb_build_object(
               'id', post.post_id,
               'kind', post.kind,
               'title', post.title,
               'compensation_type', post.compensation_type,
               'price', post.price,
               'deadline', post.deadline,
               'poster', shown_poster(post, poster.full_name, reader)
           ) as service_post
      from service_posts post
      join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
      join saved_service_searches search on search.needs <@ post_has(post)
      join users watcher on watcher.college_id = search.college_id and watcher.user_id = search.user_id
      join service_readers reader
        on reader.college_id = search.college_id and reader.user_id = search.user_id
     where post.college_id = :college_id
       and post.post_id = :post_id
       and post.deleted_at is null
       and service_status(post) = 'open'
       and poster.banned_at is null
       and search.college_id = :college_id
       and search.user_id <> post.user_id
       and (search.expires_at is null or search.expires_at > now())
       and (search.min_price is null or post.price >= search.min_price)
       and (search.max_price is null or post.price <= search.max_price)
       and (search.place is null
            or great_circle_meters(search.place, post.location) <= search.radius_meters)
       and may_see(post, reader)
     order by search.search_id
       for key share of search
),
new_hits as (
    insert into saved_service_search_hits (college_id, search_id, post_id, mailed)
    select :college_id,
           search_id,
           :post_id,
           mailed
      from fitting
        on conflict (search_id, post_id) do nothing
    returning search_id
)
select fitting.search_id,
       fitting.user_id,
       fitting.name,
       fitting.mailed,
       fitting.service_post
  from new_hits
  join fitting on fitting.search_id = new_hits.search_id
 order by fitting.search_id;

-- name: forget_hits(size)!
-- Forget which posts were told of three months ago, unless one is still open: it is not to be told of
-- again.
delete from saved_service_search_hits
 where ctid = any(array(
           select hit.ctid
             from saved_service_search_hits hit
             join service_posts post on post.college_id = hit.college_id and post.post_id = hit.post_id
            where hit.told_at < now() - interval '90 days'
              and service_status(post) <> 'open'
            order by hit.told_at
            limit :size::int
              for update of hit skip locked
       ));

-- name: export_service_searches(college_id, user_id)
-- Which posts the rider asked to be told of, and how often it was.
select search.search_id as id,
       search.name,
       search.words,
       search.tags,
       search.kind,
       search.compensation_type,
       search.min_price,
       search.max_price,
       search.place[1] as latitude,
       search.place[0] as longitude,
       search.radius_meters,
       search.mail_me,
       search.expires_at,
       search.created_at,
       (
           select count(*)
             from saved_service_search_hits hit
            where hit.search_id = search.search_id
       ) as hits
  from saved_service_searches search
 where search.college_id = :college_id
   and search.user_id = :user_id
 order by search.search_id;

-- name: remove_service_searches(college_id, user_id)!
-- Nor are services searched for.
delete from saved_service_searches
 where college_id = :college_id
   and user_id = :user_id;
