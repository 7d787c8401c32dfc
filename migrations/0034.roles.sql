-- Three roles without a login: who owns the schema, who serves from it, and who only looks.
--   tripsync_owner   owns all that migrations make; whoever migrates acts as it.
--   tripsync_app     servers, workers and commands: the rows they write, no change of the schema.
--   tripsync_reader  a DBA who looks, a report: every table, and no secret.
-- A fourth, tripsync_walled, is tripsync_app behind the wall of 0035.
-- A login is let in by `create role web login password '...' in role tripsync_app;`. Roles belong
-- to the whole server: its other databases may have made them already, or be at it now.

do $$
declare
    wanted  constant text[] := array['tripsync_owner', 'tripsync_app', 'tripsync_reader', 'tripsync_walled'];
    typed   constant text := 'create role ' || array_to_string(wanted, '; create role ')
                          || '; grant tripsync_app to tripsync_walled; grant '
                          || array_to_string(wanted, ', ') || format(' to %I;', current_user);
    role    text;
begin
    foreach role in array wanted loop
        if not exists (select from pg_roles where rolname = role) then
            begin
                execute format('create role %I', role);
            exception when duplicate_object or unique_violation then
                -- Made at this very moment, for another database.
                null;
            end;
        end if;
    end loop;
    if not pg_has_role('tripsync_walled', 'tripsync_app', 'usage') then
        grant tripsync_app to tripsync_walled;
    end if;
    -- Whoever migrates gives tables to the one and serves as the other; superusers may anyway.
    foreach role in array wanted loop
        if not pg_has_role(role, 'usage') then
            execute format('grant %I to %I', role, current_user);
        end if;
    end loop;
exception when insufficient_privilege then
    raise insufficient_privilege using message = format(
        'the login %s may not make the roles; as an administrator, type what of this is missing: %s',
        current_user, typed
    );
end;
$$;

-- What was made so far goes to the owner: all that belongs to whom the colleges belong to.
do $$
declare
    home    constant regnamespace := current_schema()::regnamespace;
    founder constant oid := (select relowner from pg_class where oid = 'colleges'::regclass);
    act     text;
begin
    execute format('grant usage, create on schema %s to tripsync_owner', home);
    execute format('grant usage on schema %s to tripsync_app, tripsync_reader', home);
    for act in
        select format('alter table %s owner to tripsync_owner', c.oid::regclass)
          from pg_class c
         where relnamespace = home
           and relowner = founder
           and relkind in ('r', 'p', 'v', 'S')
           -- The sequence of a column goes with its table.
           and not exists (select
                             from pg_depend
                            where classid = 'pg_class'::regclass
                              and objid = c.oid
                              and refobjsubid > 0
                              and deptype in ('a', 'i'))
         union all
        select format('alter routine %s owner to tripsync_owner', oid::regprocedure)
          from pg_proc
         where pronamespace = home
           and proowner = founder
         union all
        select format('alter type %s owner to tripsync_owner', oid::regtype)
          from pg_type
         where typnamespace = home
           and typowner = founder
           and typtype in ('d', 'e')
    loop
        execute act;
    end loop;
    -- Nobody else makes anything here, not even for a moment.
    execute format('revoke create on schema %s from public', home);
    execute format('revoke temporary on database %I from public', current_database());
end;
$$;

-- From here on, what this run makes belongs to the owner; later runs begin like this.
set role tripsync_owner;

