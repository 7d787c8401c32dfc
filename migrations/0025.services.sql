-- Services: students offer and ask for help, and others apply.

-- What the prices of a college are in.
alter table colleges
    add column currency text not null default 'INR' check (currency ~ '^[A-Z]{3}$');

-- The department, school or hall of somebody, as the college calls it.
alter table profiles
    add column college_unit text check (char_length(college_unit) between 1 and 100);

-- An id that says nothing of when it was given: a row's neighbours would tell, to the second, what
-- an anonymous post was written between. Below 2^48, so that JavaScript keeps it whole.
create function unordered_id() returns bigint language sql volatile parallel safe
return ('x' || left(replace(gen_random_uuid()::text, '-', ''), 12))::bit(48)::bigint + 1;

-- The values that filters of one type let in, in the one form they are compared in; null: anybody.
create function admitted_values(filters jsonb, wanted text) returns text[]
language sql immutable parallel safe
return (
    select array_agg(lower(btrim(each ->> 'value')))
      from jsonb_array_elements(filters) as each
     where each ->> 'type' = wanted
);

-- A tag is one thing, however it is written.
create function tag_keys(names text[]) returns text[] language sql immutable parallel safe
return (
    select coalesce(array_agg(distinct lower(btrim(name)) order by lower(btrim(name))), '{}')
      from unnest(names) as name
);

-- Text as words between blanks. Only the punctuation of ASCII goes: what is a letter in other
-- scripts is not the same in every locale.
create function spaced_words(said text) returns text language sql immutable parallel safe
return lower(regexp_replace(said, '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u007f]+', ' ', 'g'));

-- Each longer word, whole and with any one letter left out. Two words have one of these in common
-- when a letter is missing, is too many, is another, or has changed places with the next: so a
-- typing error is found by an index that knows only what is equal.
create function spellings(said text) returns text[] language sql immutable parallel safe
return (
    select coalesce(array_agg(distinct '~' || left(word, nth - 1) || substr(word, nth + 1)), '{}')
      from unnest(string_to_array(spaced_words(said), ' ')) as word
     cross join generate_series(1, char_length(word) + 1) as nth
     where char_length(word) between 5 and 20
);

-- What a post is found by. The title counts most, then tags, then the description; how titles and
-- tags could be misspelt counts least.
create function post_words(title text, tags text[], description text) returns tsvector
language sql immutable parallel safe
return setweight(to_tsvector('english', spaced_words(title)), 'A')
    || setweight(to_tsvector('english', spaced_words(array_to_string(tags, ' '))), 'B')
    || setweight(to_tsvector('english', spaced_words(description)), 'C')
    || array_to_tsvector(spellings(title || ' ' || array_to_string(tags, ' ')));

-- What somebody typed, as a search: all words, in any form; the beginning of a word from three
-- letters on; a typing error from five. Null where there is no word to look for.
create function words_wanted(said text) returns tsquery language sql immutable parallel safe
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

create table service_tags (
    tag_id     bigint generated always as identity primary key,
    college_id bigint not null references colleges,
    -- As it was written first.
    name       text   not null check (char_length(name) between 1 and 40)
);

-- Prevents two tags that differ in case only; finds those of a post.
create unique index service_tags_by_name on service_tags (college_id, lower(name));

