-- Finding services: a query for each question that is asked often, and one for all others.

-- name: list_newest(college_id, reader_id, after_time, after_id, skip, size)
-- The newest open posts of a college that a reader may see, without their descriptions; the
-- `after_...` are of the last post of the page before.
with me as materialized (
    select reader
      from service_readers reader
     where reader.college_id = :college_id
       and reader.user_id = :reader_id
)
select s.id,
       s.kind,
       s.title,
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
       shown_poster(s.post, s.poster_name, me.reader) as poster,
       s.tags,
       s.location,
       s.created_at,
       null::float8 as rank
  from me
 cross join shown_services s
 where s.college_id = :college_id
   and (s.post).status = 'open'
   and coalesce((s.post).deadline, 'infinity') > now()
   and (s.created_at, s.id) < (coalesce(:after_time::timestamptz, 'infinity'), coalesce(:after_id::bigint, 0))
   and may_see(s.post, me.reader)
 order by s.created_at desc,
          s.id desc
offset :skip::int
 limit :size::int;

-- name: list_open_to_all(after_time, after_id, skip, size)
-- The newest open posts of all colleges that anybody may read, without their descriptions.
select s.id,
       s.kind,
       s.title,
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
       shown_poster(s.post, s.poster_name, null) as poster,
       s.tags,
       s.location,
       s.created_at,
       null::float8 as rank
  from shown_services s
 where (s.post).open_to_all
   and (s.post).status = 'open'
   and coalesce((s.post).deadline, 'infinity') > now()
   and (s.created_at, s.id) < (coalesce(:after_time::timestamptz, 'infinity'), coalesce(:after_id::bigint, 0))
 order by s.created_at desc,
          s.id desc
offset :skip::int
 limit :size::int;

-- name: list_posts(college_id, reader_id, search, tags, kind, status, compensation_type, price_from, price_to, deadline_after, deadline_before, poster_id, longitude, latitude, meters, sorted_by, after_id, after_time, after_price, after_rank, scarce, reach, skip, size)
-- A page of posts without their descriptions, by whatever is asked of them. A parameter that is null
-- asks for nothing, and the planner, which knows the values, leaves out what asks for nothing.
-- Without a reader: what is open to all, of every college. `sorted_by` is newest, price, deadline or relevance; the `after_...` are of the last post
-- of the page before. A word in the title counts 1, a tag 0.4, the description 0.2, and what is only
-- spelt alike 0.01. `reach` is how many posts are looked at: skip and size together, or for
-- relevance the newest so many that fit, of which the best come first.
--
-- Words and tags that at most `scarce` posts have are looked up, and these posts put in order. More
-- frequent ones are met soon on a walk along the order. No planner can tell which it will be: it
-- would walk past all posts for a word that none has. So `matching` finds out.
-- scans: in no plan for a question, but in this one, which would have to serve all questions.
with me as materialized (
    select reader
      from service_readers reader
     where reader.college_id = :college_id
       and reader.user_id = :reader_id
),
matching as materialized (
    select post_id
      from service_posts
     where (:search::text is not null or :tags::text[] is not null)
       and (:search::text is null or words @@ words_wanted(:search))
       and (:tags::text[] is null or tags @> tag_keys(:tags))
       and (:college_id::bigint is null or college_id = :college_id)
       and deleted_at is null
     limit :scarce::int + 1
),
fitting as not materialized (
    select post.post_id,
           post.created_at,
           coalesce(post.price, 'Infinity') as price,
           coalesce(post.deadline, 'infinity') as deadline,
           post.words,
           post.tags
      from service_posts post
      join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
      left join me on true
     where post.deleted_at is null
       and poster.banned_at is null
       and (:college_id::bigint is null or post.college_id = :college_id)
       and (:reader_id::bigint is not null or post.open_to_all)
       and (:reader_id::bigint is null or may_see(post, me.reader))
       and (:status::text <> 'open' or post.status = 'open' and coalesce(post.deadline, 'infinity') > now())
       and (:status::text = 'open'
            or (post.status = :status
                or :status <> 'completed' and post.status = 'open' and coalesce(post.deadline, 'infinity') <= now())
               and coalesce(service_status(post) = :status, false))
       and (:kind::text is null or post.kind = :kind)
       and (:compensation_type::text is null or post.compensation_type = :compensation_type)
       and (:price_from::numeric is null
            or coalesce(post.price, 'Infinity') >= :price_from and coalesce(post.price, 'Infinity') < 'Infinity')
       and (:price_to::numeric is null or coalesce(post.price, 'Infinity') <= :price_to)
       and (:deadline_after::timestamptz is null
            or coalesce(post.deadline, 'infinity') >= :deadline_after
               and coalesce(post.deadline, 'infinity') < 'infinity')
       and (:deadline_before::timestamptz is null or coalesce(post.deadline, 'infinity') <= :deadline_before)
       and (:poster_id::bigint is null
            or post.user_id = :poster_id and (not post.is_anonymous or :poster_id = :reader_id))
       and (:meters::float8 is null
            or post.location <@ circle_box(point(:longitude::float8, :latitude::float8), :meters)
               and great_circle_meters(post.location, point(:longitude, :latitude)) <= :meters)
       and (:after_id::bigint is null or :sorted_by <> 'newest'
            or (post.created_at, post.post_id) < (:after_time::timestamptz, :after_id))
       and (:after_id::bigint is null or :sorted_by <> 'price'
            or (coalesce(post.price, 'Infinity'), post.post_id)
               > (coalesce(:after_price::numeric, 'Infinity'), :after_id))
       and (:after_id::bigint is null or :sorted_by <> 'deadline'
            or (coalesce(post.deadline, 'infinity'), post.post_id)
               > (coalesce(:after_time::timestamptz, 'infinity'), :after_id))
),
found as (
    (
        select post_id,
               created_at,
               price,
               deadline,
               words
          from fitting
         where (:search::text is null and :tags::text[] is null
                or (select count(*) from matching) > :scarce)
           and (:search::text is null or words @@ words_wanted(:search))
           and (:tags::text[] is null or tags @> tag_keys(:tags))
         order by case when :sorted_by = 'price' then price end,
                  case when :sorted_by = 'deadline' then deadline end,
                  case when :sorted_by in ('newest', 'relevance') then created_at end desc,
                  case when :sorted_by in ('newest', 'relevance') then post_id end desc,
                  case when :sorted_by in ('price', 'deadline') then post_id end
         limit :reach::int
    )
     union all
    (
        select post_id,
               created_at,
               price,
               deadline,
               words
          from fitting
          join matching using (post_id)
         where (select count(*) from matching) <= :scarce
         order by case when :sorted_by = 'price' then price end,
                  case when :sorted_by = 'deadline' then deadline end,
                  case when :sorted_by in ('newest', 'relevance') then created_at end desc,
                  case when :sorted_by in ('newest', 'relevance') then post_id end desc,
                  case when :sorted_by in ('price', 'deadline') then post_id end
         limit :reach::int
    )
),
ranked as (
    select post_id,
           created_at,
           price,
           deadline,
           case when :sorted_by = 'relevance'
                then coalesce(ts_rank('{0.01, 0.2, 0.4, 1}', words, words_wanted(:search)), 0)::float8
                end as rank
      from found
),
page as (
    select post_id,
           rank,
           row_number() over (
               order by rank desc,
                        case when :sorted_by = 'price' then price end,
                        case when :sorted_by = 'deadline' then deadline end,
                        case when :sorted_by = 'newest' then created_at end desc,
                        case when :sorted_by in ('newest', 'relevance') then post_id end desc,
                        post_id
           ) as place
      from ranked
     where :after_id::bigint is null
        or :sorted_by <> 'relevance'
        or (rank, post_id) < (:after_rank::float8, :after_id)
     order by place
    offset :skip::int
     limit :size::int
)
select s.id,
       s.kind,
       s.title,
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
       shown_poster(s.post, s.poster_name, me.reader) as poster,
       s.tags,
       s.location,
       s.created_at,
       page.rank
  from page
  join shown_services s on s.id = page.post_id
  left join me on true
 order by page.place;

