-- What watches over bystanders; tests/bystanders.py runs it in every database of tests, once it is seeded.

create schema bystanders;

-- Riders who are there before a test, and their pools, sessions, conversations.
create unlogged table bystanders.things (root text, id bigint, primary key (root, id));

create unlogged table bystanders.notes (
    note_id    bigint generated always as identity,
    table_name text not null,
    act        text not null,
    before     jsonb,
    after      jsonb
);

-- Whose the rows of a table are: the column that numbers them, and each other one that leads, through
-- foreign keys, to riders; where none does, those that lead to a pool or another thing of riders.
create table bystanders.owners as
with recursive links as (
    select conrelid as table_id,
           column_number,
           confrelid as target_id,
           target_number
      from pg_constraint
     cross join unnest(conkey, confkey) as pairs (column_number, target_number)
     where contype = 'f'
       and connamespace = 'public'::regnamespace
       and conparentid = 0
),
numbered as (
    select conrelid as table_id,
           conkey[1] as column_number
      from pg_constraint
     where contype = 'p'
       and connamespace = 'public'::regnamespace
       and conrelid <> 'colleges'::regclass
       -- The queue belongs to the house, not to riders.
       and not starts_with(conrelid::regclass::text, 'pgqueuer')
       and cardinality(conkey) = 1
       and not exists (select from links where table_id = conrelid and column_number = conkey[1])
),
paths as (
    select table_id,
           column_number,
           table_id as root_id
      from numbered
     union
    select links.table_id,
           links.column_number,
           paths.root_id
      from links
      join paths on paths.table_id = links.target_id
                and paths.column_number = links.target_number
),
columns as (
    select table_id::regclass::text as table_name,
           attname::text as column_name,
           root_id::regclass::text as root,
           root_id = table_id as is_own,
           rank() over (partition by table_id, root_id = table_id order by root_id <> 'users'::regclass) as nearness
      from paths
      join pg_attribute on attrelid = table_id
                       and attnum = column_number
     where atttypid = 'bigint'::regtype
)
select table_name,
       coalesce(max(column_name) filter (where is_own), '') as own,
       coalesce(array_agg(column_name) filter (where not is_own), '{}') as columns,
       coalesce(array_agg(root) filter (where not is_own), '{}') as roots
  from columns
 where nearness = 1
 group by table_name;

-- Have what lies in a college, or everywhere, watched from now on. Returns the ids of all of it.
create function bystanders.remember(college bigint) returns bigint[] language plpgsql as $$
declare
    each   record;
    ids    bigint[];
    known  bigint[] := '{}';
begin
    for each in select table_name, own from bystanders.owners where own <> '' loop
        execute format(
            'with kept as (
                 insert into bystanders.things
                 select %L, %I from %I where $1 is null or college_id = $1
                 returning id
             )
             select array_agg(id) from kept',
            each.table_name, each.own, each.table_name
        ) into ids using college;
        known := known || ids;
    end loop;
    return known;
end;
$$;

-- Whether all that these columns lead to was there before; not, when all are null.
create function bystanders.are_there(row_now jsonb, columns text[], roots text[]) returns boolean
language plpgsql stable as $$
declare
    theirs boolean := false;
begin
    for i in 1 .. cardinality(columns) loop
        continue when row_now ->> columns[i] is null;
        perform from bystanders.things where root = roots[i] and id = (row_now ->> columns[i])::bigint;
        if not found then
            return false;
        end if;
        theirs := true;
    end loop;
    return theirs;
end;
$$;

-- Arguments: the column that numbers the row, or nothing; the others that say whose it is; where
-- these lead to. A row is of bystanders when it was there before, or all that it belongs to was.
create function bystanders.note() returns trigger language plpgsql security definer as $$
declare
    row_now constant jsonb := coalesce(to_jsonb(old), to_jsonb(new));
begin
    if to_jsonb(old) is not distinct from to_jsonb(new) then
        return null;
    end if;
    if bystanders.are_there(row_now, array[tg_argv[0]], array[tg_table_name::text])
       or bystanders.are_there(row_now, tg_argv[1]::text[], tg_argv[2]::text[]) then
        insert into bystanders.notes (table_name, act, before, after)
        values (tg_table_name, lower(tg_op), to_jsonb(old), to_jsonb(new));
    end if;
    return null;