create table service_posts (
    post_id               bigint        primary key default unordered_id(),
    college_id            bigint        not null,
    user_id               bigint        not null,
    kind                  text          not null check (kind in ('offer', 'request')),
    title                 text          not null check (char_length(title) between 5 and 100),
    description           text          not null check (char_length(description) between 15 and 5000),
    -- open -> in_progress -> completed | cancelled; open -> cancelled; and back to open. An open
    -- post whose deadline has passed is not open any more: service_status says what it is.
    status                text          not null default 'open'
                                        check (status in ('open', 'in_progress', 'completed', 'cancelled')),
    team_size             integer       not null check (team_size between 1 and 1000),
    -- Kept by the trigger below, so that no race can accept one too many.
    places_taken          integer       not null default 0 check (places_taken between 0 and team_size),
    deadline              timestamptz,
    compensation_type     text          not null
                                        check (compensation_type in ('volunteer', 'fixed_price', 'hourly_rate',
                                                                     'negotiable')),
    -- In the currency of the college; what it buys is said by compensation_type.
    price                 numeric(10, 2) check (price between 0 and 10000000),
    requires_resume       boolean       not null,
    requires_cover_letter boolean       not null,
    is_anonymous          boolean       not null,
    college_only          boolean       not null,
    tags                  text[]        not null check (cardinality(tags) <= 10),
    requirements          jsonb         not null check (jsonb_array_length(requirements) <= 20),
    filters               jsonb         not null check (jsonb_array_length(filters) <= 20),
    -- (longitude, latitude), as x and y.
    location              point,
    location_name         text          not null default '' check (char_length(location_name) <= 200),
    created_at            timestamptz   not null,
    deleted_at            timestamptz,
    -- What the filters say, where an index or a comparison can read it.
    admitted_years        text[]        generated always as (admitted_values(filters, 'year_of_study')) stored,
    admitted_units        text[]        generated always as (admitted_values(filters, 'college_unit')) stored,
    admitted_majors       text[]        generated always as (admitted_values(filters, 'major')) stored,
    admitted_genders      text[]        generated always as (admitted_values(filters, 'gender')) stored,
    verified_only         boolean       not null
                                        generated always as (filters @> '[{"type": "verified_only"}]') stored,
    -- Whether somebody without an account may read it.
    open_to_all           boolean       not null generated always as (filters = '[]' and not college_only) stored,
    words                 tsvector      not null generated always as (post_words(title, tags, description)) stored,
    foreign key (college_id, user_id) references users (college_id, user_id),
    unique (college_id, post_id),
    -- What an application refers to, so that nobody can apply to their own.
    unique (college_id, post_id, user_id),
    -- When an anonymous post was written is known to the hour, to us too: to the second, it could
    -- be laid beside what its writer did at that moment.
    check (not is_anonymous or extract(epoch from created_at) % 3600 = 0)
);

-- Serves the list of a college, newest first, and the search by other states.
create index service_posts_by_status on service_posts (college_id, status, created_at, post_id)
    where deleted_at is null;

-- Serves the list for whoever has no account.
create index service_posts_open_to_all on service_posts (created_at, post_id)
    where status = 'open' and deleted_at is null and open_to_all;

-- Serve the orders by price and deadline, and what lies between two. What has none comes last.
create index service_posts_by_price on service_posts (college_id, coalesce(price, 'Infinity'), post_id)
    where deleted_at is null;
create index service_posts_by_deadline on service_posts (college_id, coalesce(deadline, 'infinity'), post_id)
    where deleted_at is null;

-- Serves the search by words and tags. Written at once: a list that waits to be put into the index
-- is read by every search.
create index service_posts_by_words on service_posts using gin (words, tags)
    with (fastupdate = off)
    where deleted_at is null;

-- Serves the search near a place.
create index service_posts_by_location on service_posts using gist (location)
    where location is not null and deleted_at is null;

-- Serves one's own posts, and those of a poster.
create index service_posts_of_user on service_posts (user_id, created_at, post_id)
    where deleted_at is null;

create trigger service_posts_of_present_riders
    before insert on service_posts
    for each row execute function refuse_for_former_riders();

create table service_applications (
    application_id bigint         generated always as identity primary key,
    college_id     bigint         not null,
    post_id        bigint         not null,
    poster_id      bigint         not null,
    user_id        bigint         not null,
    -- pending -> accepted | rejected | withdrawn; accepted -> withdrawn.
    status         text           not null default 'pending'
                                  check (status in ('pending', 'accepted', 'rejected', 'withdrawn')),
    cover_letter   text           check (char_length(cover_letter) between 1 and 5000),
    resume_url     text           check (char_length(resume_url) between 1 and 500),
    proposed_rate  numeric(10, 2) check (proposed_rate between 0 and 10000000),
    applied_at     timestamptz    not null default now(),
    answered_at    timestamptz,
    -- When the writer of an anonymous post told this applicant who they are.
    revealed_at    timestamptz,
    foreign key (college_id, post_id, poster_id) references service_posts (college_id, post_id, user_id)
        on delete cascade,
    foreign key (college_id, user_id) references users (college_id, user_id),
    unique (college_id, application_id),
    check (user_id <> poster_id),
    check (status = 'withdrawn' or (status = 'pending') = (answered_at is null))
);

