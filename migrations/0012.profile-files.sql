-- Pictures and résumés. The bytes lie in the storage under a key that nobody can guess; a row
-- here says whose they are.

create table profile_files (
    college_id  bigint      not null,
    user_id     bigint      not null,
    kind        text        not null check (kind in ('image', 'resume')),
    storage_key text        not null unique check (char_length(storage_key) between 1 and 100),
    -- The beginning of the content's SHA-256: the same content is the same version.
    version     text        not null check (version ~ '^[0-9a-f]{32}$'),
    uploaded_at timestamptz not null default now(),
    primary key (user_id, kind),
    foreign key (college_id, user_id) references users (college_id, user_id) on delete cascade
);

-- What lies in the storage, or is on its way there, without a row that refers to it. A key
-- stands here before its content is stored and whenever its last row goes, whatever took it: a
-- newer picture, a DBA, or the end of the account. So no crash leaves a file that nobody knows.
create table unreferenced_files (
    storage_key  text        primary key check (char_length(storage_key) between 1 and 100),
    delete_after timestamptz not null
);

-- Serves the sweep, which begins with what waits longest.
create index unreferenced_files_by_age on unreferenced_files (delete_after);

create function refer_to_file() returns trigger language plpgsql as $$
begin
    -- Without this entry the sweep has taken the content away already.
    delete from unreferenced_files where storage_key = new.storage_key;
    if not found then
        raise foreign_key_violation using message = 'the file is not in the storage any more';
    end if;
    return null;
end;
$$;

create function abandon_file() returns trigger language plpgsql as $$
begin
    insert into unreferenced_files (storage_key, delete_after)
    values (old.storage_key, now());
    return null;
end;
$$;

create trigger profile_files_refer
    after insert or update of storage_key on profile_files
    for each row execute function refer_to_file();

create trigger profile_files_abandon
    after delete or update of storage_key on profile_files
    for each row execute function abandon_file();

-- Where a rider's picture is served, or null. A new picture has a new address, so that no app
-- shows the old one from its cache.
create function profile_image_url(owner_id bigint) returns text language sql stable parallel safe
return (
    select '/api/users/' || user_id || '/image?v=' || left(version, 12)
      from profile_files
     where user_id = owner_id
       and kind = 'image'
);