end;
$$;

-- What the clock alone would do to them is left out: no round, weekly ride or second look takes them along.
update pooling_requests set auto_match = false where status = 'active';
update recurring_rides set paused_at = now(), next_opens_at = null where paused_at is null;
delete from second_looks;

do $$
declare
    each record;
begin
    for each in select * from bystanders.owners loop
        execute format(
            'create trigger bystanders after insert or update or delete on %I
             for each row execute function bystanders.note(%L, %L, %L)',
            each.table_name, each.own, each.columns, each.roots
        );
    end loop;
end;
$$;

-- From now on each number is the id of one thing alone, in whatever table it lies: an answer that
-- holds the id of a bystander's thing is known by that number.
do $$
declare
    each record;
begin
    for each in
        select table_name, own, row_number() over (order by table_name) as nth
          from (select table_name, own from bystanders.owners where own <> ''
                 union all
                select 'colleges', 'college_id') as numbered
    loop
        perform setval(pg_get_serial_sequence(each.table_name, each.own), each.nth * 1000000);
    end loop;
end;
$$;

select bystanders.remember(null);

-- Two who live in a college of its own, far from where tests ride: what is over for them, what is
-- under way, what still waits, and all that shows in no list of others. Returns the ids of them and of
-- their things. What has no id says "bystander", or a time of theirs (tests/bystanders.py).
create function bystanders.move_in(college bigint) returns bigint[] language plpgsql as $$
declare
    here      constant point := point(24.5, -83.2);
    there     constant point := point(24.6, -83.3);
    riders    bigint[];
    rides     bigint[];
    under_way bigint[];
    waiting   bigint[];
    pool      bigint;
    pool_now  bigint;
    talk      bigint;
    said      bigint;
    search    bigint;
    post      bigint;
    login     bigint;
