-- Who may see a post of the service exchange, and as what it is shown.

-- Who reads services: what filters ask of them, between whom and them a block stands, and which
-- writers of anonymous posts showed themselves to them. Nobody who is banned or has left. A query
-- reads one such row and asks it of every post.
create or replace view service_readers with (security_invoker = true) as
select users.college_id,
       users.user_id,
       users.verified_at is not null as verified,
       lower(btrim(profiles.year_of_study)) as year_of_study,
       lower(btrim(profiles.college_unit)) as college_unit,
       lower(btrim(profiles.major)) as major,
       profiles.gender,
       array(
           select blocked_id
             from blocks
            where blocker_id = users.user_id
            union all
           select blocker_id
             from blocks
            where blocked_id = users.user_id
       ) as blocks,
       array(
           select post_id
             from service_applications
            where service_applications.user_id = users.user_id
              and revealed_at is not null
       ) as revealed
  from users
  join profiles using (college_id, user_id)
 where users.banned_at is null;

grant select on service_readers to tripsync_app;

-- Whether a reader of the college may see a post: the one question that every query asks which
-- shows one. Of one type of filter any value will do, every type must, and one that is not known
-- lets nobody in. A block does not hide a post from somebody who does not know whose it is: whoever
-- blocked one fellow after the other would learn it. As a coalesce, because the planner takes that
-- for a coin, and each of its parts for something rare: it would not walk along an index until a page
-- is full.
create or replace function may_see(post service_posts, reader service_readers) returns boolean
language sql immutable parallel safe
return coalesce(
    post.college_id = reader.college_id
    and (
        post.user_id = reader.user_id
        or (post.admitted_years is null or reader.year_of_study = any(post.admitted_years))
           and (post.admitted_units is null or reader.college_unit = any(post.admitted_units))
           and (post.admitted_majors is null or reader.major = any(post.admitted_majors))
           and (post.admitted_genders is null or reader.gender = any(post.admitted_genders))
           and (not post.verified_only or reader.verified)
           and (
               not post.user_id = any(reader.blocks)
               or post.is_anonymous and not post.post_id = any(reader.revealed)
           )
           and (
               post.filters = '[]'
               or has_only_kinds(post.filters, 'strict $[*].type', filter_kinds())
           )
    ),
    false
);

-- Whether a reader may know who wrote a post. No reader: somebody without an account.
create or replace function knows_poster(post service_posts, reader service_readers) returns boolean
language sql immutable parallel safe
return coalesce(
    not post.is_anonymous or post.user_id = reader.user_id or post.post_id = any(reader.revealed),
    false
);

-- Who wrote a post, for those who may know it.
create or replace function shown_poster(post service_posts, poster_name text, reader service_readers) returns jsonb
language sql stable parallel safe
return case when knows_poster(post, reader)
            then jsonb_build_object('id', post.user_id, 'full_name', poster_name) end;

-- What has become of a post by now. When the deadline has passed nobody joins any more: those who
-- were accepted work on it, and where nobody was, nothing came of it.
create or replace function service_status(post service_posts) returns text language sql stable parallel safe
return case when post.status <> 'open' or coalesce(post.deadline, 'infinity') > now() then post.status
            when post.places_taken > 0 then 'in_progress'
            else 'cancelled' end;

-- Posts as they are shown, to whoever may see them: `post` is what that is asked of. Who wrote
-- one is left to shown_poster, which asks who reads.
create or replace view shown_services with (security_invoker = true) as
select post.college_id,
       post.post_id as id,
       post.kind,
       post.title,
       post.description,
       service_status(post) as status,
       post.team_size,
       post.team_size - post.places_taken as places_left,
       post.deadline,
       post.compensation_type,
       post.price as compensation_amount,
       post.price,
       colleges.currency,
       post.requires_resume,
       post.requires_cover_letter,
       post.is_anonymous,
       post.college_only,
       (
           select coalesce(jsonb_agg(jsonb_build_object('id', tag_id, 'name', name) order by lower(name)), '[]')
             from service_tags
            where service_tags.college_id = post.college_id
              and lower(name) = any(post.tags)
       ) as tags,
       post.requirements,
       post.filters,
       case when post.location is not null
            then jsonb_build_object('latitude', post.location[1], 'longitude', post.location[0],
                                    'name', nullif(post.location_name, '')) end as location,
       post.created_at,
       post,
       poster.full_name as poster_name
  from service_posts post
  join colleges on colleges.college_id = post.college_id
  join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
 where post.deleted_at is null
   and poster.banned_at is null;

