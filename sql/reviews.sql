-- Reviews: what riders of a completed pool say of each other, and the two sides of work that is done.
-- A review is of a pool or of a service post: of `pool_id` and `post_id` one is null.
--
-- They are written blind. `visible_from` is when others may read one, and the view
-- `visible_reviews` shows those whose time has come. Nobody but the author sees the others.

-- name: lock_ride(college_id, user_id, fellow_id, pool_id)^
-- A pool that the rider did not leave, and whether the fellow did not either. It is held: of two
-- who review each other at the same moment, the second finds what the first wrote.
select pools.status,
       exists (
           select
             from pool_members theirs
            where theirs.pool_id = pools.pool_id
              and theirs.user_id = :fellow_id
              and theirs.left_at is null
       ) as with_fellow
  from pools
 where pools.college_id = :college_id
   and pools.pool_id = :pool_id
   and exists (
       select
         from pool_members mine
        where mine.pool_id = pools.pool_id
          and mine.user_id = :user_id
          and mine.left_at is null
   )
   for no key update of pools;

-- name: lock_work(college_id, user_id, fellow_id, post_id)^
-- A service post on which the rider worked or which the rider wrote, and whether the fellow is the
-- other side of it: the writer, or one of those who were accepted. Whoever does not know who wrote
-- an anonymous post works with nobody, and the writer, until they say so, neither. Held, as above.
select service_status(post) as status,
       exists (
           select
             from service_applications work
            where work.post_id = post.post_id
              and work.status = 'accepted'
              and (work.user_id, work.poster_id) in ((:user_id, :fellow_id), (:fellow_id, :user_id))
              and (not post.is_anonymous or work.revealed_at is not null)
       ) as with_fellow
  from service_posts post
 where post.college_id = :college_id
   and post.post_id = :post_id
   and (
       post.user_id = :user_id
       or exists (
           select
             from service_applications mine
            where mine.post_id = post.post_id
              and mine.user_id = :user_id
              and mine.status = 'accepted'
       )
   )
   for no key update of post;

-- name: write_review(college_id, pool_id, post_id, author_id, subject_id, rating, comment)$
-- A new review, and the end of the blindness where the subject has reviewed the author; no row
-- when it was written before.
with theirs as (
    update reviews
       set visible_from = least(visible_from, clock_timestamp())
     where college_id = :college_id
       and (pool_id = :pool_id or post_id = :post_id)
       and author_id = :subject_id
       and subject_id = :author_id
    returning clock_timestamp() as met_at
)
insert into reviews (college_id, pool_id, post_id, author_id, subject_id, rating, comment, visible_from)
values (
    :college_id,
    :pool_id,
    :post_id,
    :author_id,
    :subject_id,
    :rating::smallint,
    :comment,
    coalesce((select met_at from theirs), now() + interval '168 hours')
)
    on conflict do nothing
returning review_id;

-- name: list_mutual(college_id, pool_id, post_id, one_id, other_id)
-- What two riders wrote of each other, as its subject may read it; nothing while only one has
-- written, and nothing where a block stands between them.
select v.subject_id,
       v.review_id as id,
       v.author,
       v.rating,
       v.comment,
       v.created_at,
       v.edited_at,
       v.reply
  from reviews one
  join reviews other on (other.pool_id = one.pool_id or other.post_id = one.post_id)
                    and other.author_id = one.subject_id
                    and other.subject_id = one.author_id
  join visible_reviews v on v.review_id in (one.review_id, other.review_id)
 where one.college_id = :college_id
   and (one.pool_id = :pool_id or one.post_id = :post_id)
   and one.author_id = :one_id
   and one.subject_id = :other_id
   and not are_blocked(:one_id, :other_id)
 order by v.review_id;

-- name: lock_review(college_id, viewer_id, review_id)^
-- A review that its author, or whoever may read it, wants to act on; held. By the clock at the
-- end of the wait: what became visible meanwhile is no longer the author's to change.
select r.author_id,
       r.subject_id,
       r.reply is not null as replied,
       r.visible_from > clock_timestamp()
           and r.created_at + interval '48 hours' > clock_timestamp() as editable
  from reviews r
  join users subject on subject.user_id = r.subject_id
 where r.college_id = :college_id
   and r.review_id = :review_id
   and (
       r.author_id = :viewer_id
       or r.visible_from <= clock_timestamp()
           and subject.banned_at is null
           and not are_blocked(:viewer_id, r.author_id)
           and not are_blocked(:viewer_id, r.subject_id)
   )
   for no key update of r;

