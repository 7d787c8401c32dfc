alter table profiles
    drop constraint profiles_preferences_are_known,
    add constraint profiles_preferences_are_known
        check (preferences - profile_preferences() = '{}') not valid;

alter table service_posts
    drop constraint service_posts_requirements_are_known,
    add constraint service_posts_requirements_are_known
        check (has_only_kinds(requirements, 'strict $[*].kind', requirement_kinds())) not valid,
    drop constraint service_posts_filters_are_known,
    add constraint service_posts_filters_are_known
        check (has_only_kinds(filters, 'strict $[*].type', filter_kinds())) not valid;
