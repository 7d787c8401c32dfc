-- Services: what students offer and ask for, who applied, and what came of it.

-- Most who write posts write one, few write many; most posts are about the popular subjects.
create unlogged table seeding.posts as
select n * 64 + nth_post as nth,
       n,
       nth_post,
       college_id,
       user_id,
       fellows,
       campus,
       -- Below 2^48, as the application's are, and saying as little of when.
       ('x' || encode(substr(seeding.hash_of_nothing(n * 64 + nth_post, 'post'), 1, 6), 'hex'))::bit(48)::bigint + 1
           as post_id,
       case when seeding.dice(n * 64 + nth_post, 'kind') < 0.45 then 'offer' else 'request' end as kind,
       seeding.pick_popular(n * 64 + nth_post, 'subject', seeding.subjects()) as subject,
       seeding.pick_popular(n * 64 + nth_post, 'second subject', seeding.subjects()) as second_subject,
       seeding.dice(n * 64 + nth_post, 'anonymous') < 0.1 as is_anonymous,
       seeding.zipf(n * 64 + nth_post, 'team', 6) as team_size,
       case seeding.dice(n * 64 + nth_post, 'has a deadline') < 0.6
            when true then interval '1 day' * (3 + 50 * seeding.dice(n * 64 + nth_post, 'deadline')) end as time_left,
       seeding.zipf(n * 64 + nth_post, 'applicants', 20) - 1 as applicants,
       created_at
  from seeding.riders
 cross join lateral generate_series(1, seeding.zipf(n, 'posts', 8)) as nth_post
 cross join lateral (
           select joined_at + (now() - joined_at) * sqrt(seeding.dice(n * 64 + nth_post, 'posted')) as created_at
       ) as moment
 where seeding.dice(n, 'writes posts') < 0.18;

-- Who would apply: fellows of the college, each once.
create unlogged table seeding.applicants as
select distinct on (posts.nth, applicant.n)
       posts.nth as of_post,
       applicant.n,
       applicant.user_id,
       row_number() over (partition by posts.nth order by nth_applicant) as place,
       posts.created_at + (now() - posts.created_at) * power(seeding.dice(posts.nth * 32 + nth_applicant, 'applied'), 3)
           as applied_at
  from seeding.posts
 cross join lateral generate_series(1, applicants) as nth_applicant
  join seeding.riders applicant
    on applicant.college_id = posts.college_id
   and applicant.nth = 1 + floor(posts.fellows * seeding.dice(posts.nth * 32 + nth_applicant, 'applicant'))
 where applicant.user_id <> posts.user_id
 order by posts.nth,
          applicant.n,
          nth_applicant;

insert into service_posts (
    post_id, college_id, user_id, kind, title, description, status, team_size, deadline, compensation_type, price,
    requires_resume, requires_cover_letter, is_anonymous, college_only, tags, requirements, filters, location,
    location_name, created_at
)
select post_id,
       college_id,
       user_id,
       kind,
       case kind when 'offer'
            then seeding.pick(nth, 'title', array['I teach ', 'Lessons in ', 'Evening classes in ', 'Coaching for '])
            else seeding.pick(nth, 'title', array['Tutor wanted for ', 'Who helps me with ', 'Project partner for ',
                                                  'Looking for help with '])
       end || subject || case when seeding.dice(nth, 'two of them') < 0.3 then ' and ' || second_subject else '' end,
       'About ' || subject || '. ' || seeding.chatter(nth, 1 + seeding.zipf(nth, 'description', 20)),
       case when place_taken and seeding.dice(nth, 'is over') < 0.75 then 'completed'
            when place_taken then 'in_progress'
            when seeding.dice(nth, 'is over') < 0.15 then 'cancelled'
            else 'open' end,
       team_size,
       created_at + time_left,
       compensation_type,
       case when compensation_type in ('fixed_price', 'hourly_rate')
            then round((300 * exp(0.7 * seeding.normal(nth, 'price')))::numeric, -1) end,
       seeding.dice(nth, 'wants a résumé') < 0.08,
       seeding.dice(nth, 'wants a letter') < 0.15,
       is_anonymous,
       seeding.dice(nth, 'college only') < 0.7,
       tag_keys(array[subject, case when seeding.dice(nth, 'two tags') < 0.5 then second_subject else subject end]),
       case when seeding.dice(nth, 'requirement') < 0.25
            then jsonb_build_array(jsonb_build_object('kind', 'skill', 'value', null, 'text', 'You know some ' || subject))
            else '[]' end,
       case when seeding.dice(nth, 'filter') < 0.08
            then jsonb_build_array(jsonb_build_object(
                     'type', 'year_of_study', 'value', seeding.pick(nth, 'which year', seeding.years())))
            when seeding.dice(nth, 'filter') < 0.12
            then '[{"type": "verified_only", "value": true}]'
            else '[]' end,
       case when seeding.dice(nth, 'place') < 0.2
            then seeding.beside(campus, 800 * seeding.normal(nth, 'east'), 800 * seeding.normal(nth, 'north')) end,
       case when seeding.dice(nth, 'place') < 0.2 then 'Near the campus' else '' end,
       case when is_anonymous then date_trunc('hour', created_at, 'UTC') else created_at end
  from seeding.posts
 cross join lateral (
           select seeding.pick_popular(nth, 'pay', array['hourly_rate', 'volunteer', 'fixed_price', 'negotiable'])
                      as compensation_type,
                  exists (
                      select
                        from seeding.applicants
                       where of_post = nth
                  ) and seeding.dice(nth, 'decided') < 0.5 as place_taken
       ) as outcome;

