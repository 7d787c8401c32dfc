-- transactional: false

drop index concurrently if exists pool_members_of_user;

create index concurrently pool_members_of_user on pool_members (user_id, pool_id) where left_at is null;

drop index concurrently if exists pool_members_once;

-- One open request a rider again: of those who plan several the ride they share stays, or the one
-- that leaves first, and what others were asked for the rest is closed; nobody is told. A rider who
-- shares several rides is in the way: then nothing is taken back, until those rides are over.
with ranked as (
    select request_id,
           status,
           row_number() over (
               partition by user_id
               order by status = 'matched' desc,
                        lower(departure),
                        request_id
           ) as place
      from pooling_requests
     where status in ('active', 'matched')
),
cancelled as (
    update pooling_requests
       set status = 'cancelled',
           cancel_reason = 'rider',
           closed_at = now()
      from ranked
     where ranked.request_id = pooling_requests.request_id
       and ranked.status = 'active'
       and place > 1
    returning pooling_requests.request_id
)
update connections
   set status = 'withdrawn',
       answered_at = now()
  from cancelled
 where connections.status = 'pending'
   and cancelled.request_id in (connections.from_request, connections.to_request);

drop index concurrently if exists pooling_requests_open;

create unique index concurrently pooling_requests_open on pooling_requests (user_id)
    where status in ('active', 'matched');

drop index concurrently if exists pooling_requests_of_rider;