-- name: count_tags(college_id, reader_id, search, tags, kind, status, compensation_type, price_from, price_to, deadline_after, deadline_before, poster_id, longitude, latitude, meters, reach, size)
-- How many of the posts that list_posts finds for a reader have each tag, the most frequent first;
-- of the newest `reach` of them.
-- scans: in no plan for a question, but in this one, which would have to serve all questions.
with me as materialized (
    select reader
      from service_readers reader
     where reader.college_id = :college_id
       and reader.user_id = :reader_id
)
select tag.tag_id as id,
       tag.name,
       count(*) as posts
  from (
      select post.tags
        from service_posts post
        join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
        join me on true
       where post.college_id = :college_id
         and post.deleted_at is null
         and poster.banned_at is null
         and may_see(post, me.reader)
         and (:status::text <> 'open' or post.status = 'open' and coalesce(post.deadline, 'infinity') > now())
         and (:status::text = 'open'
            or (post.status = :status
                or :status <> 'completed' and post.status = 'open' and coalesce(post.deadline, 'infinity') <= now())
               and coalesce(service_status(post) = :status, false))
         and (:search::text is null or post.words @@ words_wanted(:search))
         and (:tags::text[] is null or post.tags @> tag_keys(:tags))
         and (:kind::text is null or post.kind = :kind)
         and (:compensation_type::text is null or post.compensation_type = :compensation_type)
         and (:price_from::numeric is null or post.price >= :price_from)
         and (:price_to::numeric is null or post.price <= :price_to)
         and (:deadline_after::timestamptz is null or post.deadline >= :deadline_after)
         and (:deadline_before::timestamptz is null or post.deadline <= :deadline_before)
         and (:poster_id::bigint is null
              or post.user_id = :poster_id and (not post.is_anonymous or :poster_id = :reader_id))
         and (:meters::float8 is null
              or post.location <@ circle_box(point(:longitude::float8, :latitude::float8), :meters)
                 and great_circle_meters(post.location, point(:longitude, :latitude)) <= :meters)
       order by post.created_at desc,
                post.post_id desc
       limit :reach::int
  ) as found
 cross join unnest(found.tags) as key
  join service_tags tag on tag.college_id = :college_id and lower(tag.name) = key
 group by tag.tag_id
 order by posts desc,
          tag.name
 limit :size::int;
