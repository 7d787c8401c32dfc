-- An account that leaves is emptied, never deleted: what others need of it, their rides, reviews
-- and reports, stays under the name "Former rider".

alter table users
    add column deleted_at timestamptz,
    -- Whoever asks for banned_at, as every query does that lets somebody in or shows them, also
    -- shuts out who has left.
    add constraint users_who_left_stay_out check (deleted_at is null or banned_at is not null);

-- Prevents that a request which is under way fills what was just emptied: it waits for the end of
-- the account, and is told that it lost a race. Tables that hold what riders tell of themselves.
create function refuse_for_former_riders() returns trigger language plpgsql as $$
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

create trigger profiles_of_present_riders
    before insert or update on profiles
    for each row execute function refuse_for_former_riders();

create trigger profile_files_of_present_riders
    before insert or update on profile_files
    for each row execute function refuse_for_former_riders();

create trigger sessions_of_present_riders
    before insert on sessions
    for each row execute function refuse_for_former_riders();

create trigger mailed_codes_of_present_riders
    before insert or update on mailed_codes
    for each row execute function refuse_for_former_riders();

create trigger pooling_requests_of_present_riders
    before insert on pooling_requests
    for each row execute function refuse_for_former_riders();

create trigger recurring_rides_of_present_riders
    before insert on recurring_rides
    for each row execute function refuse_for_former_riders();

create trigger saved_searches_of_present_riders
    before insert on saved_searches
    for each row execute function refuse_for_former_riders();

create trigger ride_shares_of_present_riders
    before insert on ride_shares
    for each row execute function refuse_for_former_riders();

create trigger alarms_of_present_riders
    before insert on alarms
    for each row execute function refuse_for_former_riders();
