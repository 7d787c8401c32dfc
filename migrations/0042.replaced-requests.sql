-- Who asks to ride with a request that its rider has replaced means the newer one.

alter table pooling_requests
    -- Which request took the place of this one.
    add column replaced_by bigint,
    add constraint pooling_requests_replaced_by_fkey
        foreign key (college_id, replaced_by)
        references pooling_requests (college_id, request_id) on delete set null (replaced_by) not valid,
    -- Only what is over has been replaced; and by a newer one, so that no chain leads back.
    add constraint pooling_requests_replaced_by_newer
        check (replaced_by is null or (status = 'cancelled' and replaced_by > request_id)) not valid;
