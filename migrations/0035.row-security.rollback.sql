grant select (share_id, college_id, user_id, pool_id, vehicle_note, position, position_at, created_at, expires_at, status)
   on open_ride_shares to tripsync_reader;

alter view moderators            reset (security_invoker);
alter view open_ride_shares      reset (security_invoker);
alter view service_readers       reset (security_invoker);
alter view shown_applications    reset (security_invoker);
alter view shown_services        reset (security_invoker);
alter view visible_conversations reset (security_invoker);
alter view visible_reviews       reset (security_invoker);

do $$
declare
    each regclass;
begin
    for each in
        select polrelid::regclass
          from pg_policy
          join pg_class on pg_class.oid = polrelid
         where relnamespace = current_schema()::regnamespace
           and polname = 'wall'
    loop
        execute format('drop policy wall on %s', each);
        execute format('drop policy granted on %s', each);
        execute format('alter table %s disable row level security', each);
    end loop;
end;
$$;

drop function college_in_sight();
drop function sees_all_colleges();
