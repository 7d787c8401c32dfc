-- transactional: false

-- Serves a rider's open requests.
drop index concurrently if exists pooling_requests_of_rider;

create index concurrently pooling_requests_of_rider on pooling_requests (user_id)
    where status in ('active', 'matched');

-- Prevented a second open request of a rider.
drop index concurrently if exists pooling_requests_open;

-- Prevents a rider from riding in a pool with two requests; serves what the index of 0010 served, "my
-- pool", and whether two ride together.
drop index concurrently if exists pool_members_once;

create unique index concurrently pool_members_once on pool_members (user_id, pool_id) where left_at is null;

drop index concurrently if exists pool_members_of_user;