grant select on shown_services to tripsync_app;

-- Applications as they are shown to their two sides. What was applied to is named also when it is
-- not there any more.
create or replace view shown_applications with (security_invoker = true) as
select application.college_id,
       application.application_id as id,
       application.post_id,
       application.user_id,
       application.poster_id,
       application.status,
       jsonb_build_object('id', applicant.user_id, 'full_name', applicant.full_name) as applicant,
       jsonb_build_object('id', post.post_id, 'title', post.title) as service_post,
       application.cover_letter,
       application.resume_url,
       application.proposed_rate,
       application.applied_at as application_date,
       post,
       poster.full_name as poster_name
  from service_applications application
  join service_posts post on post.college_id = application.college_id and post.post_id = application.post_id
  join users poster on poster.college_id = post.college_id and poster.user_id = post.user_id
  join users applicant
    on applicant.college_id = application.college_id and applicant.user_id = application.user_id;

grant select on shown_applications to tripsync_app;

-- Whether somebody applied, where a résumé is asked for, to a post of this poster, and has not been
-- rejected nor withdrawn.
create or replace function shows_resume(applicant_id bigint, owner_id bigint) returns boolean
language sql stable parallel safe
return exists (
    select
      from service_applications application
      join service_posts post on post.post_id = application.post_id
     where application.user_id = applicant_id
       and application.poster_id = owner_id
       and application.status in ('pending', 'accepted')
       and (post.requires_resume or post.requirements @> '[{"kind": "resume"}]')
);

-- A tag is one thing, however it is written.
create or replace function tag_keys(names text[]) returns text[] language sql immutable parallel safe
return (
    select coalesce(array_agg(distinct lower(btrim(name)) order by lower(btrim(name))), '{}')
      from unnest(names) as name
);

-- What a post has of the words, tags, kinds and ways of paying that saved searches ask for
-- (search_needs, on which a stored column stands, says those of a search).
create or replace function post_has(post service_posts) returns text[] language sql immutable parallel safe
return (
    select array_agg(has)
      from (
          select 'word:' || lexeme as has
            from unnest(tsvector_to_array(post.words)) as lexeme
           where lexeme not like '~%'
           union all
          select 'tag:' || tag
            from unnest(post.tags) as tag
           union all
          select 'kind:' || post.kind
           union all
          select 'pay:' || post.compensation_type
      ) as has
);

-- What somebody typed, as a search: all words, in any form; the beginning of a word from three
-- letters on; a typing error from five. Null where there is no word to look for.
create or replace function words_wanted(said text) returns tsquery language sql immutable parallel safe
return (
    select string_agg(format('(%s)', concat_ws(' | ', stem, alike)), ' & ')::tsquery
      from (
          select to_tsquery(
                     'english',
                     quote_literal(word) || case when char_length(word) >= 3 then ':*' else '' end
                 )::text as stem,
                 (
                     select string_agg(
                                quote_literal(spelling) || case when spelling = '~' || word then ':*' else '' end,
                                ' | '
                            )
                       from unnest(spellings(word)) as spelling
                 ) as alike
            from (
                select distinct word
                  from unnest(string_to_array(spaced_words(said), ' ')) as word
                 where word <> ''
                 order by word
                 limit 8
            ) as typed
      ) as words
     where stem <> ''
);
