-- A session begins with a sign-in and is what logout, a ban and a new password end.

create table sessions (
    session_id   bigint      generated always as identity primary key,
    college_id   bigint      not null,
    user_id      bigint      not null,
    device       text        not null default '' check (char_length(device) <= 200),
    started_at   timestamptz not null default now(),
    last_used_at timestamptz not null default now(),
    ended_at     timestamptz,
    end_reason   text        check (end_reason in ('logout', 'password_changed', 'banned', 'token_reused')),
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade,
    check ((ended_at is null) = (end_reason is null))
);

-- Serves the list of a rider's devices, and ending them all.
create index sessions_of_user on sessions (user_id) where ended_at is null;

-- Serves every worker's look at what ended lately.
create index sessions_by_end on sessions (ended_at) where ended_at is not null;

create table refresh_tokens (
    token_hash bytea       primary key,
    session_id bigint      not null references sessions on delete cascade,
    issued_at  timestamptz not null default now(),
    expires_at timestamptz not null,
    used_at    timestamptz
);

-- Prevents a family from having two tokens that still open it.
create unique index refresh_tokens_unused on refresh_tokens (session_id) where used_at is null;

-- Serves the removal of a session, which takes its tokens along.
create index refresh_tokens_of_session on refresh_tokens (session_id);

-- A ban or a new password ends every session, whoever writes it: the API, a moderator's
-- tool, or a DBA in psql.
create function end_sessions_of_user() returns trigger language plpgsql as $$
begin
    update sessions
       set ended_at = clock_timestamp(),
           end_reason = case when new.banned_at is not null then 'banned' else 'password_changed' end
     where user_id = new.user_id
       and ended_at is null;
    return null;
end;
$$;

create trigger users_end_sessions
    after update of password_hash, banned_at on users
    for each row
    when (new.password_hash <> old.password_hash or (old.banned_at is null and new.banned_at is not null))
    execute function end_sessions_of_user();

-- Tells every worker, once a statement, that some session ended; each reads which.
create function say_session_ended() returns trigger language plpgsql as $$
begin
    notify session_ended;
    return null;
end;
$$;

create trigger sessions_say_ended
    after update of ended_at on sessions
    for each statement
    execute function say_session_ended();
