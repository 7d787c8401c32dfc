-- A second wall behind the queries: whoever acts as tripsync_walled touches rows of one college,
-- which the session names in the setting tripsync.college; of all of them where it says 'all';
-- and of none where it says nothing. Servers act so with ROW_SECURITY=on.
-- For everybody else nothing changes: "true" is no condition, and a plan has no trace of it.

-- Whether the session is about all colleges, which it has to say.
create function sees_all_colleges() returns boolean language sql stable parallel safe
return coalesce(current_setting('tripsync.college', true) = 'all', false);

-- The one college that it is about otherwise; null when it named none.
create function college_in_sight() returns bigint language sql stable parallel safe
return nullif(nullif(current_setting('tripsync.college', true), ''), 'all')::bigint;

-- Asked once a statement, therefore in subqueries, and not once a row. A new table of a college
-- gets these three lines from its own migration.
do $$
declare
    each regclass;
begin
    for each in
        select attrelid::regclass
          from pg_attribute
          join pg_class on pg_class.oid = attrelid
         where relnamespace = current_schema()::regnamespace
           and relkind in ('r', 'p')
           and attname = 'college_id'
           and relname <> 'colleges'
         order by relname
    loop
        execute format('alter table %s enable row level security', each);
        execute format('create policy granted on %s using (true)', each);
        execute format(
            'create policy wall on %s as restrictive to tripsync_walled'
            ' using ((select sees_all_colleges()) or college_id = (select college_in_sight()))',
            each
        );
    end loop;
end;
$$;

-- A view would look at tables with its owner's eyes, for whom there is no wall.
alter view moderators            set (security_invoker = true);
alter view open_ride_shares      set (security_invoker = true);
alter view service_readers       set (security_invoker = true);
alter view shown_applications    set (security_invoker = true);
alter view shown_services        set (security_invoker = true);
alter view visible_conversations set (security_invoker = true);
alter view visible_reviews       set (security_invoker = true);

-- It names the secret of the link, which the reader may not see; ride_shares has the rest for it.
revoke select (share_id, college_id, user_id, pool_id, vehicle_note, position, position_at, created_at, expires_at, status)
    on open_ride_shares from tripsync_reader;
