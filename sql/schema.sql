-- The schema as `tripsync migrate` leaves it: to be read, never run. `tripsync sql schema` writes
-- it. Why things are as they are stands in the files that are named with them, migrations and
-- those of sql/functions. Of functions whose words PostgreSQL does not keep only the head is here;
-- the rest is in the file named last.

create type pgqueuer_status as enum (
    'queued',
    'picked',
    'successful',
    'exception',
    'canceled',
    'deleted',
    'failed'
);

-- 0020.safety
create table alarms (
    alarm_id    bigint not null generated always as identity,
    college_id  bigint not null,
    user_id     bigint not null,
    pool_id     bigint,
    "position"  point,
    note        text default '' not null,
    raised_at   timestamptz default now() not null,
    repeated_at timestamptz default now() not null,
    resolved_at timestamptz,
    resolved_by bigint,
    resolution  text default '' not null,
    constraint alarms_check check (((resolved_at is null) = (resolved_by is null))),
    constraint alarms_note_check check ((char_length(note) <= 500)),
    constraint alarms_resolution_check check ((char_length(resolution) <= 1000)),
    constraint alarms_college_id_alarm_id_key unique (college_id, alarm_id),
    constraint alarms_pkey primary key (alarm_id),
    constraint alarms_college_id_pool_id_fkey foreign key (college_id, pool_id) references pools(college_id, pool_id),
    constraint alarms_college_id_resolved_by_fkey foreign key (college_id, resolved_by) references users(college_id, user_id),
    constraint alarms_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id)
);
create index alarms_of_user on alarms (user_id, raised_at);
create trigger alarms_of_present_riders before insert on alarms for each row execute function refuse_for_former_riders();
alter table alarms enable row level security;
create policy granted on alarms using (true);
create policy wall on alarms as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table alarms to tripsync_app;
grant select on table alarms to tripsync_reader;

-- 0009.blocks
create table blocks (
    college_id bigint not null,
    blocker_id bigint not null,
    blocked_id bigint not null,
    created_at timestamptz default now() not null,
    constraint blocks_check check ((blocker_id <> blocked_id)),
    constraint blocks_pkey primary key (blocker_id, blocked_id),
    constraint blocks_college_id_blocked_id_fkey foreign key (college_id, blocked_id) references users(college_id, user_id) on delete cascade,
    constraint blocks_college_id_blocker_id_fkey foreign key (college_id, blocker_id) references users(college_id, user_id) on delete cascade
);
create index blocks_of_blocked on blocks (blocked_id, blocker_id);
create trigger blocks_look_again after delete on blocks for each row execute function look_again_after_block();
alter table blocks enable row level security;
create policy granted on blocks using (true);
create policy wall on blocks as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete on table blocks to tripsync_app;
grant select on table blocks to tripsync_reader;

-- 0001.colleges, 0011.profiles, 0017.recurring-rides, 0025.services
create table colleges (
    college_id    bigint not null generated always as identity,
    name          text not null,
    email_domains text[] default '{}'[] not null,
    place         point not null,
    time_zone     text not null,
    created_at    timestamptz default now() not null,
    country       text default 'IN' not null,
    currency      text default 'INR' not null,
    constraint colleges_country_check check ((country ~ '^[A-Z]{2}$')),
    constraint colleges_currency_check check ((currency ~ '^[A-Z]{3}$')),
    constraint colleges_name_check check (((char_length(name) >= 2) and (char_length(name) <= 200))),
    constraint colleges_time_zone_is_known check (((time_zone ~ '^(UTC|[A-Z]\w+(/[\w+-]+)+)$') and (('1970-01-01 00:00:00+00'::timestamptz at time zone time_zone) is not null))),
    constraint colleges_pkey primary key (college_id)
);
create unique index colleges_by_name on colleges (lower(name));
grant select on table colleges to tripsync_app;
grant select on table colleges to tripsync_reader;

-- 0010.pooling
create table connections (
    connection_id bigint not null generated always as identity,
    college_id    bigint not null,
    from_request  bigint not null,
    to_request    bigint not null,
    from_user     bigint not null,
    to_user       bigint not null,
    status        text default 'pending' not null,
    created_at    timestamptz default now() not null,
    answered_at   timestamptz,
    constraint connections_check check (((from_request <> to_request) and (from_user <> to_user))),
    constraint connections_check1 check (((status = 'pending') = (answered_at is null))),
    constraint connections_status_check check ((status = any (array['pending', 'approved', 'rejected', 'withdrawn']))),
    constraint connections_pkey primary key (connection_id),
    constraint connections_college_id_from_request_fkey foreign key (college_id, from_request) references pooling_requests(college_id, request_id),
    constraint connections_college_id_from_user_fkey foreign key (college_id, from_user) references users(college_id, user_id),
    constraint connections_college_id_to_request_fkey foreign key (college_id, to_request) references pooling_requests(college_id, request_id),
    constraint connections_college_id_to_user_fkey foreign key (college_id, to_user) references users(college_id, user_id)
);
create index connections_between on connections (least(from_request, to_request), greatest(from_request, to_request), connection_id);
create index connections_from_request on connections (from_request);
create unique index connections_live on connections (least(from_request, to_request), greatest(from_request, to_request)) where (status = any (array['pending', 'approved']));
create index connections_of_riders on connections (least(from_user, to_user), greatest(from_user, to_user), connection_id);
create index connections_pending_from on connections (from_request) where (status = 'pending');
create index connections_pending_to on connections (to_request) where (status = 'pending');
create index connections_to_request on connections (to_request);
alter table connections enable row level security;
create policy granted on connections using (true);
create policy wall on connections as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table connections to tripsync_app;
grant select on table connections to tripsync_reader;

-- 0023.chat
create table conversations (
    conversation_id bigint not null generated always as identity,
    college_id      bigint not null,
    one_id          bigint,
    other_id        bigint,
    pool_id         bigint,
    last_seq        bigint default 0 not null,
    last_message_id bigint,
    begun_at        timestamptz default now() not null,
    constraint conversations_check check ((one_id < other_id)),
    constraint conversations_check1 check (((num_nulls(one_id, other_id, pool_id) = any (array[1, 2])) and ((one_id is null) = (other_id is null)))),
    constraint conversations_check2 check (((last_seq = 0) = (last_message_id is null))),
    constraint conversations_college_id_conversation_id_key unique (college_id, conversation_id),
    constraint conversations_one_id_other_id_key unique (one_id, other_id),
    constraint conversations_pkey primary key (conversation_id),
    constraint conversations_pool_id_key unique (pool_id),
    constraint conversations_college_id_one_id_fkey foreign key (college_id, one_id) references users(college_id, user_id),
    constraint conversations_college_id_other_id_fkey foreign key (college_id, other_id) references users(college_id, user_id),
    constraint conversations_college_id_pool_id_fkey foreign key (college_id, pool_id) references pools(college_id, pool_id) on delete cascade
);
alter table conversations enable row level security;
create policy granted on conversations using (true);
create policy wall on conversations as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table conversations to tripsync_app;
grant select on table conversations to tripsync_reader;

-- 0033.devices
create table devices (
    device_id     bigint not null generated always as identity,
    college_id    bigint not null,
    user_id       bigint not null,
    session_id    bigint not null,
    platform      text not null,
    token         text not null,
    registered_at timestamptz default now() not null,
    looked_up_to  bigint not null,
    constraint devices_looked_up_to_check check ((looked_up_to >= 0)),
    constraint devices_platform_check check ((platform = any (array['android', 'ios', 'web']))),
    constraint devices_token_check check (((char_length(token) >= 1) and (char_length(token) <= 1024))),
    constraint devices_pkey primary key (device_id),
    constraint devices_session_id_key unique (session_id),
    constraint devices_token_key unique (token),
    constraint devices_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade,
    constraint devices_session_id_fkey foreign key (session_id) references sessions(session_id) on delete cascade
);
create index devices_of_user on devices (user_id);
create trigger devices_of_present_riders before insert on devices for each row execute function refuse_for_former_riders();
alter table devices enable row level security;
create policy granted on devices using (true);
create policy wall on devices as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table devices to tripsync_app;
grant select(device_id) on table devices to tripsync_reader;
grant select(college_id) on table devices to tripsync_reader;
grant select(user_id) on table devices to tripsync_reader;
grant select(session_id) on table devices to tripsync_reader;
grant select(platform) on table devices to tripsync_reader;
grant select(registered_at) on table devices to tripsync_reader;
grant select(looked_up_to) on table devices to tripsync_reader;

-- 0031.mail-settings
create table digest_turns (
    college_id bigint not null,
    week       date not null,
    constraint digest_turns_pkey primary key (college_id),
    constraint digest_turns_college_id_fkey foreign key (college_id) references colleges(college_id) on delete cascade
);
alter table digest_turns enable row level security;
create policy granted on digest_turns using (true);
create policy wall on digest_turns as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table digest_turns to tripsync_app;
grant select on table digest_turns to tripsync_reader;

