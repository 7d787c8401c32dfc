-- Whether a reader of the college may see a post: the one question that every query asks which
-- shows one. Of one type of filter any value will do, and every type must. A block does not hide a
-- post from somebody who does not know whose it is: whoever blocked one fellow after the other
-- would learn it. As a coalesce, because the planner takes that for a coin, and each of its parts
-- for something rare: it would not walk along an index until a page is full.
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
    ),
    false
);

alter table profiles drop constraint profiles_preferences_are_known;

alter table service_posts
    drop constraint service_posts_requirements_are_known,
    drop constraint service_posts_filters_are_known;

drop function roles_fit(text, text);

drop function has_only_kinds(jsonb, jsonpath, jsonb);

drop function profile_preferences();

drop function requirement_kinds();

drop function filter_kinds();
