-- transactional: false

drop index concurrently if exists users_who_left;

drop index concurrently if exists users_who_moderate;

drop index concurrently if exists pools_under_way;

drop index concurrently if exists sessions_by_user;

drop index concurrently if exists pool_members_of_request;

drop index concurrently if exists connections_to_request;

drop index concurrently if exists connections_from_request;

drop index concurrently if exists pooling_requests_of_user;
