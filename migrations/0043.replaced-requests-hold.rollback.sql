-- transactional: false

alter table pooling_requests
    drop constraint pooling_requests_replaced_by_newer,
    add constraint pooling_requests_replaced_by_newer
        check (replaced_by is null or (status = 'cancelled' and replaced_by > request_id)) not valid;

alter table pooling_requests
    drop constraint pooling_requests_replaced_by_fkey,
    add constraint pooling_requests_replaced_by_fkey
        foreign key (college_id, replaced_by)
        references pooling_requests (college_id, request_id) on delete set null (replaced_by) not valid;

drop index concurrently if exists pooling_requests_replaced_by;
