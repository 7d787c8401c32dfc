-- Which reviews may be read, and what they come to.

-- What may be read by others. Every query that shows a review to anybody but its author asks
-- here, so that a review appears to the second, without a job. The author is looked up, not
-- joined, so that who only counts need not leave the index.
create or replace view visible_reviews with (security_invoker = true) as
select r.college_id,
       r.review_id,
       r.author_id,
       r.subject_id,
       (select jsonb_build_object('id', users.user_id, 'full_name', users.full_name)
          from users
         where users.user_id = r.author_id) as author,
       r.rating,
       r.comment,
       r.created_at,
       r.edited_at,
       case when r.reply is not null
            then jsonb_build_object('text', r.reply, 'created_at', r.replied_at) end as reply
  from reviews r
 where r.visible_from <= statement_timestamp();

grant select on visible_reviews to tripsync_app;

-- What every profile shows of its reviews. Counted when it is asked for: a review becomes
-- visible by the mere passing of time, which no counter would notice, and counting a thousand
-- from the index takes less than a millisecond. The sums are the same for every viewer; of what
-- was written, those whom the viewer blocked, or who blocked the viewer, are left out.
--
-- A table of one row, which PostgreSQL reads as a part of the query that asks; a function that gives
-- a value would be planned and started apart, each time.
create or replace function review_summary(reviewed_id bigint, viewer_id bigint) returns table (summary jsonb)
language sql stable parallel safe begin atomic
    select jsonb_build_object(
               'average', round(avg(rating), 2),
               'count',   count(*),
               'stars',   jsonb_build_object(
                              '1', count(*) filter (where rating = 1),
                              '2', count(*) filter (where rating = 2),
                              '3', count(*) filter (where rating = 3),
                              '4', count(*) filter (where rating = 4),
                              '5', count(*) filter (where rating = 5)
                          ),
               'recent',  (
                   select coalesce(
                              jsonb_agg(
                                  jsonb_build_object(
                                      'id',         latest.review_id,
                                      'author',     latest.author,
                                      'rating',     latest.rating,
                                      'comment',    latest.comment,
                                      'created_at', latest.created_at,
                                      'edited_at',  latest.edited_at,
                                      'reply',      latest.reply
                                  )
                                  order by latest.review_id desc
                              ),
                              '[]'
                          )
                     from (
                         select review_id,
                                author,
                                rating,
                                comment,
                                created_at,
                                edited_at,
                                reply
                           from visible_reviews
                          where subject_id = reviewed_id
                            and not exists (select from blocked where blocked.one_id = viewer_id and blocked.other_id = author_id)
                          order by review_id desc
                          limit 3
                     ) as latest
               )
           )
      from visible_reviews
     where subject_id = reviewed_id;
end;
