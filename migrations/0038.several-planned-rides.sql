-- A rider may plan several rides, as long as no two of them may leave at the same moment.

-- Prevents two open requests of one rider whose windows overlap; windows that only touch do, for at
-- that moment the rider could leave for both. Core GiST knows ranges and no numbers: a rider is a
-- range of one. The index of 0010, which allowed one open request at all, goes with the next step.
-- allows index: PostgreSQL builds an exclusion in no other way; it reads the table once, for its open requests
alter table pooling_requests
    add constraint pooling_requests_do_not_overlap
    exclude using gist (int8range(user_id, user_id, '[]') with &&, departure with &&)
    where (status in ('active', 'matched'));
