-- transactional: false

-- Serves the end of a request: the foreign key looks here whether it replaced another.
drop index concurrently if exists pooling_requests_replaced_by;

create index concurrently pooling_requests_replaced_by on pooling_requests (replaced_by)
    where replaced_by is not null;

alter table pooling_requests validate constraint pooling_requests_replaced_by_fkey;

alter table pooling_requests validate constraint pooling_requests_replaced_by_newer;