begin
    with made as (
        insert into users (college_id, email, full_name, password_hash)
        select college,
               lower(name) || '.' || college || '@bystander.example',
               name || ' Bystander',
               'nobody signs in with this'
          from unnest(array['Meera', 'Tara']) as name
        returning user_id
    )
    select array_agg(user_id order by user_id) into riders from made;
    update profiles set phone_number = '+919000000000', bio = 'A bystander.' where user_id = any(riders);
    insert into quiet_hours (college_id, user_id, begins_at, ends_at)
    select college, unnest(riders), '21:37', '06:13';
    insert into unwanted_mails (college_id, user_id, kind) select college, unnest(riders), 'digest';
    insert into blocks (college_id, blocker_id, blocked_id) values (college, riders[2], riders[1]);

    with made as (
        insert into sessions (college_id, user_id, device)
        select college, unnest(riders), 'phone of a bystander'
        returning session_id
    ),
    kept as (
        insert into refresh_tokens (token_hash, session_id, expires_at)
        select sha256(convert_to('bystander ' || session_id, 'UTF8')), session_id, now() + interval '30 days'
          from made
    )
    select min(session_id) into login from made;
    insert into devices (college_id, user_id, session_id, platform, token, looked_up_to)
    values (college, riders[1], login, 'web', 'bystander-' || login, 0);

    with made as (
        insert into pooling_requests (
            college_id, user_id, status, start, destination, departure, solo_meters, reach, closed_at
        )
        select college,
               rider,
               status,
               here,
               there,
               tstzrange(now() + leaves_in, now() + leaves_in + interval '15 minutes', '[]'),
               road_meters(here, there),
               reach_box(here, there, 25),
               case status when 'completed' then now() + leaves_in end
          from unnest(riders) as rider
         cross join (values ('completed', interval '-2 days'), ('matched', '-5 minutes'), ('active', '20 hours'))
            as kinds (status, leaves_in)
        returning request_id, user_id, status
    )
    select array_agg(request_id order by user_id) filter (where status = 'completed'),
           array_agg(request_id order by user_id) filter (where status = 'matched'),
           array_agg(request_id order by user_id) filter (where status = 'active')
      into rides, under_way, waiting
      from made;
    insert into connections (college_id, from_request, to_request, from_user, to_user, status, answered_at)
    values (college, rides[1], rides[2], riders[1], riders[2], 'approved', now() - interval '2 days'),
           (college, under_way[1], under_way[2], riders[1], riders[2], 'approved', now()),
           (college, waiting[1], waiting[2], riders[1], riders[2], 'pending', null);
    insert into pools (college_id, status, capacity, estimated_fare, started_at, closed_at)
    values (college, 'completed', 4, 300, now() - interval '2 days', now() - interval '2 days')
    returning pool_id into pool;
    insert into pools (college_id, status, capacity, estimated_fare, started_at)
    values (college, 'started', 4, 300, now())
    returning pool_id into pool_now;
    insert into pool_members (college_id, pool_id, request_id, user_id, seats, shared_meters, fare_percent)
    select college, pool, rides[nth], riders[nth], 1, 14000, 50 from generate_series(1, 2) as nth
     union all
    select college, pool_now, under_way[nth], riders[nth], 1, 14000, 50 from generate_series(1, 2) as nth;
    insert into pool_stops (college_id, pool_id, position, request_id, kind, meters)
    values (college, pool, 0, rides[1], 'pickup', 0), (college, pool, 1, rides[2], 'pickup', 10),
           (college, pool, 2, rides[1], 'drop', 14000), (college, pool, 3, rides[2], 'drop', 14010),
           (college, pool_now, 0, under_way[1], 'pickup', 0), (college, pool_now, 1, under_way[2], 'pickup', 10),
           (college, pool_now, 2, under_way[1], 'drop', 14000), (college, pool_now, 3, under_way[2], 'drop', 14010);
    insert into reviews (college_id, pool_id, author_id, subject_id, rating, comment, created_at, visible_from)
    values (college, pool, riders[1], riders[2], 2, 'Of a bystander.', now() - interval '1 day', now());
    insert into ride_shares (college_id, user_id, pool_id, token_hash, expires_at)
    values (college, riders[1], pool, sha256(convert_to('bystander share ' || pool, 'UTF8')), now() + interval '1 day');
    insert into recurring_rides (
        college_id, user_id, weekdays, departs_at, window_minutes, paused_at, start, destination, seats,
        detour_percent, role, same_gender, quiet, no_smoking, luggage, auto_match
    )
    values (college, riders[1], '{monday}', '08:00', 15, now(), here, there, 1, 25, 'rider', false, false,
            false, false, false);
    insert into saved_searches (
        college_id, user_id, name, start, start_radius_meters, destination, destination_radius_meters, mail_me
    )
    values (college, riders[1], 'pole of a bystander', here, 1000, there, 1000, false)
    returning search_id into search;
    insert into saved_search_hits (college_id, search_id, request_id, mailed)
    values (college, search, rides[2], false);

    insert into conversations (college_id, one_id, other_id) values (college, riders[1], riders[2])
    returning conversation_id into talk;
    insert into participants (college_id, conversation_id, user_id) select college, talk, unnest(riders);
    insert into messages (college_id, conversation_id, seq, user_id, content)
    values (college, talk, 1, riders[1], 'See you, bystander.')
    returning message_id into said;
    update conversations set last_seq = 1, last_message_id = said where conversation_id = talk;

    insert into service_posts (
        college_id, user_id, kind, title, description, status, team_size, compensation_type, requires_resume,
        requires_cover_letter, is_anonymous, college_only, tags, requirements, filters, created_at
    )
    values (college, riders[1], 'request', 'Carry a bystander', 'It is heavy, and it is cold.', 'open', 2,
            'volunteer', false, false, false, true, '{}', '[]', '[]', now())
    returning post_id into post;
    insert into service_applications (college_id, post_id, poster_id, user_id)
    values (college, post, riders[1], riders[2]);
    update service_posts set status = 'cancelled', deleted_at = now() where post_id = post;
    insert into saved_service_searches (college_id, user_id, name, words, tags, mail_me)
    values (college, riders[2], 'penguins of a bystander', 'penguin', '{}', false);

    update event_heads set last_seq = 1 where user_id = riders[2];
    insert into events (college_id, user_id, seq, type, payload)
    values (college, riders[2], 1, 'service_post_closed', jsonb_build_object('title', 'Of a bystander'));

    return bystanders.remember(college);
end;
$$;
