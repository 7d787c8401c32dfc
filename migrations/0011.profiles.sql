-- What riders tell of themselves, and what others may know before they share a ride.

-- Whose numbering plan reads a telephone number that is written without its country.
alter table colleges
    add column country text not null default 'IN' check (country ~ '^[A-Z]{2}$');

create table profiles (
    college_id         bigint      not null,
    user_id            bigint      primary key,
    username           text        check (username ~ '^[A-Za-z0-9][A-Za-z0-9._-]{2,29}$'),
    -- E.164: one way to write a number.
    phone_number       text        check (phone_number ~ '^\+[1-9][0-9]{6,14}$'),
    bio                text        check (char_length(bio) between 1 and 1000),
    year_of_study      text        check (char_length(year_of_study) between 1 and 40),
    major              text        check (char_length(major) between 1 and 100),
    -- Asked of nobody; only who wishes to ride with their own gender needs to say it.
    gender             text        check (gender in ('woman', 'man', 'non_binary')),
    preferences        jsonb       check (jsonb_typeof(preferences) = 'object' and octet_length(preferences::text) <= 4000),
    social_media_links jsonb       check (jsonb_typeof(social_media_links) = 'object' and octet_length(social_media_links::text) <= 16000),
    emergency_contact  jsonb       check (jsonb_typeof(emergency_contact) = 'object' and octet_length(emergency_contact::text) <= 4000),
    updated_at         timestamptz not null default now(),
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade
);

-- Prevents two riders of a college from having usernames that differ in case only.
create unique index profiles_by_username on profiles (college_id, lower(username));

insert into profiles (college_id, user_id)
select college_id, user_id from users;

create function begin_profile_of_user() returns trigger language plpgsql as $$
begin
    insert into profiles (college_id, user_id) values (new.college_id, new.user_id);
    return null;
end;
$$;

create trigger users_begin_profile
    after insert on users
    for each row execute function begin_profile_of_user();

-- What others wrote of a rider. Every profile asks this function, and only it: until there are
-- reviews, nobody has any. The migration that brings them replaces it and keeps its shape.
create function review_summary(reviewed_id bigint) returns jsonb language sql stable parallel safe
return jsonb_build_object(
    'average', null,
    'count',   0,
    'stars',   jsonb_build_object('1', 0, '2', 0, '3', 0, '4', 0, '5', 0),
    'recent',  jsonb_build_array()
);
