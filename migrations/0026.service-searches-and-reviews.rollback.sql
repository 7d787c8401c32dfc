-- Reviews of work have no place in the schema before.
delete from reviews where post_id is not null;

drop index reviews_of_work;

alter table reviews
    drop constraint reviews_of_one_thing,
    drop column post_id,
    alter column pool_id set not null;

drop table saved_service_search_hits;
drop table saved_service_searches;
drop function post_has(service_posts);
drop function search_needs(text, text[], text, text);
