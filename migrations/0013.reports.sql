-- Riders report each other to the moderators of their college.

-- Who may act for a college, at this moment. Every query of moderators asks here, so that a
-- promotion, a demotion and a ban count from the next request on.
create view moderators as
select college_id,
       user_id,
       role
  from users
 where role in ('moderator', 'admin')
   and banned_at is null;

-- An account that leaves is emptied, never deleted: what was told about it stays.
create table reports (
    report_id      bigint      generated always as identity primary key,
    college_id     bigint      not null,
    reporter_id    bigint      not null,
    subject_id     bigint      not null,
    reason         text        not null
                               check (reason in ('harassment', 'unsafe_ride', 'no_show', 'fraud',
                                                 'false_identity', 'offensive_content', 'other')),
    details        text        not null default '' check (char_length(details) <= 2000),
    -- As the reporter told it: what it names may be gone when a moderator reads it.
    reference_kind text        check (reference_kind in ('pool', 'message', 'post')),
    reference_id   bigint      check (reference_id > 0),
    created_at     timestamptz not null default now(),
    -- open -> resolved, once.
    resolved_at    timestamptz,
    resolved_by    bigint,
    outcome        text        check (outcome in ('dismissed', 'settled', 'warned', 'banned')),
    note           text        not null default '' check (char_length(note) <= 1000),
    foreign key (college_id, reporter_id) references users (college_id, user_id),
    foreign key (college_id, subject_id) references users (college_id, user_id),
    foreign key (college_id, resolved_by) references users (college_id, user_id),
    -- Serves the moderators' list, latest first; the audit trail refers to it.
    unique (college_id, report_id),
    check (reporter_id <> subject_id),
    check ((reference_kind is null) = (reference_id is null)),
    check (num_nulls(resolved_at, resolved_by, outcome) in (0, 3))
);

-- Prevents a rider from reporting the same thing about the same person again while it is open.
create unique index reports_open_once on reports (reporter_id, subject_id, reference_kind, reference_id)
    nulls not distinct
    where resolved_at is null;
