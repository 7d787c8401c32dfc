-- Saved searches for services: "tell me when somebody offers this". And reviews when work is done.

-- What a search insists on, each as one thing that a post either has or not.
create function search_needs(words text, tags text[], kind text, compensation_type text) returns text[]
language sql immutable parallel safe
return (
    select coalesce(array_agg(need), '{}')
      from (
          select 'word:' || stem as need
            from unnest(tsvector_to_array(to_tsvector('english', spaced_words(words)))) as stem
           union all
          select 'tag:' || tag
            from unnest(tags) as tag
           union all
          select 'kind:' || kind
           union all
          select 'pay:' || compensation_type
      ) as needs
     where need is not null
);

-- What a post has of such things.
create function post_has(post service_posts) returns text[] language sql immutable parallel safe
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

create table saved_service_searches (
    search_id         bigint         generated always as identity primary key,
    college_id        bigint         not null,
    user_id           bigint         not null,
    name              text           not null check (char_length(name) between 1 and 100),
    -- As they were typed; all of them must occur, in any form.
    words             text           check (char_length(words) between 1 and 200),
    tags              text[]         not null check (cardinality(tags) <= 10),
    kind              text           check (kind in ('offer', 'request')),
    compensation_type text           check (compensation_type in ('volunteer', 'fixed_price', 'hourly_rate',
                                                                  'negotiable')),
    min_price         numeric(10, 2),
    max_price         numeric(10, 2),
    -- (longitude, latitude), as x and y.
    place             point,
    radius_meters     integer        check (radius_meters between 100 and 50000),
    mail_me           boolean        not null,
    expires_at        timestamptz,
    created_at        timestamptz    not null default now(),
    needs             text[]         not null
                                     generated always as (search_needs(words, tags, kind, compensation_type)) stored,
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    unique (college_id, search_id),
    check ((place is null) = (radius_meters is null))
);

-- Serves a new post: all searches that need nothing which it does not have, by one look.
create index saved_service_searches_by_needs on saved_service_searches using gin (needs)
    with (fastupdate = off);

-- Serves the rider's list.
create index saved_service_searches_of_user on saved_service_searches (user_id, search_id);

create trigger saved_service_searches_of_present_riders
    before insert on saved_service_searches
    for each row execute function refuse_for_former_riders();

create table saved_service_search_hits (
    college_id bigint      not null,
    search_id  bigint      not null,
    post_id    bigint      not null,
    mailed     boolean     not null,
    told_at    timestamptz not null default now(),
    -- Prevents telling of the same post twice.
    primary key (search_id, post_id),
    foreign key (college_id, search_id) references saved_service_searches (college_id, search_id)
        on delete cascade,
    foreign key (college_id, post_id) references service_posts (college_id, post_id) on delete cascade
);

-- Serves "was a mail sent within the hour".
create index saved_service_search_hits_mailed on saved_service_search_hits (search_id, told_at) where mailed;

-- Serves the end of a post's row: it takes its hits along.
create index saved_service_search_hits_of_post on saved_service_search_hits (post_id);

-- A review is of a ride that two shared, or of work that one did for the other.
alter table reviews
    alter column pool_id drop not null,
    add column post_id bigint,
    add constraint reviews_post_fkey foreign key (college_id, post_id)
        references service_posts (college_id, post_id),
    add constraint reviews_of_one_thing check (num_nonnulls(pool_id, post_id) = 1);

-- Prevents a second review of the same fellow for the same work; serves the end of a post's row.
create unique index reviews_of_work on reviews (post_id, author_id, subject_id) where post_id is not null;
