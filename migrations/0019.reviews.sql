-- Reviews: what riders of a completed pool say of each other, each once of each fellow.

-- An account that leaves is emptied, never deleted: reviews it wrote and received stay, under
-- whatever name the account still has.
create table reviews (
    review_id    bigint      generated always as identity primary key,
    college_id   bigint      not null,
    pool_id      bigint      not null,
    author_id    bigint      not null,
    subject_id   bigint      not null,
    rating       smallint    not null check (rating between 1 and 5),
    comment      text        not null default '' check (char_length(comment) <= 1000),
    created_at   timestamptz not null default now(),
    edited_at    timestamptz,
    -- When others may read it: seven days after it was written, or as soon as both have reviewed
    -- each other. Nobody writes so as to pay back. In hours: a day may have 23 of them.
    visible_from timestamptz not null,
    -- The subject's, once.
    reply        text        check (char_length(reply) between 1 and 1000),
    replied_at   timestamptz,
    foreign key (college_id, pool_id) references pools (college_id, pool_id),
    foreign key (college_id, author_id) references users (college_id, user_id),
    foreign key (college_id, subject_id) references users (college_id, user_id),
    -- Prevents a second review of the same fellow for the same ride; finds what the other wrote.
    unique (pool_id, author_id, subject_id),
    check (author_id <> subject_id),
    check (visible_from between created_at and created_at + interval '168 hours'),
    check ((reply is null) = (replied_at is null))
);

-- Serves the reading of somebody's reviews, latest first, and their summary without the table.
create index reviews_of_subject on reviews (subject_id, review_id)
    include (visible_from, rating);

-- Serves the reading of what one wrote, latest first.
create index reviews_by_author on reviews (author_id, review_id);

-- What may be read by others. Every query that shows a review to anybody but its author asks
-- here, so that a review appears to the second, without a job. The author is looked up, not
-- joined, so that who only counts need not leave the index.
create view visible_reviews as
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

-- What every profile shows of its reviews. Counted when it is asked for: a review becomes
-- visible by the mere passing of time, which no counter would notice, and counting a thousand
-- from the index takes less than a millisecond. The sums are the same for every viewer; of what
-- was written, those whom the viewer blocked, or who blocked the viewer, are left out.
drop function review_summary(bigint);

create function review_summary(reviewed_id bigint, viewer_id bigint default null) returns jsonb
language sql stable parallel safe
return (
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
                            and not are_blocked(viewer_id, author_id)
                          order by review_id desc
                          limit 3
                     ) as latest
               )
           )
      from visible_reviews
     where subject_id = reviewed_id
);