insert into service_tags (college_id, name)
select distinct
       college_id,
       unnest(tags)
  from service_posts
 order by 1, 2
    on conflict do nothing;

-- Only who may see a post applies to it. Where work has begun the first were accepted, as many as there
-- are places; a trigger counts them. Whose rejection or acceptance was about a ride is not asked.
insert into service_applications (
    application_id, college_id, post_id, poster_id, user_id, status, cover_letter, resume_url, proposed_rate,
    applied_at, answered_at, revealed_at
)
overriding system value
select nextval(pg_get_serial_sequence('service_applications', 'application_id')),
       college_id,
       post_id,
       poster_id,
       user_id,
       status,
       cover_letter,
       resume_url,
       proposed_rate,
       applied_at,
       case when status in ('accepted', 'rejected') then answered_at end,
       case when status = 'accepted' and is_anonymous and seeding.dice(sent_as, 'revealed') < 0.6 then answered_at end
  from (
      select post.college_id,
             post.post_id,
             post.user_id as poster_id,
             applicants.user_id,
             case when post.status in ('in_progress', 'completed')
                  then case when row_number() over places <= post.team_size then 'accepted' else 'rejected' end
                  when post.status = 'cancelled' then 'rejected'
                  when seeding.dice(sent_as, 'withdrawn') < 0.1 then 'withdrawn'
                  else 'pending' end as status,
             case when post.requires_cover_letter or seeding.dice(sent_as, 'letter') < 0.4
                  then seeding.chatter(sent_as, seeding.zipf(sent_as, 'letter', 12)) end as cover_letter,
             case when post.requires_resume then 'https://files.example/rider' || applicants.n || '.pdf' end as resume_url,
             case when post.price is not null and seeding.dice(sent_as, 'rate') < 0.3 then post.price end as proposed_rate,
             applied_at,
             applied_at + (now() - applied_at) * seeding.dice(sent_as, 'answered') as answered_at,
             post.is_anonymous,
             sent_as
        from seeding.applicants
        join seeding.posts on posts.nth = applicants.of_post
        join service_posts post on post.college_id = posts.college_id and post.post_id = posts.post_id
        join service_readers reader on reader.user_id = applicants.user_id
       cross join lateral (select applicants.of_post * 32 + applicants.place as sent_as) as letter
       where may_see(post, reader)
      window places as (partition by post.post_id order by place)
       order by applied_at
  ) as sent;

-- Where nobody whom it is for applied, no work has begun.
update service_posts
   set status = 'cancelled'
 where status in ('in_progress', 'completed')
   and places_taken = 0;

insert into saved_service_searches (
    college_id, user_id, name, words, tags, kind, compensation_type, min_price, max_price, place, radius_meters,
    mail_me, expires_at, created_at
)
select college_id,
       user_id,
       'About ' || subject,
       case when n % 3 = 0 then subject end,
       case when n % 3 > 0 then array[subject] else '{}' end,
       case when n % 2 = 0 then 'offer' end,
       case when n % 8 = 0 then 'volunteer' end,
       null,
       case when n % 6 = 1 then 2000 end,
       case when n % 9 = 0 then campus end,
       case when n % 9 = 0 then 3000 end,
       n % 4 = 0,
       case when n % 2 = 1 then now() + interval '90 days' * seeding.dice(n, 'service search expires') end,
       joined_at + (now() - joined_at) * seeding.dice(n, 'searches services since')
  from seeding.riders
 cross join lateral (select seeding.pick_popular(n, 'looks for', seeding.subjects()) as subject) as wish
 where seeding.dice(n, 'searches services') < 0.08;

insert into saved_service_search_hits (college_id, search_id, post_id, mailed, told_at)
select search.college_id,
       search.search_id,
       post.post_id,
       false,
       post.created_at
  from saved_service_searches search
  join service_posts post on post.college_id = search.college_id
                         and post.created_at > greatest(search.created_at, now() - interval '60 days')
                         and post.user_id <> search.user_id
 where search.tags <> '{}'
   and search.tags <@ post.tags
   and search.kind is null
   and search.place is null
   and search.max_price is null
   and search.compensation_type is null
   and not post.is_anonymous;
