-- Chat: conversations between two riders of a college, and one for each pool.

create table conversations (
    conversation_id bigint      generated always as identity primary key,
    college_id      bigint      not null,
    -- Two riders, the lower id first; or a pool, and then neither.
    one_id          bigint,
    other_id        bigint,
    pool_id         bigint,
    -- How many messages there are. Whoever writes holds this row: messages are numbered 1, 2, 3
    -- ... in the order in which they become visible, and nobody can read past one that is on
    -- its way.
    last_seq        bigint      not null default 0,
    last_message_id bigint,
    begun_at        timestamptz not null default now(),
    foreign key (college_id, one_id) references users (college_id, user_id),
    foreign key (college_id, other_id) references users (college_id, user_id),
    foreign key (college_id, pool_id) references pools (college_id, pool_id) on delete cascade,
    -- What participants refer to.
    unique (college_id, conversation_id),
    -- Prevents a second conversation of the same two, whoever begins it; finds the first.
    unique (one_id, other_id),
    -- Prevents a second conversation of a pool; finds the first.
    unique (pool_id),
    check (one_id < other_id),
    check (num_nulls(one_id, other_id, pool_id) in (1, 2) and (one_id is null) = (other_id is null)),
    check ((last_seq = 0) = (last_message_id is null))
);

-- Who takes part, what they hear, and how far they have read.
--
-- unread = last_seq - read_seq - own_since_read: three numbers, whatever the history. Whoever
-- writes adds to own_since_read; whoever reads sets read_seq and counts own_since_read anew, both
-- while they hold the conversation.
create table participants (
    college_id      bigint not null,
    conversation_id bigint not null,
    user_id         bigint not null,
    -- Hears what comes after this message: who joins a pool later reads from then on.
    heard_from      bigint not null default 0,
    -- The last message heard by who left the pool; null for who hears what comes.
    heard_until     bigint,
    read_seq        bigint not null default 0,
    own_since_read  bigint not null default 0 check (own_since_read >= 0),
    primary key (college_id, conversation_id, user_id),
    foreign key (college_id, conversation_id) references conversations (college_id, conversation_id)
        on delete cascade,
    foreign key (college_id, user_id) references users (college_id, user_id),
    check (heard_from <= read_seq and heard_from <= heard_until)
);

-- Serves the lists of a rider's conversations.
create index participants_of_user on participants (user_id, conversation_id);

create table messages (
    message_id      bigint      generated always as identity primary key,
    college_id      bigint      not null,
    conversation_id bigint      not null,
    seq             bigint      not null check (seq > 0),
    -- Who wrote it: somebody who takes part.
    user_id         bigint      not null,
    content         text        not null check (char_length(content) between 1 and 4000),
    -- By the clock at the end of the wait for the conversation, so that times are in order too.
    created_at      timestamptz not null default clock_timestamp(),
    foreign key (college_id, conversation_id, user_id)
        references participants (college_id, conversation_id, user_id) on delete cascade,
    -- Serves the reading of a conversation, latest first; prevents two messages in one place.
    unique (conversation_id, seq)
);

-- Serves the export and the erasure of what a rider wrote.
create index messages_of_user on messages (user_id, message_id);

create trigger messages_of_present_riders
    before insert on messages
    for each row execute function refuse_for_former_riders();

-- What a message said that is reported, from the moment of the report: its writer may be gone when a
-- moderator reads it.
alter table reports
    add column reported_words text check (reference_kind = 'message' or reported_words is null);

-- Serves the latest connection between two riders: every message from one to the other names it.
create index connections_of_riders on connections
    (least(from_user, to_user), greatest(from_user, to_user), connection_id);

-- Whether those of a ride still have to do with each other: until 48 hours after its end, for
-- somebody forgot an umbrella.
create function company_lasts(status text, closed_at timestamptz) returns boolean
language sql stable parallel safe
return status in ('open', 'started') or closed_at > now() - interval '48 hours';

