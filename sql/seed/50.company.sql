-- What riders think of each other: reviews, reports, and what moderators did about them.

-- About rides that went well, and work that is done.
create unlogged table seeding.reviews as
select one.college_id,
       one.pool_id,
       null::bigint as post_id,
       one.user_id as author_id,
       other.user_id as subject_id,
       one.request_id * 4 + other.request_id % 4 as nth,
       pools.closed_at + (now() - pools.closed_at)
           * power(seeding.dice(one.request_id * 4 + other.request_id % 4, 'reviewed'), 4) as created_at
  from pools
  join pool_members one using (college_id, pool_id)
  join pool_members other using (college_id, pool_id)
 where pools.status = 'completed'
   and one.user_id <> other.user_id
   and seeding.dice(one.request_id * 4 + other.request_id % 4, 'reviews') < 0.4
 union all
select work.college_id,
       null,
       work.post_id,
       author_id,
       subject_id,
       -(work.application_id * 4 + side),
       work.answered_at + (now() - work.answered_at)
           * seeding.dice(-(work.application_id * 4 + side), 'reviewed')
  from service_applications work
  join service_posts post using (college_id, post_id)
 cross join lateral (values (0, work.user_id, work.poster_id), (1, work.poster_id, work.user_id))
            as sides (side, author_id, subject_id)
 where post.status = 'completed'
   and work.status = 'accepted'
   and not post.is_anonymous
   and seeding.dice(-(work.application_id * 4 + side), 'reviews') < 0.5;

analyze seeding.reviews;

-- Written blind: for others to read after seven days, or as soon as both have written. Most are content.
insert into reviews (
    review_id, college_id, pool_id, post_id, author_id, subject_id, rating, comment, created_at, visible_from,
    reply, replied_at
)
overriding system value
select nextval(pg_get_serial_sequence('reviews', 'review_id')),
       ordered.*
  from (
      select mine.college_id,
             mine.pool_id,
             mine.post_id,
             mine.author_id,
             mine.subject_id,
             case when luck < 0.6 then 5 when luck < 0.86 then 4 when luck < 0.94 then 3 when luck < 0.97 then 2 else 1 end,
             case when seeding.dice(mine.nth, 'has a comment') < 0.5
                  then seeding.pick_popular(mine.nth, 'comment', array[
                           'On time, and good company.', 'A pleasant ride.', 'Thank you!', 'Friendly and on time.',
                           'Talked a lot.', 'Came ten minutes late.', 'Knew a shorter way.', 'Never answered my messages.'])
                  else '' end,
             mine.created_at,
             visible_from,
             case when replies then 'Thank you; any time again.' end,
             case when replies then visible_from + (now() - visible_from) * seeding.dice(mine.nth, 'replied') end
        from seeding.reviews mine
        left join seeding.reviews theirs
          on coalesce(theirs.pool_id, -theirs.post_id) = coalesce(mine.pool_id, -mine.post_id)
         and theirs.author_id = mine.subject_id
         and theirs.subject_id = mine.author_id
       cross join lateral (
                 select seeding.dice(mine.nth, 'rating') as luck,
                        least(mine.created_at + interval '168 hours', greatest(mine.created_at, theirs.created_at))
                            as met_at
             ) as drawn
       cross join lateral (
                 select case when theirs.created_at is null then mine.created_at + interval '168 hours' else met_at end
                            as visible_from
             ) as meeting
       cross join lateral (
                 select visible_from < now() and seeding.dice(mine.nth, 'replies') < 0.12 as replies
             ) as answer
       order by mine.created_at
  ) as ordered;

-- Reports; the first moderator of the college has settled most.
create unlogged table seeding.reports as
select nextval(pg_get_serial_sequence('reports', 'report_id')) as report_id,
       told.*
  from (
      select rider.n,
             rider.college_id,
             rider.user_id as reporter_id,
             subject.user_id as subject_id,
             moderator.user_id as moderator_id,
             greatest(rider.joined_at, subject.joined_at)
                 + (now() - greatest(rider.joined_at, subject.joined_at)) * seeding.dice(rider.n, 'reported') as created_at,
             -- Nobody settles what is told about themselves, and nobody here is banned on the road.
             case when subject.nth = 1 or seeding.dice(rider.n, 'settled') > 0.7 then null
                  when seeding.dice(rider.n, 'outcome') < 0.5 then 'dismissed'
                  when seeding.dice(rider.n, 'outcome') < 0.7 then 'settled'
                  when seeding.dice(rider.n, 'outcome') < 0.85 or on_the_road then 'warned'
                  else 'banned' end as outcome
        from seeding.riders rider
        join seeding.riders subject on subject.college_id = rider.college_id
                                   and subject.nth = 1 + (rider.nth + 30) % rider.fellows
        join seeding.riders moderator on moderator.college_id = rider.college_id and moderator.nth = 1
       cross join lateral (
                 select exists (
                     select
                       from pooling_requests
                      where pooling_requests.user_id = subject.user_id
                        and pooling_requests.status in ('active', 'matched')
                 ) as on_the_road
             ) as now
       where rider.n % 70 = 9
         and subject.n <> rider.n
       order by created_at
  ) as told;

insert into reports (
    report_id, college_id, reporter_id, subject_id, reason, details, created_at, resolved_at, resolved_by, outcome, note
)
overriding system value
select report_id,
       college_id,
       reporter_id,
       subject_id,
       seeding.pick_popular(n, 'reason', array['no_show', 'offensive_content', 'unsafe_ride', 'harassment', 'fraud',
                                               'false_identity', 'other']),
       seeding.chatter(n, 2),
       created_at,
       resolved_at,
       case when outcome is not null then moderator_id end,
       outcome,
       case when outcome is not null then 'Talked to both.' else '' end
  from seeding.reports
 cross join lateral (
           select case when outcome is not null
                       then created_at + (now() - created_at) * seeding.dice(n, 'settled when') end as resolved_at
       ) as settling;

-- The trail: who was made a moderator, and what came of each report.
insert into moderation_acts (act_id, college_id, actor_id, act, subject_id, report_id, outcome, note, acted_at)
overriding system value
select nextval(pg_get_serial_sequence('moderation_acts', 'act_id')),
       done.*
  from (
      select college_id,
             null::bigint as actor_id,
             'promote' as act,
             user_id,
             null::bigint as report_id,
             role as outcome,
             'from the command line' as note,
             created_at as acted_at
        from users
       where role <> 'student'
         and email like '%@seed.example'
       union all
      select report.college_id,
             report.resolved_by,
             act,
             report.subject_id,
             case act when 'resolve' then report.report_id end,
             case act when 'resolve' then report.outcome end,
             report.note,
             report.resolved_at
        from reports report
        join seeding.reports using (report_id)
       cross join lateral unnest(case report.outcome when 'warned' then array['resolve', 'warn']
                                                     when 'banned' then array['resolve', 'ban']
                                                     else array['resolve'] end) as act
       where report.resolved_at is not null
       order by acted_at
  ) as done;

-- A ban ends every session, by a trigger.
update users
   set banned_at = acted_at
  from moderation_acts
 where act = 'ban'
   and subject_id = user_id;
