-- Everything goes back to whoever takes this back. The roles stay: other databases may need them.
set role none;
reassign owned by tripsync_owner to session_user;
-- One at a time: what the owner has promised to the reader PostgreSQL would drop twice.
drop owned by tripsync_owner;
drop owned by tripsync_app;
drop owned by tripsync_walled;
drop owned by tripsync_reader;

do $$
begin
    execute format('grant temporary on database %I to public', current_database());
end;
$$;