-- Who may begin to write to whom, where the college is not open to all: who share a ride, or
-- shared one to its end of late. Whatever else is to bring riders together belongs in here.
create function may_chat(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (
    select
      from pool_members mine
      join pool_members theirs on theirs.pool_id = mine.pool_id
      join pools on pools.pool_id = mine.pool_id
     where mine.user_id = one
       and theirs.user_id = other
       and mine.left_at is null
       and theirs.left_at is null
       and company_lasts(pools.status, pools.closed_at)
);

-- Whether somebody is in a ride, or was to its end: a ride that is dissolved lets everybody out
-- at the moment it closes.
create function rides_along(ride_id bigint, rider_id bigint) returns boolean
language sql stable parallel safe
return exists (
    select
      from pool_members member
      join pools on pools.pool_id = member.pool_id
     where member.pool_id = ride_id
       and member.user_id = rider_id
       and (member.left_at is null or member.left_at = pools.closed_at)
);

-- What riders see of their conversations. While a block stands between two, neither sees the
-- conversation, new or old; in a pool's they miss only each other's messages, which do not count
-- as unread. Every query that shows or changes a conversation asks here.
create view visible_conversations as
select c.college_id,
       c.conversation_id,
       c.pool_id,
       me.user_id,
       case me.user_id when c.one_id then c.other_id when c.other_id then c.one_id end as partner_id,
       c.last_message_id,
       me.heard_from,
       coalesce(me.heard_until, c.last_seq) as last_seq,
       me.read_seq,
       coalesce(me.heard_until, c.last_seq) - me.read_seq - me.own_since_read
           - case when c.pool_id is null then 0 else (
                 select count(*)
                   from participants fellow
                   join messages m on m.conversation_id = fellow.conversation_id
                                  and m.user_id = fellow.user_id
                  where fellow.college_id = me.college_id
                    and fellow.conversation_id = me.conversation_id
                    and fellow.user_id <> me.user_id
                    and are_blocked(me.user_id, fellow.user_id)
                    and m.seq > me.read_seq
                    and m.seq <= coalesce(me.heard_until, c.last_seq)
             ) end as unread
  from participants me
  join conversations c on c.college_id = me.college_id and c.conversation_id = me.conversation_id
 -- What are_blocked() asks, in a form that is joined at once to all conversations of a list.
 where not exists (select from blocks where blocker_id = c.one_id and blocked_id = c.other_id)
   and not exists (select from blocks where blocker_id = c.other_id and blocked_id = c.one_id);

-- Who is told of what somebody writes or reads in a conversation, the rider's own devices too.
create function hearers(college bigint, conversation bigint, speaker bigint) returns bigint[]
language sql stable parallel safe
return (
    select array_agg(p.user_id order by p.user_id)
      from participants p
      join users on users.college_id = p.college_id and users.user_id = p.user_id
     where p.college_id = college
       and p.conversation_id = conversation
       and p.heard_until is null
       and users.banned_at is null
       and not are_blocked(speaker, p.user_id)
);

-- Every pool has its conversation from the start, and every member takes part from the moment of
-- joining.
create function begin_conversation_of_pool() returns trigger language plpgsql as $$
begin
    insert into conversations (college_id, pool_id) values (new.college_id, new.pool_id);
    return null;
end;
$$;

create trigger pools_begin_conversation
    after insert on pools
    for each row execute function begin_conversation_of_pool();

create function join_conversation_of_pool() returns trigger language plpgsql as $$
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

create trigger pool_members_join_conversation
    after insert on pool_members
    for each row execute function join_conversation_of_pool();

insert into conversations (college_id, pool_id)
select college_id,
       pool_id
  from pools
 order by pool_id;

insert into participants (college_id, conversation_id, user_id)
select distinct
       member.college_id,
       c.conversation_id,
       member.user_id
  from conversations c
  join pool_members member on member.pool_id = c.pool_id
 where rides_along(c.pool_id, member.user_id);
