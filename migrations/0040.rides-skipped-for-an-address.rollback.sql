-- Servers that go back do not know the reason; the nearest that they know takes its place.
update recurring_openings set skipped_because = 'busy' where skipped_because = 'unverified';

alter table recurring_openings
    drop constraint recurring_openings_skipped_because_check,
    add constraint recurring_openings_skipped_because_check
        check (skipped_because in ('busy', 'banned', 'late'));
