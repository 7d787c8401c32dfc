-- A weekly ride is also skipped while its rider has to confirm the address (UNVERIFIED_RIDERS).
alter table recurring_openings
    drop constraint recurring_openings_skipped_because_check,
    add constraint recurring_openings_skipped_because_check
        check (skipped_because in ('busy', 'unverified', 'banned', 'late')) not valid;