-- 0008.events
create table event_heads (
    college_id bigint not null,
    user_id    bigint not null,
    last_seq   bigint default 0 not null,
    constraint event_heads_pkey primary key (user_id),
    constraint event_heads_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
alter table event_heads enable row level security;
create policy granted on event_heads using (true);
create policy wall on event_heads as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table event_heads to tripsync_app;
grant select on table event_heads to tripsync_reader;

-- 0008.events
create table events (
    college_id bigint not null,
    user_id    bigint not null,
    seq        bigint not null,
    type       text not null,
    payload    jsonb not null,
    created_at timestamptz default now() not null,
    day_slot   smallint default (((floor((extract(epoch from now()) / (86400)::numeric)))::bigint % (9)::bigint))::smallint not null,
    constraint events_type_check check ((char_length(type) <= 60)),
    constraint events_pkey primary key (user_id, seq, day_slot)
)
partition by list (day_slot);
alter table events enable row level security;
create policy granted on events using (true);
create policy wall on events as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete on table events to tripsync_app;
grant select on table events to tripsync_reader;

-- 0008.events
create table events_0 partition of events for values in ('0');
create policy granted on events_0 using (true);
create policy wall on events_0 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_0 to tripsync_app;
grant select on table events_0 to tripsync_reader;

-- 0008.events
create table events_1 partition of events for values in ('1');
create policy granted on events_1 using (true);
create policy wall on events_1 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_1 to tripsync_app;
grant select on table events_1 to tripsync_reader;

-- 0008.events
create table events_2 partition of events for values in ('2');
create policy granted on events_2 using (true);
create policy wall on events_2 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_2 to tripsync_app;
grant select on table events_2 to tripsync_reader;

-- 0008.events
create table events_3 partition of events for values in ('3');
create policy granted on events_3 using (true);
create policy wall on events_3 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_3 to tripsync_app;
grant select on table events_3 to tripsync_reader;

-- 0008.events
create table events_4 partition of events for values in ('4');
create policy granted on events_4 using (true);
create policy wall on events_4 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_4 to tripsync_app;
grant select on table events_4 to tripsync_reader;

-- 0008.events
create table events_5 partition of events for values in ('5');
create policy granted on events_5 using (true);
create policy wall on events_5 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_5 to tripsync_app;
grant select on table events_5 to tripsync_reader;

-- 0008.events
create table events_6 partition of events for values in ('6');
create policy granted on events_6 using (true);
create policy wall on events_6 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_6 to tripsync_app;
grant select on table events_6 to tripsync_reader;

-- 0008.events
create table events_7 partition of events for values in ('7');
create policy granted on events_7 using (true);
create policy wall on events_7 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_7 to tripsync_app;
grant select on table events_7 to tripsync_reader;

-- 0008.events
create table events_8 partition of events for values in ('8');
create policy granted on events_8 using (true);
create policy wall on events_8 as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,truncate on table events_8 to tripsync_app;
grant select on table events_8 to tripsync_reader;

-- 0005.idempotency-keys
create table idempotency_keys (
    scope       text not null,
    key         text not null,
    fingerprint bytea not null,
    status      smallint,
    answer      bytea,
    created_at  timestamptz default now() not null,
    constraint idempotency_keys_key_check check ((char_length(key) <= 255)),
    constraint idempotency_keys_scope_check check ((char_length(scope) <= 300)),
    constraint idempotency_keys_pkey primary key (scope, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);
grant select,insert,delete,update on table idempotency_keys to tripsync_app;
grant select(scope) on table idempotency_keys to tripsync_reader;
grant select(status) on table idempotency_keys to tripsync_reader;
grant select(created_at) on table idempotency_keys to tripsync_reader;

-- 0029.live-positions
create unlogged table live_positions (
    college_id bigint not null,
    user_id    bigint not null,
    pool_id    bigint not null,
    "position" point not null,
    heading    real,
    seen_at    timestamptz default now() not null,
    constraint live_positions_heading_check check (((heading >= (0)::double precision) and (heading < (360)::double precision))),
    constraint live_positions_pkey primary key (user_id),
    constraint live_positions_college_id_pool_id_fkey foreign key (college_id, pool_id) references pools(college_id, pool_id) on delete cascade,
    constraint live_positions_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
)
with (fillfactor='50');
create index live_positions_of_pool on live_positions (pool_id);
alter table live_positions enable row level security;
create policy granted on live_positions using (true);
create policy wall on live_positions as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table live_positions to tripsync_app;
grant select on table live_positions to tripsync_reader;

-- 0004.mailed-codes
create table mailed_codes (
    code_hash  bytea not null,
    college_id bigint not null,
    user_id    bigint not null,
    purpose    text not null,
    issued_at  timestamptz default now() not null,
    expires_at timestamptz not null,
    constraint mailed_codes_purpose_check check ((purpose = any (array['verify_email', 'reset_password']))),
    constraint mailed_codes_pkey primary key (code_hash),
    constraint mailed_codes_user_id_purpose_key unique (user_id, purpose),
    constraint mailed_codes_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create index mailed_codes_by_expiry on mailed_codes (expires_at);
create trigger mailed_codes_of_present_riders before insert or update on mailed_codes for each row execute function refuse_for_former_riders();
alter table mailed_codes enable row level security;
create policy granted on mailed_codes using (true);
create policy wall on mailed_codes as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table mailed_codes to tripsync_app;
grant select(college_id) on table mailed_codes to tripsync_reader;
grant select(user_id) on table mailed_codes to tripsync_reader;
grant select(purpose) on table mailed_codes to tripsync_reader;
grant select(issued_at) on table mailed_codes to tripsync_reader;
grant select(expires_at) on table mailed_codes to tripsync_reader;

-- 0023.chat
create table messages (
    message_id      bigint not null generated always as identity,
    college_id      bigint not null,
    conversation_id bigint not null,
    seq             bigint not null,
    user_id         bigint not null,
    content         text not null,
    created_at      timestamptz default clock_timestamp() not null,
    constraint messages_content_check check (((char_length(content) >= 1) and (char_length(content) <= 4000))),
    constraint messages_seq_check check ((seq > 0)),
    constraint messages_conversation_id_seq_key unique (conversation_id, seq),
    constraint messages_pkey primary key (message_id),
    constraint messages_college_id_conversation_id_user_id_fkey foreign key (college_id, conversation_id, user_id) references participants(college_id, conversation_id, user_id) on delete cascade
);
create index messages_of_user on messages (user_id, message_id);
create trigger messages_of_present_riders before insert on messages for each row execute function refuse_for_former_riders();
alter table messages enable row level security;
create policy granted on messages using (true);
create policy wall on messages as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table messages to tripsync_app;
grant select on table messages to tripsync_reader;

-- 0014.audit-trail, 0027.services-meet-chat-and-moderation
create table moderation_acts (
    act_id     bigint not null generated always as identity,
    college_id bigint not null,
    actor_id   bigint,
    act        text not null,
    subject_id bigint not null,
    report_id  bigint,
    outcome    text,
    note       text not null,
    acted_at   timestamptz default now() not null,
    constraint moderation_acts_act_check check ((act = any (array['resolve', 'warn', 'ban', 'unban', 'promote', 'close_post']))),
    constraint moderation_acts_check check (((act = 'resolve') = (report_id is not null))),
    constraint moderation_acts_note_check check ((char_length(note) <= 1000)),
    constraint moderation_acts_outcome_check check ((char_length(outcome) <= 40)),
    constraint moderation_acts_say_what_came_of_it check (((act = any (array['resolve', 'promote', 'close_post'])) = (outcome is not null))),
    constraint moderation_acts_pkey primary key (act_id),
    constraint moderation_acts_college_id_actor_id_fkey foreign key (college_id, actor_id) references users(college_id, user_id),
    constraint moderation_acts_college_id_report_id_fkey foreign key (college_id, report_id) references reports(college_id, report_id),
    constraint moderation_acts_college_id_subject_id_fkey foreign key (college_id, subject_id) references users(college_id, user_id)
);
create index moderation_acts_of_college on moderation_acts (college_id, act_id);
create trigger moderation_acts_stay before delete or update or truncate on moderation_acts for each statement execute function refuse_change_of_acts();

alter table moderation_acts enable always trigger moderation_acts_stay;
alter table moderation_acts enable row level security;
create policy granted on moderation_acts using (true);
create policy wall on moderation_acts as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert on table moderation_acts to tripsync_app;
grant select on table moderation_acts to tripsync_reader;

-- 0023.chat
create table participants (
    college_id      bigint not null,
    conversation_id bigint not null,
    user_id         bigint not null,
    heard_from      bigint default 0 not null,
    heard_until     bigint,
    read_seq        bigint default 0 not null,
    own_since_read  bigint default 0 not null,
    constraint participants_check check (((heard_from <= read_seq) and (heard_from <= heard_until))),
    constraint participants_own_since_read_check check ((own_since_read >= 0)),
    constraint participants_pkey primary key (college_id, conversation_id, user_id),
    constraint participants_college_id_conversation_id_fkey foreign key (college_id, conversation_id) references conversations(college_id, conversation_id) on delete cascade,
    constraint participants_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id)
);
create index participants_of_user on participants (user_id, conversation_id);
alter table participants enable row level security;
create policy granted on participants using (true);
create policy wall on participants as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table participants to tripsync_app;
grant select on table participants to tripsync_reader;

create table pgqueuer (
    id               bigint not null default nextval('pgqueuer_id_seq'::regclass),
    priority         integer not null,
    queue_manager_id uuid,
    created          timestamptz default now() not null,
    updated          timestamptz default now() not null,
    heartbeat        timestamptz default now() not null,
    execute_after    timestamptz default now() not null,
    status           pgqueuer_status not null,
    entrypoint       text not null,
    dedupe_key       text,
    payload          bytea,
    headers          jsonb,
    attempts         integer default 0 not null,
    slot             bigint,
    constraint pgqueuer_pkey primary key (id)
);
create index pgqueuer_ep_ea_idx on pgqueuer (entrypoint, execute_after) where (status = 'queued'::pgqueuer_status);
create index pgqueuer_ep_prio_id_idx on pgqueuer (entrypoint, priority desc, id) where (status = 'queued'::pgqueuer_status);
create index pgqueuer_picked_heartbeat_idx on pgqueuer (heartbeat) where (status = 'picked'::pgqueuer_status);
create unique index pgqueuer_picked_slot_idx on pgqueuer (entrypoint, slot) where ((status = 'picked'::pgqueuer_status) and (slot is not null));
create index pgqueuer_priority_id_id1_idx on pgqueuer (priority, id desc) include (id) where (status = 'queued'::pgqueuer_status);
create index pgqueuer_queue_manager_id_idx on pgqueuer (queue_manager_id) where (queue_manager_id is not null);
create unique index pgqueuer_unique_dedupe_key on pgqueuer (dedupe_key) where ((status = any (array['queued'::pgqueuer_status, 'picked'::pgqueuer_status])) and (dedupe_key is not null));
create index pgqueuer_updated_id_id1_idx on pgqueuer (updated, id desc) include (id) where (status = 'picked'::pgqueuer_status);
create trigger lost_tries_count before update on pgqueuer for each row when (((old.status = 'picked'::pgqueuer_status) and (new.status = 'picked'::pgqueuer_status) and (old.queue_manager_id is distinct from new.queue_manager_id))) execute function count_lost_try();
create trigger tg_pgqueuer_changed after insert or delete or update or truncate on pgqueuer for each statement execute function fn_pgqueuer_changed();
grant select,insert,delete,update on table pgqueuer to tripsync_app;
grant select on table pgqueuer to tripsync_reader;

create table pgqueuer_log (
    id         bigint not null generated by default as identity,
    created    timestamptz default now() not null,
    job_id     bigint not null,
    status     pgqueuer_status not null,
    priority   integer not null,
    entrypoint text not null,
    traceback  jsonb,
    aggregated boolean default false,
    constraint pgqueuer_log_pkey primary key (id)
);
create index pgqueuer_log_created on pgqueuer_log (created);
create index pgqueuer_log_job_id_status on pgqueuer_log (job_id, created desc);
create index pgqueuer_log_not_aggregated on pgqueuer_log ((1)) where (not aggregated);
create index pgqueuer_log_status on pgqueuer_log (status);
grant select,insert,delete,update on table pgqueuer_log to tripsync_app;
grant select on table pgqueuer_log to tripsync_reader;

create table pgqueuer_schedules (
    id         bigint not null default nextval('pgqueuer_schedules_id_seq'::regclass),
    expression text not null,
    entrypoint text not null,
    heartbeat  timestamptz default now() not null,
    created    timestamptz default now() not null,
    updated    timestamptz default now() not null,
    next_run   timestamptz default now() not null,
    last_run   timestamptz,
    status     pgqueuer_status default 'queued'::pgqueuer_status,
    constraint pgqueuer_schedules_expression_entrypoint_key unique (expression, entrypoint),
    constraint pgqueuer_schedules_pkey primary key (id)
);
grant select on table pgqueuer_schedules to tripsync_reader;

create table pgqueuer_statistics (
    id         bigint not null default nextval('pgqueuer_statistics_id_seq'::regclass),
    created    timestamptz default date_trunc('sec', now()) not null,
    count      bigint not null,
    priority   integer not null,
    status     pgqueuer_status not null,
    entrypoint text not null,
    constraint pgqueuer_statistics_pkey primary key (id)
);
create unique index pgqueuer_statistics_unique_count on pgqueuer_statistics (priority, date_trunc('sec', timezone('UTC', created)), status, entrypoint);
grant select on table pgqueuer_statistics to tripsync_app;
grant select on table pgqueuer_statistics to tripsync_reader;

-- 0010.pooling, 0022.roads-in-matching
create table pool_members (
    college_id    bigint not null,
    pool_id       bigint not null,
    request_id    bigint not null,
    user_id       bigint not null,
    seats         smallint not null,
    shared_meters double precision not null,
    fare_percent  numeric(6,3) not null,
    joined_at     timestamptz default now() not null,
    left_at       timestamptz,
    solo_meters   double precision,
    constraint pool_members_fare_percent_check check (((fare_percent >= (0)::numeric) and (fare_percent <= (100)::numeric))),
    constraint pool_members_shared_meters_check check ((shared_meters >= (0)::double precision)),
    constraint pool_members_solo_meters_check check ((solo_meters >= (0)::double precision)),
    constraint pool_members_pkey primary key (pool_id, request_id),
    constraint pool_members_college_id_pool_id_fkey foreign key (college_id, pool_id) references pools(college_id, pool_id) on delete cascade,
    constraint pool_members_college_id_request_id_fkey foreign key (college_id, request_id) references pooling_requests(college_id, request_id),
    constraint pool_members_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id)
);
create index pool_members_of_request on pool_members (request_id);
create unique index pool_members_once on pool_members (user_id, pool_id) where (left_at is null);
create unique index pool_members_riding on pool_members (request_id) where (left_at is null);
create trigger pool_members_count_seats after insert or delete or update of seats, left_at on pool_members for each row execute function count_pool_seats();
create trigger pool_members_join_conversation after insert on pool_members for each row execute function join_conversation_of_pool();
alter table pool_members enable row level security;
create policy granted on pool_members using (true);
create policy wall on pool_members as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table pool_members to tripsync_app;
grant select on table pool_members to tripsync_reader;

-- 0010.pooling
create table pool_stops (
    college_id bigint not null,
    pool_id    bigint not null,
    "position" smallint not null,
    request_id bigint not null,
    kind       text not null,
    meters     double precision not null,
    constraint pool_stops_kind_check check ((kind = any (array['pickup', 'drop']))),
    constraint pool_stops_meters_check check ((meters >= (0)::double precision)),
    constraint pool_stops_pkey primary key (pool_id, "position"),
    constraint pool_stops_pool_id_request_id_kind_key unique (pool_id, request_id, kind),
    constraint pool_stops_college_id_pool_id_fkey foreign key (college_id, pool_id) references pools(college_id, pool_id) on delete cascade,
    constraint pool_stops_college_id_request_id_fkey foreign key (college_id, request_id) references pooling_requests(college_id, request_id)
);
alter table pool_stops enable row level security;
create policy granted on pool_stops using (true);
create policy wall on pool_stops as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete on table pool_stops to tripsync_app;
grant select on table pool_stops to tripsync_reader;

-- 0010.pooling, 0022.roads-in-matching, 0038.several-planned-rides, 0042.replaced-requests, 0043.replaced-requests-hold
create table pooling_requests (
    request_id       bigint not null generated always as identity,
    college_id       bigint not null,
    user_id          bigint not null,
    status           text default 'active' not null,
    cancel_reason    text,
    start            point not null,
    destination      point not null,
    start_name       text default '' not null,
    destination_name text default '' not null,
    departure        tstzrange not null,
    seats            smallint default 1 not null,
    detour_percent   smallint default 25 not null,
    role             text default 'rider' not null,
    seats_offered    smallint,
    same_gender      boolean default false not null,
    quiet            boolean default false not null,
    no_smoking       boolean default false not null,
    luggage          boolean default false not null,
    auto_match       boolean default false not null,
    note             text default '' not null,
    solo_meters      double precision not null,
    reach            box not null,
    created_at       timestamptz default now() not null,
    closed_at        timestamptz,
    solo_road_meters double precision,
    replaced_by      bigint,
    constraint pooling_requests_cancel_reason_check check ((cancel_reason = any (array['rider', 'expired', 'partner_left', 'moderator']))),
    constraint pooling_requests_check check (((role = 'driver') = (seats_offered is not null))),
    constraint pooling_requests_check1 check (((status = 'cancelled') = (cancel_reason is not null))),
    constraint pooling_requests_departure_check check ((not isempty(departure))),
    constraint pooling_requests_destination_name_check check ((char_length(destination_name) <= 200)),
    constraint pooling_requests_detour_percent_check check (((detour_percent >= 0) and (detour_percent <= 100))),
    constraint pooling_requests_note_check check ((char_length(note) <= 500)),
    constraint pooling_requests_replaced_by_newer check (((replaced_by is null) or ((status = 'cancelled') and (replaced_by > request_id)))),
    constraint pooling_requests_role_check check ((role = any (array['rider', 'driver']))),
    constraint pooling_requests_seats_check check (((seats >= 1) and (seats <= 3))),
    constraint pooling_requests_seats_offered_check check (((seats_offered >= 1) and (seats_offered <= 7))),
    constraint pooling_requests_solo_meters_check check ((solo_meters >= (0)::double precision)),
    constraint pooling_requests_solo_road_meters_check check ((solo_road_meters >= (0)::double precision)),
    constraint pooling_requests_start_name_check check ((char_length(start_name) <= 200)),
    constraint pooling_requests_status_check check ((status = any (array['active', 'matched', 'completed', 'cancelled']))),
    constraint pooling_requests_college_id_request_id_key unique (college_id, request_id),
    constraint pooling_requests_do_not_overlap exclude using gist (int8range(user_id, user_id, '[]') with &&, departure with &&) where ((status = any (array['active', 'matched']))),
    constraint pooling_requests_pkey primary key (request_id),
    constraint pooling_requests_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade,
    constraint pooling_requests_replaced_by_fkey foreign key (college_id, replaced_by) references pooling_requests(college_id, request_id) on delete set null (replaced_by)
);
create index pooling_requests_of_rider on pooling_requests (user_id) where (status = any (array['active', 'matched']));
create index pooling_requests_of_user on pooling_requests (user_id, request_id);
create index pooling_requests_replaced_by on pooling_requests (replaced_by) where (replaced_by is not null);
create index pooling_requests_riding on pooling_requests using gist (start, destination, reach, on_the_road(departure, greatest(solo_meters, solo_road_meters), (detour_percent)::integer)) where (status = 'matched');
create index pooling_requests_waiting on pooling_requests using gist (start, destination, reach, on_the_road(departure, greatest(solo_meters, solo_road_meters), (detour_percent)::integer)) where (status = 'active');
create trigger pooling_requests_of_present_riders before insert on pooling_requests for each row execute function refuse_for_former_riders();
alter table pooling_requests enable row level security;
create policy granted on pooling_requests using (true);
create policy wall on pooling_requests as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table pooling_requests to tripsync_app;
grant select on table pooling_requests to tripsync_reader;

-- 0010.pooling, 0022.roads-in-matching
create table pools (
    pool_id        bigint not null generated always as identity,
    college_id     bigint not null,
    status         text default 'open' not null,
    capacity       smallint not null,
    seats_taken    smallint default 0 not null,
    estimated_fare numeric(10,2),
    meeting_note   text default '' not null,
    created_at     timestamptz default now() not null,
    started_at     timestamptz,
    closed_at      timestamptz,
    is_fallback    boolean default true not null,
    constraint pools_capacity_check check (((capacity >= 2) and (capacity <= 8))),
    constraint pools_check check (((seats_taken >= 0) and (seats_taken <= capacity))),
    constraint pools_estimated_fare_check check ((estimated_fare >= (0)::numeric)),
    constraint pools_meeting_note_check check ((char_length(meeting_note) <= 500)),
    constraint pools_status_check check ((status = any (array['open', 'started', 'completed', 'cancelled']))),
    constraint pools_college_id_pool_id_key unique (college_id, pool_id),
    constraint pools_pkey primary key (pool_id),
    constraint pools_college_id_fkey foreign key (college_id) references colleges(college_id)
);
create index pools_by_end on pools (college_id, closed_at) where (status = 'completed');
create index pools_open on pools (college_id, pool_id) where (status = 'open');
create index pools_under_way on pools (pool_id) where (status = any (array['open', 'started']));
create trigger pools_begin_conversation after insert on pools for each row execute function begin_conversation_of_pool();
create trigger pools_forget_live_positions after update of status on pools for each row when (((old.status = 'started') and (new.status <> 'started'))) execute function forget_live_positions();
alter table pools enable row level security;
create policy granted on pools using (true);
create policy wall on pools as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table pools to tripsync_app;
grant select on table pools to tripsync_reader;

-- 0012.profile-files
create table profile_files (
    college_id  bigint not null,
    user_id     bigint not null,
    kind        text not null,
    storage_key text not null,
    version     text not null,
    uploaded_at timestamptz default now() not null,
    constraint profile_files_kind_check check ((kind = any (array['image', 'resume']))),
    constraint profile_files_storage_key_check check (((char_length(storage_key) >= 1) and (char_length(storage_key) <= 100))),
    constraint profile_files_version_check check ((version ~ '^[0-9a-f]{32}$')),
    constraint profile_files_pkey primary key (user_id, kind),
    constraint profile_files_storage_key_key unique (storage_key),
    constraint profile_files_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create trigger profile_files_abandon after delete or update of storage_key on profile_files for each row execute function abandon_file();
create trigger profile_files_of_present_riders before insert or update on profile_files for each row execute function refuse_for_former_riders();
create trigger profile_files_refer after insert or update of storage_key on profile_files for each row execute function refer_to_file();
alter table profile_files enable row level security;
create policy granted on profile_files using (true);
create policy wall on profile_files as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table profile_files to tripsync_app;
grant select on table profile_files to tripsync_reader;

-- 0011.profiles, 0025.services, 0044.known-kinds, 0045.known-kinds-hold
create table profiles (
    college_id         bigint not null,
    user_id            bigint not null,
    username           text,
    phone_number       text,
    bio                text,
    year_of_study      text,
    major              text,
    gender             text,
    preferences        jsonb,
    social_media_links jsonb,
    emergency_contact  jsonb,
    updated_at         timestamptz default now() not null,
    college_unit       text,
    constraint profiles_bio_check check (((char_length(bio) >= 1) and (char_length(bio) <= 1000))),
    constraint profiles_college_unit_check check (((char_length(college_unit) >= 1) and (char_length(college_unit) <= 100))),
    constraint profiles_emergency_contact_check check (((jsonb_typeof(emergency_contact) = 'object') and (octet_length((emergency_contact)::text) <= 4000))),
    constraint profiles_gender_check check ((gender = any (array['woman', 'man', 'non_binary']))),
    constraint profiles_major_check check (((char_length(major) >= 1) and (char_length(major) <= 100))),
    constraint profiles_phone_number_check check ((phone_number ~ '^\+[1-9][0-9]{6,14}$')),
    constraint profiles_preferences_are_known check (((preferences - profile_preferences()) = '{}'::jsonb)),
    constraint profiles_preferences_check check (((jsonb_typeof(preferences) = 'object') and (octet_length((preferences)::text) <= 4000))),
    constraint profiles_social_media_links_check check (((jsonb_typeof(social_media_links) = 'object') and (octet_length((social_media_links)::text) <= 16000))),
    constraint profiles_username_check check ((username ~ '^[A-Za-z0-9][A-Za-z0-9._-]{2,29}$')),
    constraint profiles_year_of_study_check check (((char_length(year_of_study) >= 1) and (char_length(year_of_study) <= 40))),
    constraint profiles_pkey primary key (user_id),
    constraint profiles_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create unique index profiles_by_username on profiles (college_id, lower(username));
create trigger profiles_of_present_riders before insert or update on profiles for each row execute function refuse_for_former_riders();
alter table profiles enable row level security;
create policy granted on profiles using (true);
create policy wall on profiles as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table profiles to tripsync_app;
grant select on table profiles to tripsync_reader;

-- 0033.devices
create table quiet_hours (
    college_id bigint not null,
    user_id    bigint not null,
    begins_at  time not null,
    ends_at    time not null,
    constraint quiet_hours_pkey primary key (user_id),
    constraint quiet_hours_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create trigger quiet_hours_of_present_riders before insert or update on quiet_hours for each row execute function refuse_for_former_riders();
alter table quiet_hours enable row level security;
create policy granted on quiet_hours using (true);
create policy wall on quiet_hours as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table quiet_hours to tripsync_app;
grant select on table quiet_hours to tripsync_reader;

-- 0006.rate-counters
create unlogged table rate_counters (
    key        text not null,
    hits       integer not null,
    expires_at timestamptz not null,
    constraint rate_counters_key_check check ((char_length(key) <= 300)),
    constraint rate_counters_pkey primary key (key)
);
create index rate_counters_by_expiry on rate_counters (expires_at);
grant select,insert,delete,update on table rate_counters to tripsync_app;
grant select on table rate_counters to tripsync_reader;

-- 0017.recurring-rides
create table recurring_changes (
    college_id     bigint not null,
    recurring_id   bigint not null,
    occurs_on      date not null,
    departs_at     time not null,
    window_minutes smallint not null,
    constraint recurring_changes_window_minutes_check check (((window_minutes >= 5) and (window_minutes <= 720))),
    constraint recurring_changes_pkey primary key (recurring_id, occurs_on),
    constraint recurring_changes_college_id_recurring_id_fkey foreign key (college_id, recurring_id) references recurring_rides(college_id, recurring_id) on delete cascade
);
alter table recurring_changes enable row level security;
create policy granted on recurring_changes using (true);
create policy wall on recurring_changes as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table recurring_changes to tripsync_app;
grant select on table recurring_changes to tripsync_reader;

-- 0017.recurring-rides, 0040.rides-skipped-for-an-address, 0041.all-skipped-rides-say-why
create table recurring_openings (
    college_id      bigint not null,
    recurring_id    bigint not null,
    occurs_on       date not null,
    request_id      bigint,
    skipped_because text,
    decided_at      timestamptz default now() not null,
    constraint recurring_openings_check check (((request_id is null) = (skipped_because is not null))),
    constraint recurring_openings_skipped_because_check check ((skipped_because = any (array['busy', 'unverified', 'banned', 'late']))),
    constraint recurring_openings_pkey primary key (recurring_id, occurs_on),
    constraint recurring_openings_college_id_recurring_id_fkey foreign key (college_id, recurring_id) references recurring_rides(college_id, recurring_id) on delete cascade,
    constraint recurring_openings_college_id_request_id_fkey foreign key (college_id, request_id) references pooling_requests(college_id, request_id) on delete cascade
);
create index recurring_openings_of_request on recurring_openings (request_id) where (request_id is not null);
alter table recurring_openings enable row level security;
create policy granted on recurring_openings using (true);
create policy wall on recurring_openings as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert on table recurring_openings to tripsync_app;
grant select on table recurring_openings to tripsync_reader;

-- 0017.recurring-rides, 0022.roads-in-matching
create table recurring_rides (
    recurring_id     bigint not null generated always as identity,
    college_id       bigint not null,
    user_id          bigint not null,
    weekdays         text[] not null,
    departs_at       time not null,
    window_minutes   smallint not null,
    ends_on          date,
    exception_dates  date[] default '{}'::date[] not null,
    paused_at        timestamptz,
    next_opens_at    timestamptz,
    start            point not null,
    destination      point not null,
    start_name       text default '' not null,
    destination_name text default '' not null,
    seats            smallint not null,
    detour_percent   smallint not null,
    role             text not null,
    seats_offered    smallint,
    same_gender      boolean not null,
    quiet            boolean not null,
    no_smoking       boolean not null,
    luggage          boolean not null,
    auto_match       boolean not null,
    note             text default '' not null,
    created_at       timestamptz default now() not null,
    solo_road_meters double precision,
    constraint recurring_rides_check check (((role = 'driver') = (seats_offered is not null))),
    constraint recurring_rides_check1 check (((paused_at is null) or (next_opens_at is null))),
    constraint recurring_rides_destination_name_check check ((char_length(destination_name) <= 200)),
    constraint recurring_rides_detour_percent_check check (((detour_percent >= 0) and (detour_percent <= 100))),
    constraint recurring_rides_exception_dates_check check ((cardinality(exception_dates) <= 1000)),
    constraint recurring_rides_note_check check ((char_length(note) <= 500)),
    constraint recurring_rides_role_check check ((role = any (array['rider', 'driver']))),
    constraint recurring_rides_seats_check check (((seats >= 1) and (seats <= 3))),
    constraint recurring_rides_seats_offered_check check (((seats_offered >= 1) and (seats_offered <= 7))),
    constraint recurring_rides_solo_road_meters_check check ((solo_road_meters >= (0)::double precision)),
    constraint recurring_rides_start_name_check check ((char_length(start_name) <= 200)),
    constraint recurring_rides_weekdays_check check ((((cardinality(weekdays) >= 1) and (cardinality(weekdays) <= 7)) and (weekdays <@ array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']))),
    constraint recurring_rides_window_minutes_check check (((window_minutes >= 5) and (window_minutes <= 720))),
    constraint recurring_rides_college_id_recurring_id_key unique (college_id, recurring_id),
    constraint recurring_rides_pkey primary key (recurring_id),
    constraint recurring_rides_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create index recurring_rides_due on recurring_rides (next_opens_at) where (next_opens_at is not null);
create index recurring_rides_of_user on recurring_rides (user_id, recurring_id);
create trigger recurring_rides_of_present_riders before insert on recurring_rides for each row execute function refuse_for_former_riders();
alter table recurring_rides enable row level security;
create policy granted on recurring_rides using (true);
create policy wall on recurring_rides as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table recurring_rides to tripsync_app;
grant select on table recurring_rides to tripsync_reader;

-- 0003.sessions
create table refresh_tokens (
    token_hash bytea not null,
    session_id bigint not null,
    issued_at  timestamptz default now() not null,
    expires_at timestamptz not null,
    used_at    timestamptz,
    constraint refresh_tokens_pkey primary key (token_hash),
    constraint refresh_tokens_session_id_fkey foreign key (session_id) references sessions(session_id) on delete cascade
);
create index refresh_tokens_by_expiry on refresh_tokens (expires_at);
create index refresh_tokens_of_session on refresh_tokens (session_id);
create unique index refresh_tokens_unused on refresh_tokens (session_id) where (used_at is null);
grant select,insert,delete,update on table refresh_tokens to tripsync_app;
grant select(session_id) on table refresh_tokens to tripsync_reader;
grant select(issued_at) on table refresh_tokens to tripsync_reader;
grant select(expires_at) on table refresh_tokens to tripsync_reader;
grant select(used_at) on table refresh_tokens to tripsync_reader;

-- 0013.reports, 0023.chat, 0027.services-meet-chat-and-moderation
create table reports (
    report_id      bigint not null generated always as identity,
    college_id     bigint not null,
    reporter_id    bigint not null,
    subject_id     bigint not null,
    reason         text not null,
    details        text default '' not null,
    reference_kind text,
    reference_id   bigint,
    created_at     timestamptz default now() not null,
    resolved_at    timestamptz,
    resolved_by    bigint,
    outcome        text,
    note           text default '' not null,
    reported_words text,
    constraint reports_check check ((reporter_id <> subject_id)),
    constraint reports_check1 check (((reference_kind is null) = (reference_id is null))),
    constraint reports_check2 check ((num_nulls(resolved_at, resolved_by, outcome) = any (array[0, 3]))),
    constraint reports_check3 check (((reference_kind = 'message') or (reported_words is null))),
    constraint reports_details_check check ((char_length(details) <= 2000)),
    constraint reports_note_check check ((char_length(note) <= 1000)),
    constraint reports_outcome_check check ((outcome = any (array['dismissed', 'settled', 'warned', 'banned']))),
    constraint reports_reason_check check ((reason = any (array['harassment', 'unsafe_ride', 'no_show', 'fraud', 'false_identity', 'offensive_content', 'other']))),
    constraint reports_reference_id_check check ((reference_id > 0)),
    constraint reports_reference_kind_check check ((reference_kind = any (array['pool', 'message', 'post', 'service']))),
    constraint reports_college_id_report_id_key unique (college_id, report_id),
    constraint reports_pkey primary key (report_id),
    constraint reports_college_id_reporter_id_fkey foreign key (college_id, reporter_id) references users(college_id, user_id),
    constraint reports_college_id_resolved_by_fkey foreign key (college_id, resolved_by) references users(college_id, user_id),
    constraint reports_college_id_subject_id_fkey foreign key (college_id, subject_id) references users(college_id, user_id)
);
create unique index reports_open_once on reports (reporter_id, subject_id, reference_kind, reference_id) nulls not distinct where (resolved_at is null);
alter table reports enable row level security;
create policy granted on reports using (true);
create policy wall on reports as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table reports to tripsync_app;
grant select on table reports to tripsync_reader;

-- 0019.reviews, 0026.service-searches-and-reviews
create table reviews (
    review_id    bigint not null generated always as identity,
    college_id   bigint not null,
    pool_id      bigint,
    author_id    bigint not null,
    subject_id   bigint not null,
    rating       smallint not null,
    comment      text default '' not null,
    created_at   timestamptz default now() not null,
    edited_at    timestamptz,
    visible_from timestamptz not null,
    reply        text,
    replied_at   timestamptz,
    post_id      bigint,
    constraint reviews_check check ((author_id <> subject_id)),
    constraint reviews_check1 check (((visible_from >= created_at) and (visible_from <= (created_at + '168:00:00'::interval)))),
    constraint reviews_check2 check (((reply is null) = (replied_at is null))),
    constraint reviews_comment_check check ((char_length(comment) <= 1000)),
    constraint reviews_of_one_thing check ((num_nonnulls(pool_id, post_id) = 1)),
    constraint reviews_rating_check check (((rating >= 1) and (rating <= 5))),
    constraint reviews_reply_check check (((char_length(reply) >= 1) and (char_length(reply) <= 1000))),
    constraint reviews_pkey primary key (review_id),
    constraint reviews_pool_id_author_id_subject_id_key unique (pool_id, author_id, subject_id),
    constraint reviews_college_id_author_id_fkey foreign key (college_id, author_id) references users(college_id, user_id),
    constraint reviews_college_id_pool_id_fkey foreign key (college_id, pool_id) references pools(college_id, pool_id),
    constraint reviews_college_id_subject_id_fkey foreign key (college_id, subject_id) references users(college_id, user_id),
    constraint reviews_post_fkey foreign key (college_id, post_id) references service_posts(college_id, post_id)
);
create index reviews_by_appearance on reviews (college_id, visible_from);
create index reviews_by_author on reviews (author_id, review_id);
create index reviews_of_subject on reviews (subject_id, review_id) include (visible_from, rating);
create unique index reviews_of_work on reviews (post_id, author_id, subject_id) where (post_id is not null);
alter table reviews enable row level security;
create policy granted on reviews using (true);
create policy wall on reviews as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table reviews to tripsync_app;
grant select on table reviews to tripsync_reader;

-- 0020.safety
create table ride_shares (
    share_id     bigint not null generated always as identity,
    college_id   bigint not null,
    user_id      bigint not null,
    pool_id      bigint not null,
    token_hash   bytea not null,
    vehicle_note text default '' not null,
    "position"   point,
    position_at  timestamptz,
    created_at   timestamptz default now() not null,
    expires_at   timestamptz not null,
    constraint ride_shares_check check ((("position" is null) = (position_at is null))),
    constraint ride_shares_vehicle_note_check check ((char_length(vehicle_note) <= 200)),
    constraint ride_shares_pkey primary key (share_id),
    constraint ride_shares_token_hash_key unique (token_hash),
    constraint ride_shares_college_id_pool_id_fkey foreign key (college_id, pool_id) references pools(college_id, pool_id) on delete cascade,
    constraint ride_shares_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create index ride_shares_of_pool on ride_shares (pool_id);
create index ride_shares_of_user on ride_shares (user_id, share_id);
create trigger ride_shares_of_present_riders before insert on ride_shares for each row execute function refuse_for_former_riders();
alter table ride_shares enable row level security;
create policy granted on ride_shares using (true);
create policy wall on ride_shares as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table ride_shares to tripsync_app;
grant select(share_id) on table ride_shares to tripsync_reader;
grant select(college_id) on table ride_shares to tripsync_reader;
grant select(user_id) on table ride_shares to tripsync_reader;
grant select(pool_id) on table ride_shares to tripsync_reader;
grant select(vehicle_note) on table ride_shares to tripsync_reader;
grant select("position") on table ride_shares to tripsync_reader;
grant select(position_at) on table ride_shares to tripsync_reader;
grant select(created_at) on table ride_shares to tripsync_reader;
grant select(expires_at) on table ride_shares to tripsync_reader;

-- 0018.saved-searches
create table saved_search_hits (
    college_id bigint not null,
    search_id  bigint not null,
    request_id bigint not null,
    mailed     boolean not null,
    told_at    timestamptz default now() not null,
    constraint saved_search_hits_pkey primary key (search_id, request_id),
    constraint saved_search_hits_college_id_request_id_fkey foreign key (college_id, request_id) references pooling_requests(college_id, request_id) on delete cascade,
    constraint saved_search_hits_college_id_search_id_fkey foreign key (college_id, search_id) references saved_searches(college_id, search_id) on delete cascade
);
create index saved_search_hits_by_age on saved_search_hits (told_at);
create index saved_search_hits_mailed on saved_search_hits (search_id, told_at) where mailed;
create index saved_search_hits_of_request on saved_search_hits (request_id);
alter table saved_search_hits enable row level security;
create policy granted on saved_search_hits using (true);
create policy wall on saved_search_hits as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table saved_search_hits to tripsync_app;
grant select on table saved_search_hits to tripsync_reader;

-- 0018.saved-searches
create table saved_searches (
    search_id                 bigint not null generated always as identity,
    college_id                bigint not null,
    user_id                   bigint not null,
    name                      text not null,
    start                     point not null,
    start_radius_meters       integer not null,
    destination               point not null,
    destination_radius_meters integer not null,
    weekdays                  text[],
    day_from                  time,
    day_until                 time,
    mail_me                   boolean not null,
    expires_at                timestamptz,
    created_at                timestamptz default now() not null,
    start_box                 box generated always as (circle_box(start, (start_radius_meters)::double precision)) stored not null,
    destination_box           box generated always as (circle_box(destination, (destination_radius_meters)::double precision)) stored not null,
    constraint saved_searches_check check (((day_from is null) = (day_until is null))),
    constraint saved_searches_check1 check ((day_from <> day_until)),
    constraint saved_searches_destination_radius_meters_check check (((destination_radius_meters >= 100) and (destination_radius_meters <= 10000))),
    constraint saved_searches_name_check check (((char_length(name) >= 1) and (char_length(name) <= 100))),
    constraint saved_searches_start_radius_meters_check check (((start_radius_meters >= 100) and (start_radius_meters <= 10000))),
    constraint saved_searches_weekdays_check check ((((cardinality(weekdays) >= 1) and (cardinality(weekdays) <= 7)) and (weekdays <@ array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday']))),
    constraint saved_searches_college_id_search_id_key unique (college_id, search_id),
    constraint saved_searches_pkey primary key (search_id),
    constraint saved_searches_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create index saved_searches_around on saved_searches using gist (start_box, destination_box);
create index saved_searches_of_user on saved_searches (user_id, search_id);
create trigger saved_searches_of_present_riders before insert on saved_searches for each row execute function refuse_for_former_riders();
alter table saved_searches enable row level security;
create policy granted on saved_searches using (true);
create policy wall on saved_searches as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table saved_searches to tripsync_app;
grant select on table saved_searches to tripsync_reader;

-- 0026.service-searches-and-reviews
create table saved_service_search_hits (
    college_id bigint not null,
    search_id  bigint not null,
    post_id    bigint not null,
    mailed     boolean not null,
    told_at    timestamptz default now() not null,
    constraint saved_service_search_hits_pkey primary key (search_id, post_id),
    constraint saved_service_search_hits_college_id_post_id_fkey foreign key (college_id, post_id) references service_posts(college_id, post_id) on delete cascade,
    constraint saved_service_search_hits_college_id_search_id_fkey foreign key (college_id, search_id) references saved_service_searches(college_id, search_id) on delete cascade
);
create index saved_service_search_hits_by_age on saved_service_search_hits (told_at);
create index saved_service_search_hits_mailed on saved_service_search_hits (search_id, told_at) where mailed;
create index saved_service_search_hits_of_post on saved_service_search_hits (post_id);
alter table saved_service_search_hits enable row level security;
create policy granted on saved_service_search_hits using (true);
create policy wall on saved_service_search_hits as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table saved_service_search_hits to tripsync_app;
grant select on table saved_service_search_hits to tripsync_reader;

-- 0026.service-searches-and-reviews
create table saved_service_searches (
    search_id         bigint not null generated always as identity,
    college_id        bigint not null,
    user_id           bigint not null,
    name              text not null,
    words             text,
    tags              text[] not null,
    kind              text,
    compensation_type text,
    min_price         numeric(10,2),
    max_price         numeric(10,2),
    place             point,
    radius_meters     integer,
    mail_me           boolean not null,
    expires_at        timestamptz,
    created_at        timestamptz default now() not null,
    needs             text[] generated always as (search_needs(words, tags, kind, compensation_type)) stored not null,
    constraint saved_service_searches_check check (((place is null) = (radius_meters is null))),
    constraint saved_service_searches_compensation_type_check check ((compensation_type = any (array['volunteer', 'fixed_price', 'hourly_rate', 'negotiable']))),
    constraint saved_service_searches_kind_check check ((kind = any (array['offer', 'request']))),
    constraint saved_service_searches_name_check check (((char_length(name) >= 1) and (char_length(name) <= 100))),
    constraint saved_service_searches_radius_meters_check check (((radius_meters >= 100) and (radius_meters <= 50000))),
    constraint saved_service_searches_tags_check check ((cardinality(tags) <= 10)),
    constraint saved_service_searches_words_check check (((char_length(words) >= 1) and (char_length(words) <= 200))),
    constraint saved_service_searches_college_id_search_id_key unique (college_id, search_id),
    constraint saved_service_searches_pkey primary key (search_id),
    constraint saved_service_searches_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create index saved_service_searches_by_needs on saved_service_searches using gin (needs) with (fastupdate=off);
create index saved_service_searches_of_user on saved_service_searches (user_id, search_id);
create trigger saved_service_searches_of_present_riders before insert on saved_service_searches for each row execute function refuse_for_former_riders();
alter table saved_service_searches enable row level security;
create policy granted on saved_service_searches using (true);
create policy wall on saved_service_searches as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table saved_service_searches to tripsync_app;
grant select on table saved_service_searches to tripsync_reader;

-- 0028.rounds-and-second-looks
create table second_looks (
    college_id    bigint not null,
    one_request   bigint not null,
    other_request bigint not null,
    constraint second_looks_check check ((one_request < other_request)),
    constraint second_looks_pkey primary key (one_request, other_request),
    constraint second_looks_college_id_one_request_fkey foreign key (college_id, one_request) references pooling_requests(college_id, request_id) on delete cascade,
    constraint second_looks_college_id_other_request_fkey foreign key (college_id, other_request) references pooling_requests(college_id, request_id) on delete cascade
);
alter table second_looks enable row level security;
create policy granted on second_looks using (true);
create policy wall on second_looks as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table second_looks to tripsync_app;
grant select on table second_looks to tripsync_reader;

-- 0025.services
create table service_applications (
    application_id bigint not null generated always as identity,
    college_id     bigint not null,
    post_id        bigint not null,
    poster_id      bigint not null,
    user_id        bigint not null,
    status         text default 'pending' not null,
    cover_letter   text,
    resume_url     text,
    proposed_rate  numeric(10,2),
    applied_at     timestamptz default now() not null,
    answered_at    timestamptz,
    revealed_at    timestamptz,
    constraint service_applications_check check ((user_id <> poster_id)),
    constraint service_applications_check1 check (((status = 'withdrawn') or ((status = 'pending') = (answered_at is null)))),
    constraint service_applications_cover_letter_check check (((char_length(cover_letter) >= 1) and (char_length(cover_letter) <= 5000))),
    constraint service_applications_proposed_rate_check check (((proposed_rate >= (0)::numeric) and (proposed_rate <= (10000000)::numeric))),
    constraint service_applications_resume_url_check check (((char_length(resume_url) >= 1) and (char_length(resume_url) <= 500))),
    constraint service_applications_status_check check ((status = any (array['pending', 'accepted', 'rejected', 'withdrawn']))),
    constraint service_applications_college_id_application_id_key unique (college_id, application_id),
    constraint service_applications_pkey primary key (application_id),
    constraint service_applications_college_id_post_id_poster_id_fkey foreign key (college_id, post_id, poster_id) references service_posts(college_id, post_id, user_id) on delete cascade,
    constraint service_applications_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id)
);
create index service_applications_of_post on service_applications (post_id, application_id);
create index service_applications_of_user on service_applications (user_id, application_id);
create unique index service_applications_once on service_applications (post_id, user_id) where (status <> 'withdrawn');
create trigger service_applications_count_change after update of status on service_applications for each row when (((new.status = 'accepted') <> (old.status = 'accepted'))) execute function count_service_places();
create trigger service_applications_count_end after delete on service_applications for each row when ((old.status = 'accepted')) execute function count_service_places();
create trigger service_applications_count_newcomer after insert on service_applications for each row when ((new.status = 'accepted')) execute function count_service_places();
create trigger service_applications_of_present_riders before insert on service_applications for each row execute function refuse_for_former_riders();
alter table service_applications enable row level security;
create policy granted on service_applications using (true);
create policy wall on service_applications as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table service_applications to tripsync_app;
grant select on table service_applications to tripsync_reader;

-- 0025.services, 0044.known-kinds, 0045.known-kinds-hold
create table service_posts (
    post_id               bigint default unordered_id() not null,
    college_id            bigint not null,
    user_id               bigint not null,
    kind                  text not null,
    title                 text not null,
    description           text not null,
    status                text default 'open' not null,
    team_size             integer not null,
    places_taken          integer default 0 not null,
    deadline              timestamptz,
    compensation_type     text not null,
    price                 numeric(10,2),
    requires_resume       boolean not null,
    requires_cover_letter boolean not null,
    is_anonymous          boolean not null,
    college_only          boolean not null,
    tags                  text[] not null,
    requirements          jsonb not null,
    filters               jsonb not null,
    location              point,
    location_name         text default '' not null,
    created_at            timestamptz not null,
    deleted_at            timestamptz,
    admitted_years        text[] generated always as (admitted_values(filters, 'year_of_study')) stored,
    admitted_units        text[] generated always as (admitted_values(filters, 'college_unit')) stored,
    admitted_majors       text[] generated always as (admitted_values(filters, 'major')) stored,
    admitted_genders      text[] generated always as (admitted_values(filters, 'gender')) stored,
    verified_only         boolean generated always as ((filters @> '[{"type": "verified_only"}]'::jsonb)) stored not null,
    open_to_all           boolean generated always as (((filters = '[]'::jsonb) and (not college_only))) stored not null,
    words                 tsvector generated always as (post_words(title, tags, description)) stored not null,
    constraint service_posts_check check (((places_taken >= 0) and (places_taken <= team_size))),
    constraint service_posts_check1 check (((not is_anonymous) or ((extract(epoch from created_at) % (3600)::numeric) = (0)::numeric))),
    constraint service_posts_compensation_type_check check ((compensation_type = any (array['volunteer', 'fixed_price', 'hourly_rate', 'negotiable']))),
    constraint service_posts_description_check check (((char_length(description) >= 15) and (char_length(description) <= 5000))),
    constraint service_posts_filters_are_known check (has_only_kinds(filters, 'strict $[*]."type"'::jsonpath, filter_kinds())),
    constraint service_posts_filters_check check ((jsonb_array_length(filters) <= 20)),
    constraint service_posts_kind_check check ((kind = any (array['offer', 'request']))),
    constraint service_posts_location_name_check check ((char_length(location_name) <= 200)),
    constraint service_posts_price_check check (((price >= (0)::numeric) and (price <= (10000000)::numeric))),
    constraint service_posts_requirements_are_known check (has_only_kinds(requirements, 'strict $[*]."kind"'::jsonpath, requirement_kinds())),
    constraint service_posts_requirements_check check ((jsonb_array_length(requirements) <= 20)),
    constraint service_posts_status_check check ((status = any (array['open', 'in_progress', 'completed', 'cancelled']))),
    constraint service_posts_tags_check check ((cardinality(tags) <= 10)),
    constraint service_posts_team_size_check check (((team_size >= 1) and (team_size <= 1000))),
    constraint service_posts_title_check check (((char_length(title) >= 5) and (char_length(title) <= 100))),
    constraint service_posts_college_id_post_id_key unique (college_id, post_id),
    constraint service_posts_college_id_post_id_user_id_key unique (college_id, post_id, user_id),
    constraint service_posts_pkey primary key (post_id),
    constraint service_posts_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id)
);
create index service_posts_by_deadline on service_posts (college_id, coalesce(deadline, 'infinity'::timestamptz), post_id) where (deleted_at is null);
create index service_posts_by_location on service_posts using gist (location) where ((location is not null) and (deleted_at is null));
create index service_posts_by_price on service_posts (college_id, coalesce(price, 'Infinity'::numeric), post_id) where (deleted_at is null);
create index service_posts_by_status on service_posts (college_id, status, created_at, post_id) where (deleted_at is null);
create index service_posts_by_words on service_posts using gin (words, tags) with (fastupdate=off) where (deleted_at is null);
create index service_posts_of_user on service_posts (user_id, created_at, post_id) where (deleted_at is null);
create index service_posts_open_to_all on service_posts (created_at, post_id) where ((status = 'open') and (deleted_at is null) and open_to_all);
create trigger service_posts_of_present_riders before insert on service_posts for each row execute function refuse_for_former_riders();
alter table service_posts enable row level security;
create policy granted on service_posts using (true);
create policy wall on service_posts as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table service_posts to tripsync_app;
grant select on table service_posts to tripsync_reader;

-- 0025.services
create table service_tags (
    tag_id     bigint not null generated always as identity,
    college_id bigint not null,
    name       text not null,
    constraint service_tags_name_check check (((char_length(name) >= 1) and (char_length(name) <= 40))),
    constraint service_tags_pkey primary key (tag_id),
    constraint service_tags_college_id_fkey foreign key (college_id) references colleges(college_id)
);
create unique index service_tags_by_name on service_tags (college_id, lower(name));
alter table service_tags enable row level security;
create policy granted on service_tags using (true);
create policy wall on service_tags as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete on table service_tags to tripsync_app;
grant select on table service_tags to tripsync_reader;

-- 0003.sessions, 0024.sockets
create table sessions (
    session_id       bigint not null generated always as identity,
    college_id       bigint not null,
    user_id          bigint not null,
    device           text default '' not null,
    started_at       timestamptz default now() not null,
    last_used_at     timestamptz default now() not null,
    ended_at         timestamptz,
    end_reason       text,
    acknowledged_seq bigint default 0 not null,
    constraint sessions_acknowledged_seq_check check ((acknowledged_seq >= 0)),
    constraint sessions_check check (((ended_at is null) = (end_reason is null))),
    constraint sessions_device_check check ((char_length(device) <= 200)),
    constraint sessions_end_reason_check check ((end_reason = any (array['logout', 'password_changed', 'banned', 'token_reused']))),
    constraint sessions_pkey primary key (session_id),
    constraint sessions_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create index sessions_by_end on sessions (ended_at) where (ended_at is not null);
create index sessions_by_user on sessions (user_id, session_id);
create index sessions_of_user on sessions (user_id) where (ended_at is null);
create trigger sessions_forget_device after update of ended_at on sessions for each row when (((old.ended_at is null) and (new.ended_at is not null))) execute function forget_device_of_session();
create trigger sessions_of_present_riders before insert on sessions for each row execute function refuse_for_former_riders();
create trigger sessions_say_ended after update of ended_at on sessions for each statement execute function say_session_ended();
alter table sessions enable row level security;
create policy granted on sessions using (true);
create policy wall on sessions as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete,update on table sessions to tripsync_app;
grant select on table sessions to tripsync_reader;

-- 0046.functions-are-files
create table sql_functions (
    identity text not null,
    kind     text not null,
    digest   text default '',
    before   text[],
    constraint sql_functions_kind_check check ((kind = any (array['function', 'view']))),
    constraint sql_functions_pkey primary key (identity)
);
grant select on table sql_functions to tripsync_reader;
grant select on table sql_functions to tripsync_app;

-- 0016.timers
create table timer_turns (
    name     text not null,
    taken_at timestamptz not null,
    constraint timer_turns_name_check check ((char_length(name) <= 60)),
    constraint timer_turns_pkey primary key (name)
);
grant select,insert,update on table timer_turns to tripsync_app;
grant select on table timer_turns to tripsync_reader;

-- 0012.profile-files
create table unreferenced_files (
    storage_key  text not null,
    delete_after timestamptz not null,
    constraint unreferenced_files_storage_key_check check (((char_length(storage_key) >= 1) and (char_length(storage_key) <= 100))),
    constraint unreferenced_files_pkey primary key (storage_key)
);
create index unreferenced_files_by_age on unreferenced_files (delete_after);
grant select,insert,delete,update on table unreferenced_files to tripsync_app;
grant select on table unreferenced_files to tripsync_reader;

-- 0031.mail-settings
create table unwanted_mails (
    college_id bigint not null,
    user_id    bigint not null,
    kind       text not null,
    since      timestamptz default now() not null,
    constraint unwanted_mails_kind_check check ((kind = any (array['matches', 'cancellations', 'searches', 'digest']))),
    constraint unwanted_mails_pkey primary key (user_id, kind),
    constraint unwanted_mails_college_id_user_id_fkey foreign key (college_id, user_id) references users(college_id, user_id) on delete cascade
);
create trigger unwanted_mails_of_present_riders before insert on unwanted_mails for each row execute function refuse_for_former_riders();
alter table unwanted_mails enable row level security;
create policy granted on unwanted_mails using (true);
create policy wall on unwanted_mails as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,delete on table unwanted_mails to tripsync_app;
grant select on table unwanted_mails to tripsync_reader;

-- 0002.users, 0021.own-data
create table users (
    user_id       bigint not null generated always as identity,
    college_id    bigint not null,
    email         text not null,
    full_name     text not null,
    password_hash text not null,
    role          text default 'student' not null,
    verified_at   timestamptz,
    banned_at     timestamptz,
    created_at    timestamptz default now() not null,
    deleted_at    timestamptz,
    constraint users_email_check check (((email = lower(email)) and (char_length(email) <= 254))),
    constraint users_full_name_check check (((char_length(full_name) >= 1) and (char_length(full_name) <= 200))),
    constraint users_role_check check ((role = any (array['student', 'moderator', 'admin']))),
    constraint users_who_left_stay_out check (((deleted_at is null) or (banned_at is not null))),
    constraint users_college_id_user_id_key unique (college_id, user_id),
    constraint users_email_key unique (email),
    constraint users_pkey primary key (user_id),
    constraint users_college_id_fkey foreign key (college_id) references colleges(college_id)
);
create index users_who_left on users (deleted_at) where (deleted_at is not null);
create index users_who_moderate on users (college_id, user_id) where (role = any (array['moderator', 'admin']));
create trigger users_begin_events after insert on users for each row execute function begin_events_of_user();
create trigger users_begin_profile after insert on users for each row execute function begin_profile_of_user();
create trigger users_end_sessions after update of password_hash, banned_at on users for each row when (((new.password_hash <> old.password_hash) or ((old.banned_at is null) and (new.banned_at is not null)))) execute function end_sessions_of_user();
alter table users enable row level security;
create policy granted on users using (true);
create policy wall on users as restrictive to tripsync_walled using ((( select sees_all_colleges() as sees_all_colleges) or (college_id = ( select college_in_sight() as college_in_sight))));
grant select,insert,update on table users to tripsync_app;
grant select(user_id) on table users to tripsync_reader;
grant select(college_id) on table users to tripsync_reader;
grant select(email) on table users to tripsync_reader;
grant select(full_name) on table users to tripsync_reader;
grant select(role) on table users to tripsync_reader;
grant select(verified_at) on table users to tripsync_reader;
grant select(banned_at) on table users to tripsync_reader;
grant select(created_at) on table users to tripsync_reader;
grant select(deleted_at) on table users to tripsync_reader;

-- sql/functions/people.sql
create view blocked with (security_invoker='true') as
 select blocks.blocker_id as one_id,
    blocks.blocked_id as other_id
   from blocks
union all
 select blocks.blocked_id as one_id,
    blocks.blocker_id as other_id
   from blocks;
grant select on table blocked to tripsync_reader;
grant select on table blocked to tripsync_app;

-- sql/functions/people.sql
create view moderators with (security_invoker='true') as
 select college_id,
    user_id,
    role
   from users
  where ((role = any (array['moderator', 'admin'])) and (banned_at is null));
grant select on table moderators to tripsync_reader;
grant select on table moderators to tripsync_app;

-- sql/functions/rides.sql
create view open_ride_shares with (security_invoker='true') as
 select share.share_id,
    share.college_id,
    share.user_id,
    share.pool_id,
    share.token_hash,
    share.vehicle_note,
    share."position",
    share.position_at,
    share.created_at,
    share.expires_at,
    pools.status
   from (ride_shares share
     join pools on (((pools.college_id = share.college_id) and (pools.pool_id = share.pool_id))))
  where ((share.expires_at > now()) and ((pools.status = any (array['open', 'started'])) or ((pools.status = 'completed') and (pools.closed_at > (now() - '02:00:00'::interval)))) and (exists ( select
           from pool_members member
          where ((member.pool_id = share.pool_id) and (member.user_id = share.user_id) and (member.left_at is null)))));
grant select on table open_ride_shares to tripsync_app;

-- sql/functions/people.sql
create view partners with (security_invoker='true') as
 select mine.user_id as one_id,
    theirs.user_id as other_id
   from ((pool_members mine
     join pool_members theirs on ((theirs.pool_id = mine.pool_id)))
     join pools on ((pools.pool_id = mine.pool_id)))
  where ((mine.left_at is null) and (theirs.left_at is null) and (pools.status = any (array['open', 'started'])));
grant select on table partners to tripsync_reader;
grant select on table partners to tripsync_app;

-- sql/functions/services.sql
create view service_readers with (security_invoker='true') as
 select users.college_id,
    users.user_id,
    (users.verified_at is not null) as verified,
    lower(btrim(profiles.year_of_study)) as year_of_study,
    lower(btrim(profiles.college_unit)) as college_unit,
    lower(btrim(profiles.major)) as major,
    profiles.gender,
    array( select blocks.blocked_id
           from blocks
          where (blocks.blocker_id = users.user_id)
        union all
         select blocks.blocker_id
           from blocks
          where (blocks.blocked_id = users.user_id)) as blocks,
    array( select service_applications.post_id
           from service_applications
          where ((service_applications.user_id = users.user_id) and (service_applications.revealed_at is not null))) as revealed
   from (users
     join profiles using (college_id, user_id))
  where (users.banned_at is null);
grant select on table service_readers to tripsync_reader;
grant select on table service_readers to tripsync_app;

-- sql/functions/services.sql
create view shown_applications with (security_invoker='true') as
 select application.college_id,
    application.application_id as id,
    application.post_id,
    application.user_id,
    application.poster_id,
    application.status,
    jsonb_build_object('id', applicant.user_id, 'full_name', applicant.full_name) as applicant,
    jsonb_build_object('id', post.post_id, 'title', post.title) as service_post,
    application.cover_letter,
    application.resume_url,
    application.proposed_rate,
    application.applied_at as application_date,
    post.*::service_posts as post,
    poster.full_name as poster_name
   from (((service_applications application
     join service_posts post on (((post.college_id = application.college_id) and (post.post_id = application.post_id))))
     join users poster on (((poster.college_id = post.college_id) and (poster.user_id = post.user_id))))
     join users applicant on (((applicant.college_id = application.college_id) and (applicant.user_id = application.user_id))));
grant select on table shown_applications to tripsync_reader;
grant select on table shown_applications to tripsync_app;

-- sql/functions/services.sql
create view shown_services with (security_invoker='true') as
 select post.college_id,
    post.post_id as id,
    post.kind,
    post.title,
    post.description,
    service_status(post.*) as status,
    post.team_size,
    (post.team_size - post.places_taken) as places_left,
    post.deadline,
    post.compensation_type,
    post.price as compensation_amount,
    post.price,
    colleges.currency,
    post.requires_resume,
    post.requires_cover_letter,
    post.is_anonymous,
    post.college_only,
    ( select coalesce(jsonb_agg(jsonb_build_object('id', service_tags.tag_id, 'name', service_tags.name) order by (lower(service_tags.name))), '[]'::jsonb) as "coalesce"
           from service_tags
          where ((service_tags.college_id = post.college_id) and (lower(service_tags.name) = any (post.tags)))) as tags,
    post.requirements,
    post.filters,
        case
            when (post.location is not null) then jsonb_build_object('latitude', post.location[1], 'longitude', post.location[0], 'name', nullif(post.location_name, ''))
            else null::jsonb
        end as location,
    post.created_at,
    post.*::service_posts as post,
    poster.full_name as poster_name
   from ((service_posts post
     join colleges on ((colleges.college_id = post.college_id)))
     join users poster on (((poster.college_id = post.college_id) and (poster.user_id = post.user_id))))
  where ((post.deleted_at is null) and (poster.banned_at is null));
grant select on table shown_services to tripsync_reader;
grant select on table shown_services to tripsync_app;

-- sql/functions/chat.sql
create view visible_conversations with (security_invoker='true') as
 select c.college_id,
    c.conversation_id,
    c.pool_id,
    me.user_id,
        case me.user_id
            when c.one_id then c.other_id
            when c.other_id then c.one_id
            else null::bigint
        end as partner_id,
    c.last_message_id,
    me.heard_from,
    coalesce(me.heard_until, c.last_seq) as last_seq,
    me.read_seq,
    (((coalesce(me.heard_until, c.last_seq) - me.read_seq) - me.own_since_read) -
        case
            when (c.pool_id is null) then (0)::bigint
            else ( select count(*) as count
               from (participants fellow
                 join messages m on (((m.conversation_id = fellow.conversation_id) and (m.user_id = fellow.user_id))))
              where ((fellow.college_id = me.college_id) and (fellow.conversation_id = me.conversation_id) and (fellow.user_id <> me.user_id) and are_blocked(me.user_id, fellow.user_id) and (m.seq > me.read_seq) and (m.seq <= coalesce(me.heard_until, c.last_seq))))
        end) as unread
   from (participants me
     join conversations c on (((c.college_id = me.college_id) and (c.conversation_id = me.conversation_id))))
  where ((not (exists ( select
           from blocks
          where ((blocks.blocker_id = c.one_id) and (blocks.blocked_id = c.other_id))))) and (not (exists ( select
           from blocks
          where ((blocks.blocker_id = c.other_id) and (blocks.blocked_id = c.one_id))))));
grant select on table visible_conversations to tripsync_reader;
grant select on table visible_conversations to tripsync_app;

-- sql/functions/reviews.sql
create view visible_reviews with (security_invoker='true') as
 select college_id,
    review_id,
    author_id,
    subject_id,
    ( select jsonb_build_object('id', users.user_id, 'full_name', users.full_name) as jsonb_build_object
           from users
          where (users.user_id = r.author_id)) as author,
    rating,
    comment,
    created_at,
    edited_at,
        case
            when (reply is not null) then jsonb_build_object('text', reply, 'created_at', replied_at)
            else null::jsonb
        end as reply
   from reviews r
  where (visible_from <= statement_timestamp());
grant select on table visible_reviews to tripsync_reader;
grant select on table visible_reviews to tripsync_app;

-- 0012.profile-files
create function abandon_file() returns trigger
    language plpgsql
    as $$
begin
    insert into unreferenced_files (storage_key, delete_after)
    values (old.storage_key, now());
    return null;
end;
$$;

-- 0025.services
create function admitted_values(filters jsonb, wanted text) returns text[]
    language sql immutable parallel safe ...

-- sql/functions/people.sql
create function are_blocked(one bigint, other bigint) returns boolean
    language sql stable parallel safe ...

-- sql/functions/people.sql
create function are_partners(one bigint, other bigint) returns boolean
    language sql stable parallel safe ...

-- 0023.chat
create function begin_conversation_of_pool() returns trigger
    language plpgsql
    as $$
begin
    insert into conversations (college_id, pool_id) values (new.college_id, new.pool_id);
    return null;
end;
$$;

-- 0008.events
create function begin_events_of_user() returns trigger
    language plpgsql
    as $$
begin
    insert into event_heads (college_id, user_id) values (new.college_id, new.user_id);
    return null;
end;
$$;

-- 0011.profiles
create function begin_profile_of_user() returns trigger
    language plpgsql
    as $$
begin
    insert into profiles (college_id, user_id) values (new.college_id, new.user_id);
    return null;
end;
$$;

-- sql/functions/matching.sql
create function best_partners(college bigint, asking_request bigint, by_road boolean, most integer) returns table(asking_id bigint, partner_id bigint, visits text, first_leg double precision, second_leg double precision, third_leg double precision, saving_percent double precision, detour_percent double precision, partner_detour_percent double precision, departs_from timestamptz, departs_until timestamptz, roads_are_known boolean)
    language sql stable parallel safe ...

-- 0018.saved-searches
create function circle_box(place point, meters double precision) returns box
    language plpgsql immutable parallel safe
    as $$
declare
    radius  constant double precision := (meters + 1) / 6371008.8;
    north   constant double precision := least(place[1] + degrees(radius), 90);
    south   constant double precision := greatest(place[1] - degrees(radius), -90);
    breadth double precision;
begin
    if north >= 90 or south <= -90 then
        return box(point(-180, south), point(180, north));
    end if;
    breadth := degrees(asin(least(1, sin(radius) / cos(radians(place[1])))));
    if place[0] - breadth < -180 or place[0] + breadth > 180 then
        return box(point(-180, south), point(180, north));
    end if;
    return box(point(place[0] - breadth, south), point(place[0] + breadth, north));
end;
$$;

-- 0035.row-security
create function college_in_sight() returns bigint
    language sql stable parallel safe ...

-- sql/functions/rides.sql
create function company_lasts(status text, closed_at timestamptz) returns boolean
    language sql stable parallel safe ...

-- 0036.lost-tries-count
create function count_lost_try() returns trigger
    language plpgsql
    as $$
begin
    new.attempts := old.attempts + 1;
    return new;
end
$$;

-- 0010.pooling, 0028.rounds-and-second-looks
create function count_pool_seats() returns trigger
    language plpgsql
    as $$
declare
    more constant integer := coalesce(case when new.left_at is null then new.seats end, 0)
                           - coalesce(case when old.left_at is null then old.seats end, 0);
begin
    if more <> 0 then
        update pools
           set seats_taken = seats_taken + more
         where pool_id = coalesce(new.pool_id, old.pool_id);
    end if;
    return null;
end;
$$;

-- 0025.services
create function count_service_places() returns trigger
    language plpgsql
    as $$
begin
    update service_posts
       set places_taken = (select count(*)
                             from service_applications
                            where service_applications.post_id = service_posts.post_id
                              and service_applications.status = 'accepted')
     where post_id in (old.post_id, new.post_id);
    return null;
end;
$$;

-- sql/functions/searches.sql
create function departs_within(departure tstzrange, time_zone text, weekdays text[], day_from time, day_until time) returns boolean
    language sql stable parallel safe ...

-- 0015.matching
create function driving_time(meters double precision) returns interval
    language sql immutable parallel safe ...

-- sql/functions/notifications.sql
create function empty_next_day_of_events() returns boolean
    language plpgsql
    as $$
declare
    slot text := format('events_%s', (floor(extract(epoch from now()) / 86400)::bigint + 1) % 9);
    holds_events boolean;
begin
    execute format('select exists (select from %I)', slot) into holds_events;
    if not holds_events then
        return false;
    end if;
    perform set_config('lock_timeout', '1s', true);
    execute format('truncate %I', slot);
    return true;
end;
$$;

-- 0003.sessions
create function end_sessions_of_user() returns trigger
    language plpgsql
    as $$
begin
    update sessions
       set ended_at = clock_timestamp(),
           end_reason = case when new.banned_at is not null then 'banned' else 'password_changed' end
     where user_id = new.user_id
       and ended_at is null;
    return null;
end;
$$;

-- sql/functions/rides.sql
create function fellows_of(ride_request_id bigint) returns text[]
    language sql stable parallel safe ...

-- 0044.known-kinds
create function filter_kinds() returns jsonb
    language sql immutable parallel safe ...

-- sql/functions/people.sql
create function first_name(full_name text) returns text
    language sql immutable parallel safe ...

create function fn_pgqueuer_changed() returns trigger
    language plpgsql
    as $$
DECLARE
    to_emit BOOLEAN := false;  -- Flag to decide whether to emit a notification
BEGIN
    -- Check operation type and set the emit flag accordingly
    IF TG_OP = 'UPDATE' AND OLD IS DISTINCT FROM NEW THEN
        to_emit := true;
    ELSIF TG_OP = 'DELETE' THEN
        to_emit := true;
    ELSIF TG_OP = 'INSERT' THEN
        to_emit := true;
    ELSIF TG_OP = 'TRUNCATE' THEN
        to_emit := true;
    END IF;

    -- Perform notification if the emit flag is set
    IF to_emit THEN
        PERFORM pg_notify(
            'ch_pgqueuer',
            json_build_object(
                'channel', 'ch_pgqueuer',
                'operation', lower(TG_OP),
                'sent_at', NOW(),
                'table', TG_TABLE_NAME,
                'type', 'table_changed_event'
            )::text
        );
    END IF;

    -- Return appropriate value based on the operation
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        RETURN NEW;
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    ELSE
        RETURN NULL; -- For TRUNCATE and other non-row-specific contexts
    END IF;

END;
$$;

-- 0033.devices
create function forget_device_of_session() returns trigger
    language plpgsql
    as $$
begin
    delete from devices
     where session_id = new.session_id;
    return null;
end;
$$;

-- 0029.live-positions
create function forget_live_positions() returns trigger
    language plpgsql
    as $$
begin
    delete from live_positions
     where college_id = new.college_id
       and pool_id = new.pool_id;
    return null;
end;
$$;

-- sql/functions/matching.sql
create function good_partners(college bigint, rider bigint, own_start point, own_destination point, own_solo double precision, own_solo_by_road double precision, own_cap integer, own_reach box, own_departure tstzrange, own_on_road tstzrange, own_role text, own_seats integer, own_offers integer, own_same_gender boolean, by_road boolean) returns table(partner_id bigint, visits text, first_leg double precision, second_leg double precision, third_leg double precision, saving_percent double precision, detour_percent double precision, partner_detour_percent double precision, departs_from timestamptz, departs_until timestamptz, roads_are_known boolean)
    language sql stable parallel safe ...

-- sql/functions/searches.sql
create function great_circle_meters(one point, other point) returns double precision
    language sql immutable parallel safe ...

-- 0044.known-kinds
create function has_only_kinds(list jsonb, path jsonpath, kinds jsonb) returns boolean
    language sql immutable parallel safe ...

-- sql/functions/chat.sql
create function hearers(college bigint, conversation bigint, speaker bigint) returns table(user_id bigint)
    language sql stable parallel safe ...

-- 0023.chat
create function join_conversation_of_pool() returns trigger
    language plpgsql
    as $$
begin
    insert into participants (college_id, conversation_id, user_id, heard_from, read_seq)
    select college_id,
           conversation_id,
           new.user_id,
           last_seq,
           last_seq
      from conversations
     where pool_id = new.pool_id
       -- A message that is on its way is heard by who was there when it was written.
       for no key update
        on conflict (college_id, conversation_id, user_id) do nothing;
    return null;
end;
$$;

-- sql/functions/services.sql
create function knows_poster(post service_posts, reader service_readers) returns boolean
    language sql immutable parallel safe ...

-- 0028.rounds-and-second-looks
create function look_again_after_block() returns trigger
    language plpgsql
    as $$
begin
    insert into second_looks (college_id, one_request, other_request)
    select old.college_id,
           least(one.request_id, other.request_id),
           greatest(one.request_id, other.request_id)
      from pooling_requests as one
      join pooling_requests as other on other.college_id = one.college_id
     where one.college_id = old.college_id
       and one.user_id = old.blocker_id
       and one.status = 'active'
       and other.user_id = old.blocked_id
       and other.status = 'active'
       and not are_blocked(old.blocker_id, old.blocked_id)
        on conflict do nothing;
    return null;
end;
$$;

-- sql/functions/chat.sql
create function may_chat(one bigint, other bigint) returns boolean
    language sql stable parallel safe ...

-- sql/functions/services.sql
create function may_see(post service_posts, reader service_readers) returns boolean
    language sql immutable parallel safe ...

-- sql/functions/matching.sql
create function meters_in_space(one_x double precision, one_y double precision, one_z double precision, other_x double precision, other_y double precision, other_z double precision) returns double precision
    language sql immutable parallel safe ...

-- 0015.matching
create function on_the_road(departure tstzrange, solo_meters double precision, detour_percent integer) returns tstzrange
    language sql immutable parallel safe ...

-- sql/functions/matching.sql
create function pair_departure(visits text, first_leg double precision, departure_a tstzrange, departure_b tstzrange) returns table(earliest timestamptz, latest timestamptz)
    language sql stable parallel safe ...

-- sql/functions/matching.sql
create function pair_orders(start_a point, destination_a point, solo_a double precision, start_b point, destination_b point, solo_b double precision) returns table(visits text, first_leg double precision, second_leg double precision, third_leg double precision, total_meters double precision, meters_of_a double precision, meters_of_b double precision)
    language sql immutable parallel safe ...

-- sql/functions/services.sql
create function post_has(post service_posts) returns text[]
    language sql immutable parallel safe ...

-- 0025.services
create function post_words(title text, tags text[], description text) returns tsvector
    language sql immutable parallel safe ...

-- sql/functions/matching.sql
create function preferences_fit(one_gender text, one_wants_the_same boolean, other_gender text, other_wants_the_same boolean) returns boolean
    language sql immutable parallel safe ...

-- sql/functions/people.sql
create function profile_image(owner_id bigint) returns table(url text)
    language sql stable parallel safe ...

-- 0044.known-kinds
create function profile_preferences() returns text[]
    language sql immutable parallel safe ...

-- sql/functions/notifications.sql
create function quiet_until(moment timestamptz, zone text, begins_at time, ends_at time) returns timestamptz
    language sql stable parallel safe ...

-- sql/functions/matching.sql
create function rank_of(saving_percent double precision, detour_percent double precision) returns double precision
    language sql immutable parallel safe ...

-- sql/functions/matching.sql
create function reach_box(start point, destination point, detour_percent double precision) returns box
    language plpgsql immutable parallel safe
    as $$
declare
    earth      constant double precision := 6371008.8;
    string     constant double precision := (1 + detour_percent / 100) * road_meters(start, destination) / 1.3 + 2;
    a          constant double precision := string / 2 / earth;
    x1         constant double precision := cos(radians(start[1])) * cos(radians(start[0]));
    y1         constant double precision := cos(radians(start[1])) * sin(radians(start[0]));
    z1         constant double precision := sin(radians(start[1]));
    x2         constant double precision := cos(radians(destination[1])) * cos(radians(destination[0]));
    y2         constant double precision := cos(radians(destination[1])) * sin(radians(destination[0]));
    z2         constant double precision := sin(radians(destination[1]));
    longitude  constant double precision := atan2(y1 + y2, x1 + x2);
    latitude   constant double precision := atan2(z1 + z2, sqrt((x1 + x2) ^ 2 + (y1 + y2) ^ 2));
    dn         constant double precision := (cos(latitude) * (z2 - z1)
                   - sin(latitude) * (cos(longitude) * (x2 - x1) + sin(longitude) * (y2 - y1))) / 2;
    de         constant double precision := (cos(longitude) * (y2 - y1) - sin(longitude) * (x2 - x1)) / 2;
    north      double precision;
    east       double precision;
    height     double precision;
    from_axis  double precision;
    to_pole    double precision;
    to_equator double precision;
    breadth    double precision;
    west_edge  double precision;
    east_edge  double precision;
begin
    if a > 0.5 then
        return box(point(-180, -90), point(180, 90));
    end if;
    north := sqrt(greatest(a ^ 2 - de ^ 2, 0));
    east := sqrt(greatest(a ^ 2 - dn ^ 2, 0));
    height := sqrt(1 - north ^ 2 - east ^ 2);
    from_axis := height * cos(latitude) - north * sin(abs(latitude));
    to_pole := case when from_axis > 0 then degrees(abs(latitude) + asin(north)) else 90 end;
    to_equator := degrees(asin(height * sin(abs(latitude)) - north * cos(latitude)));
    breadth := atan2(east, from_axis);
    if from_axis <= 0 or abs(longitude) + breadth > pi() then
        west_edge := -180;
        east_edge := 180;
    else
        west_edge := degrees(longitude - breadth);
        east_edge := degrees(longitude + breadth);
    end if;
    if latitude >= 0 then
        return box(point(west_edge, to_equator), point(east_edge, to_pole));
    end if;
    return box(point(west_edge, -to_pole), point(east_edge, -to_equator));
end;
$$;
create function reach_box(start point, destination point, detour_percent double precision, solo_road_meters double precision) returns box
    language sql immutable parallel safe ...

-- 0012.profile-files
create function refer_to_file() returns trigger
    language plpgsql
    as $$
begin
    -- Without this entry the sweep has taken the content away already.
    delete from unreferenced_files where storage_key = new.storage_key;
    if not found then
        raise foreign_key_violation using message = 'the file is not in the storage any more';
    end if;
    return null;
end;
$$;

-- 0014.audit-trail
create function refuse_change_of_acts() returns trigger
    language plpgsql
    as $$
begin
    raise exception 'the audit trail is added to, never changed'
        using errcode = 'insufficient_privilege';
end;
$$;

-- 0021.own-data
create function refuse_for_former_riders() returns trigger
    language plpgsql
    as $$
begin
    perform
       from users
      where user_id = new.user_id
        and deleted_at is null
        for key share;
    if not found then
        raise foreign_key_violation using message = 'the account has been deleted';
    end if;
    return new;
end;
$$;

-- 0044.known-kinds
create function requirement_kinds() returns jsonb
    language sql immutable parallel safe ...

-- sql/functions/reviews.sql
create function review_summary(reviewed_id bigint, viewer_id bigint) returns table(summary jsonb)
    language sql stable parallel safe ...

-- sql/functions/rides.sql
create function riders_along(ride bigint, rider bigint) returns bigint[]
    language sql stable parallel safe ...

-- sql/functions/rides.sql
create function rides_along(ride_id bigint, rider_id bigint) returns boolean
    language sql stable parallel safe ...

-- sql/functions/matching.sql
create function road_meters(one point, other point) returns double precision
    language sql immutable parallel safe ...

-- sql/functions/matching.sql
create function roles_fit(one text, other text) returns boolean
    language sql immutable parallel safe ...

-- 0003.sessions
create function say_session_ended() returns trigger
    language plpgsql
    as $$
begin
    notify session_ended;
    return null;
end;
$$;

-- 0026.service-searches-and-reviews
create function search_needs(words text, tags text[], kind text, compensation_type text) returns text[]
    language sql immutable parallel safe ...

-- sql/functions/matching.sql
create function seats_fit(one_seats integer, one_offers integer, other_seats integer, other_offers integer) returns boolean
    language sql immutable parallel safe ...

-- 0035.row-security
create function sees_all_colleges() returns boolean
    language sql stable parallel safe ...

-- sql/functions/services.sql
create function service_status(post service_posts) returns text
    language sql stable parallel safe ...

-- sql/functions/chat.sql
create function share_work(one bigint, other bigint) returns boolean
    language sql stable parallel safe ...

-- sql/functions/services.sql
create function shown_poster(post service_posts, poster_name text, reader service_readers) returns jsonb
    language sql stable parallel safe ...

-- sql/functions/services.sql
create function shows_resume(applicant_id bigint, owner_id bigint) returns boolean
    language sql stable parallel safe ...

-- 0025.services
create function spaced_words(said text) returns text
    language sql immutable parallel safe ...

-- 0025.services
create function spellings(said text) returns text[]
    language sql immutable parallel safe ...

-- sql/functions/services.sql
create function tag_keys(names text[]) returns text[]
    language sql immutable parallel safe ...

-- sql/functions/rides.sql
create function told_of_alarm(alarm alarms) returns jsonb
    language sql stable parallel safe ...

-- 0025.services
create function unordered_id() returns bigint
    language sql parallel safe ...

-- sql/functions/notifications.sql
create function wants_mail(rider_id bigint, mail_kind text) returns boolean
    language sql stable parallel safe ...

-- sql/functions/services.sql
create function words_wanted(said text) returns tsquery
    language sql immutable parallel safe ...

alter default privileges for role tripsync_owner in schema public grant select on tables to tripsync_reader;

grant usage on sequence pgqueuer_id_seq to tripsync_app;

grant usage on sequence pgqueuer_log_id_seq to tripsync_app;

grant all on schema public to tripsync_owner;
grant usage on schema public to tripsync_app;
grant usage on schema public to tripsync_reader;