-- What the queries of sql/ need, their triggers and functions, and no more. A migration that makes
-- a table says here what may be done with it: `tripsync sql check` tells what is missing, and a
-- test what is too much.
grant select, insert, update         on alarms                    to tripsync_app;
grant select, insert, delete         on blocks                    to tripsync_app;
grant select                         on colleges                  to tripsync_app;
grant select, insert, update, delete on connections               to tripsync_app;
grant select, insert, update         on conversations             to tripsync_app;
grant select, insert, update, delete on devices                   to tripsync_app;
grant select, insert, update         on digest_turns              to tripsync_app;
grant select, insert, update         on event_heads               to tripsync_app;
grant select, insert, delete         on events                    to tripsync_app;
grant select, insert, update, delete on idempotency_keys          to tripsync_app;
grant select, insert, update, delete on live_positions            to tripsync_app;
grant select, insert, update, delete on mailed_codes              to tripsync_app;
grant select, insert, update         on messages                  to tripsync_app;
grant select, insert, update         on participants              to tripsync_app;
grant select, insert, update         on pool_members              to tripsync_app;
grant select, insert, delete         on pool_stops                to tripsync_app;
grant select, insert, update, delete on pooling_requests          to tripsync_app;
grant select, insert, update         on pools                     to tripsync_app;
grant select, insert, update, delete on profile_files             to tripsync_app;
grant select, insert, update         on profiles                  to tripsync_app;
grant select, insert, update, delete on quiet_hours               to tripsync_app;
grant select, insert, update, delete on rate_counters             to tripsync_app;
grant select, insert, update, delete on recurring_changes         to tripsync_app;
grant select, insert                 on recurring_openings        to tripsync_app;
grant select, insert, update, delete on recurring_rides           to tripsync_app;
grant select, insert, update, delete on refresh_tokens            to tripsync_app;
grant select, insert, update         on reports                   to tripsync_app;
grant select, insert, update         on reviews                   to tripsync_app;
grant select, insert, update, delete on ride_shares               to tripsync_app;
grant select, insert, update, delete on saved_search_hits         to tripsync_app;
grant select, insert, update, delete on saved_searches            to tripsync_app;
grant select, insert, update, delete on saved_service_search_hits to tripsync_app;
grant select, insert, update, delete on saved_service_searches    to tripsync_app;
grant select, insert, update, delete on second_looks              to tripsync_app;
grant select, insert, update, delete on service_applications      to tripsync_app;
grant select, insert, update, delete on service_posts             to tripsync_app;
grant select, insert, delete         on service_tags              to tripsync_app;
grant select, insert, update, delete on sessions                  to tripsync_app;
grant select, insert, update         on timer_turns               to tripsync_app;
grant select, insert, update, delete on unreferenced_files        to tripsync_app;
grant select, insert, delete         on unwanted_mails            to tripsync_app;
grant select, insert, update         on users                     to tripsync_app;

grant select on moderators, open_ride_shares, service_readers, shown_applications, shown_services,
                visible_conversations, visible_reviews
   to tripsync_app;

-- The trail of moderation is written and read, by no means changed.
grant select, insert on moderation_acts to tripsync_app;

-- A day of events is forgotten by a truncate.
grant select, truncate
   on events_0, events_1, events_2, events_3, events_4, events_5, events_6, events_7, events_8
   to tripsync_app;

-- The queue: pgqueuer's own statements, and a table that it only looks for when it starts.
grant select, insert, update, delete on pgqueuer, pgqueuer_log to tripsync_app;
grant select on pgqueuer_statistics to tripsync_app;
grant usage on sequence pgqueuer_id_seq, pgqueuer_log_id_seq to tripsync_app;

-- A server starts on a schema that it knows.
grant select on _yoyo_migration to tripsync_app;

-- The reader sees new tables too, by itself; a migration takes back what is secret in them.
do $$
begin
    execute format('grant select on all tables in schema %I to tripsync_reader', current_schema());
    execute format(
        'alter default privileges in schema %I grant select on tables to tripsync_reader', current_schema()
    );
end;
$$;

revoke select
    on users, refresh_tokens, mailed_codes, ride_shares, open_ride_shares, devices, idempotency_keys
  from tripsync_reader;

grant select (user_id, college_id, email, full_name, role, verified_at, banned_at, created_at, deleted_at)
   on users to tripsync_reader;
grant select (session_id, issued_at, expires_at, used_at)
   on refresh_tokens to tripsync_reader;
grant select (college_id, user_id, purpose, issued_at, expires_at)
   on mailed_codes to tripsync_reader;
grant select (share_id, college_id, user_id, pool_id, vehicle_note, position, position_at, created_at, expires_at)
   on ride_shares to tripsync_reader;
grant select (share_id, college_id, user_id, pool_id, vehicle_note, position, position_at, created_at, expires_at, status)
   on open_ride_shares to tripsync_reader;
grant select (device_id, college_id, user_id, session_id, platform, registered_at, looked_up_to)
   on devices to tripsync_reader;
-- An answer may hold the link to a ride.
grant select (scope, status, created_at)
   on idempotency_keys to tripsync_reader;
