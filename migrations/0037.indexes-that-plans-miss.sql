-- transactional: false

-- What `tripsync sql explain --all --seeded` found: queries that read a whole table, or all that a
-- college has in it, for the few rows of one rider. Built while others write. Each index is dropped
-- first, for a build that failed leaves a useless one behind: then run the migration again.

-- Serves the rider's own requests, latest first, their export and their end. The index by college was
-- walked backwards instead, past everybody's requests.
drop index concurrently if exists pooling_requests_of_user;

create index concurrently pooling_requests_of_user on pooling_requests (user_id, request_id);

-- Serve the export and the end of what a request was asked for, and of the request itself: each
-- foreign key looks here whether anything still refers to it.
drop index concurrently if exists connections_from_request;

create index concurrently connections_from_request on connections (from_request);

drop index concurrently if exists connections_to_request;

create index concurrently connections_to_request on connections (to_request);

drop index concurrently if exists pool_members_of_request;

create index concurrently pool_members_of_request on pool_members (request_id);

-- Serves the export and the end of all sessions, also of those that have ended.
drop index concurrently if exists sessions_by_user;

create index concurrently sessions_by_user on sessions (user_id, session_id);

-- Serves the timer that completes rides: it met every ride there ever was, the oldest first.
drop index concurrently if exists pools_under_way;

create index concurrently pools_under_way on pools (pool_id) where status in ('open', 'started');

-- Serves an alarm, which goes to the moderators of the college.
drop index concurrently if exists users_who_moderate;

create index concurrently users_who_moderate on users (college_id, user_id) where role in ('moderator', 'admin');

-- Serves the timer that forgets the sessions of former riders.
drop index concurrently if exists users_who_left;

create index concurrently users_who_left on users (deleted_at) where deleted_at is not null;