-- name: edit_review(college_id, author_id, review_id, rating, comment)!
-- Change a review that is held; what is null stays as it is.
update reviews
   set rating = coalesce(:rating::smallint, rating),
       comment = coalesce(:comment::text, comment),
       edited_at = now()
 where college_id = :college_id
   and author_id = :author_id
   and review_id = :review_id;

-- name: reply_to_review(college_id, subject_id, review_id, reply)!
-- The subject's answer to a review that is held.
update reviews
   set reply = :reply,
       replied_at = now()
 where college_id = :college_id
   and subject_id = :subject_id
   and review_id = :review_id
   and reply is null;

-- name: find_review(college_id, review_id)^
-- One review, as others read it.
select review_id as id,
       author,
       rating,
       comment,
       created_at,
       edited_at,
       reply
  from visible_reviews
 where college_id = :college_id
   and review_id = :review_id;

-- name: list_received(college_id, viewer_id, user_id, before, skip, size)
-- What may be read of a fellow, latest first; `before` is the last id of the page before, or
-- null. Somebody without reviews gives one row of nulls, nobody to be seen gives none.
select v.review_id as id,
       v.author,
       v.rating,
       v.comment,
       v.created_at,
       v.edited_at,
       v.reply
  from users subject
  left join lateral (
      select review_id,
             author,
             rating,
             comment,
             created_at,
             edited_at,
             reply
        from visible_reviews
       where college_id = :college_id
         and subject_id = :user_id
         and not are_blocked(:viewer_id, author_id)
         and (:before::bigint is null or review_id < :before)
       order by review_id desc
      offset :skip::int
       limit :size::int
  ) v on true
 where subject.college_id = :college_id
   and subject.user_id = :user_id
   and subject.banned_at is null
   and not are_blocked(:viewer_id, subject.user_id)
 order by v.review_id desc;

-- name: list_written(college_id, author_id, review_id, before, skip, size)
-- What a rider wrote, latest first, also what nobody else may read yet. `review_id` is one of
-- them or null for all; `before` is the last id of the page before, or null.
select r.review_id as id,
       r.pool_id,
       r.post_id,
       jsonb_build_object('id', subject.user_id, 'full_name', subject.full_name) as subject,
       r.rating,
       r.comment,
       r.created_at,
       r.edited_at,
       r.visible_from <= statement_timestamp() as visible,
       r.visible_from > statement_timestamp()
           and r.created_at + interval '48 hours' > statement_timestamp() as editable,
       case when r.reply is not null
            then jsonb_build_object('text', r.reply, 'created_at', r.replied_at) end as reply
  from reviews r
  join users subject on subject.user_id = r.subject_id
 where r.college_id = :college_id
   and r.author_id = :author_id
   and (:review_id::bigint is null or r.review_id = :review_id)
   and (:before::bigint is null or r.review_id < :before)
 order by r.review_id desc
offset :skip::int
 limit :size::int;

-- name: export_reviews_written(college_id, user_id)
-- What the rider wrote of others, also what nobody may read yet.
select review.review_id as id,
       review.pool_id,
       review.post_id,
       subject.full_name as subject,
       review.rating,
       review.comment,
       review.created_at,
       review.edited_at,
       review.visible_from,
       review.reply,
       review.replied_at
  from reviews review
  join users subject on subject.college_id = review.college_id and subject.user_id = review.subject_id
 where review.college_id = :college_id
   and review.author_id = :user_id
 order by review.review_id;

-- name: export_reviews_received(college_id, user_id)
-- What others wrote of the rider; what was written blind only once it may be read.
select review_id as id,
       author ->> 'full_name' as author,
       rating,
       comment,
       created_at,
       edited_at,
       reply
  from visible_reviews
 where college_id = :college_id
   and subject_id = :user_id
 order by review_id;
