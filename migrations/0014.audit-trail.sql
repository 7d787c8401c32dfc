-- The audit trail: what moderators did, and what was done from the command line.
create table moderation_acts (
    act_id     bigint      generated always as identity primary key,
    college_id bigint      not null,
    -- Null: the command line.
    actor_id   bigint,
    act        text        not null check (act in ('resolve', 'warn', 'ban', 'unban', 'promote')),
    subject_id bigint      not null,
    -- The report that was resolved.
    report_id  bigint,
    -- What a report came to, or the role that was given.
    outcome    text        check (char_length(outcome) <= 40),
    note       text        not null check (char_length(note) <= 1000),
    acted_at   timestamptz not null default now(),
    foreign key (college_id, actor_id) references users (college_id, user_id),
    foreign key (college_id, subject_id) references users (college_id, user_id),
    foreign key (college_id, report_id) references reports (college_id, report_id),
    check ((act = 'resolve') = (report_id is not null)),
    check ((act in ('resolve', 'promote')) = (outcome is not null))
);

-- Serves the moderators' reading of the trail, latest first.
create index moderation_acts_of_college on moderation_acts (college_id, act_id);

-- Nobody changes what is written there: no role of the API, no owner, no superuser, unless
-- they first take the table or this trigger away, which is a change of the schema.
create function refuse_change_of_acts() returns trigger language plpgsql as $$
begin
    raise exception 'the audit trail is added to, never changed'
        using errcode = 'insufficient_privilege';
end;
$$;

create trigger moderation_acts_stay
    before update or delete or truncate on moderation_acts
    for each statement
    execute function refuse_change_of_acts();

-- Also where other triggers rest: under replication, or after `set session_replication_role`.
alter table moderation_acts enable always trigger moderation_acts_stay;