-- Prevents a second application to the same post; what was withdrawn may be sent again.
create unique index service_applications_once on service_applications (post_id, user_id)
    where status <> 'withdrawn';

-- Serves the owner's list, and the count of the accepted.
create index service_applications_of_post on service_applications (post_id, application_id);

-- Serves the applicant's list.
create index service_applications_of_user on service_applications (user_id, application_id);

create trigger service_applications_of_present_riders
    before insert on service_applications
    for each row execute function refuse_for_former_riders();

create function count_service_places() returns trigger language plpgsql as $$
begin
    update service_posts
       set places_taken = (select count(*)
                             from service_applications
                            where service_applications.post_id = service_posts.post_id
                              and service_applications.status = 'accepted')
     where post_id in (old.post_id, new.post_id);
    return null;
end;
$$;

-- Only for who is accepted: whoever applies holds the post along with others, and one who changed
-- it would wait for all of them, and they for each other.
create trigger service_applications_count_newcomer
    after insert on service_applications
    for each row when (new.status = 'accepted') execute function count_service_places();

create trigger service_applications_count_change
    after update of status on service_applications
    for each row when ((new.status = 'accepted') <> (old.status = 'accepted'))
    execute function count_service_places();

create trigger service_applications_count_end
    after delete on service_applications
    for each row when (old.status = 'accepted') execute function count_service_places();

-- Who reads services: what filters ask of them, between whom and them a block stands, and which
-- writers of anonymous posts showed themselves to them. Nobody who is banned or has left. A query
-- reads one such row and asks it of every post.
create view service_readers as
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

-- The next three have no subquery, so that they become part of the query that asks them.

-- Whether a reader may know who wrote a post. No reader: somebody without an account.
create function knows_poster(post service_posts, reader service_readers) returns boolean
language sql immutable parallel safe
return coalesce(
    not post.is_anonymous or post.user_id = reader.user_id or post.post_id = any(reader.revealed),
    false
);

-- Who wrote a post, for those who may know it.
create function shown_poster(post service_posts, poster_name text, reader service_readers) returns jsonb
language sql stable parallel safe
return case when knows_poster(post, reader)
            then jsonb_build_object('id', post.user_id, 'full_name', poster_name) end;

-- Whether a reader of the college may see a post: the one question that every query asks which
-- shows one. Of one type of filter any value will do, and every type must. A block does not hide a
-- post from somebody who does not know whose it is: whoever blocked one fellow after the other
-- would learn it. As a coalesce, because the planner takes that for a coin, and each of its parts
-- for something rare: it would not walk along an index until a page is full.
create function may_see(post service_posts, reader service_readers) returns boolean
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
    ),
    false
);

-- What has become of a post by now. When the deadline has passed nobody joins any more: those who
-- were accepted work on it, and where nobody was, nothing came of it.
create function service_status(post service_posts) returns text language sql stable parallel safe
return case when post.status <> 'open' or coalesce(post.deadline, 'infinity') > now() then post.status
            when post.places_taken > 0 then 'in_progress'
            else 'cancelled' end;

-- Posts as they are shown, to whoever may see them: `post` is what that is asked of. Who wrote
-- one is left to shown_poster, which asks who reads.
create view shown_services as
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

-- Applications as they are shown to their two sides. What was applied to is named also when it is
-- not there any more.
create view shown_applications as
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

-- Whether somebody applied, where a résumé is asked for, to a post of this poster, and has not been
-- rejected nor withdrawn.
create function shows_resume(applicant_id bigint, owner_id bigint) returns boolean
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
