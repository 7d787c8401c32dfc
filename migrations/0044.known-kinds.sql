-- What nobody knows hides rather than shows. Kinds that are named inside JSON are listed here, once
-- each: filters and requirements of a post, and the wishes in a profile. The tables refuse any other;
-- where one is there all the same, may_see hides the post, and tripsync/services/conditions.py refuses
-- whoever applies. A ride in a role that roles_fit does not know is a match for nobody.

-- May_see has a condition for each.
create function filter_kinds() returns jsonb language sql immutable parallel safe
return '["year_of_study", "college_unit", "major", "gender", "verified_only"]'::jsonb;

create function requirement_kinds() returns jsonb language sql immutable parallel safe
return '["resume", "cover_letter", "year_of_study", "skill", "other"]'::jsonb;

create function profile_preferences() returns text[] language sql immutable parallel safe
return array['same_gender', 'quiet', 'no_smoking', 'luggage', 'detour_percent'];

-- Whether each element of a list names a kind, at this path, and only such kinds. Without a
-- subquery, so that it becomes part of the query that asks.
create function has_only_kinds(list jsonb, path jsonpath, kinds jsonb) returns boolean
language sql immutable parallel safe
return jsonb_array_length(jsonb_path_query_array(list, path, '{}', true)) = jsonb_array_length(list)
   and jsonb_path_query_array(list, path, '{}', true) <@ kinds;

-- Whether two may share a ride in these roles: of two who drive neither leaves the own car.
create function roles_fit(one text, other text) returns boolean language sql immutable parallel safe
return one = 'rider' and other in ('rider', 'driver') or one = 'driver' and other = 'rider';

alter table service_posts
    add constraint service_posts_filters_are_known
        check (has_only_kinds(filters, 'strict $[*].type', filter_kinds())) not valid,
    add constraint service_posts_requirements_are_known
        check (has_only_kinds(requirements, 'strict $[*].kind', requirement_kinds())) not valid;

alter table profiles
    add constraint profiles_preferences_are_known
        check (preferences - profile_preferences() = '{}') not valid;

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
