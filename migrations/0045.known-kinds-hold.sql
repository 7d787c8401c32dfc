-- Rows that were there before 0044 hold only known kinds, too.
alter table service_posts validate constraint service_posts_filters_are_known;
alter table service_posts validate constraint service_posts_requirements_are_known;
alter table profiles validate constraint profiles_preferences_are_known;
