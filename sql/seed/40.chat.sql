-- Chat: crews who talk about their rides, riders of a crew who became friends, and the two sides of work.

-- Between two. The lower id is the one.
create unlogged table seeding.conversations as
select nextval(pg_get_serial_sequence('conversations', 'conversation_id')) as conversation_id,
       begun.*
  from (
      select distinct on (one_id, other_id)
             college_id,
             least(user_id, friend_id) as one_id,
             greatest(user_id, friend_id) as other_id,
             begun_at,
             most
        from (
            select one.college_id,
                   one.user_id,
                   other.user_id as friend_id,
                   now() - interval '150 days' * seeding.dice(one.n * 4 + other.seat, 'friends since') as begun_at,
                   120 as most
              from seeding.crews one
              join seeding.crews other on other.crew = one.crew and other.seat > one.seat
             where seeding.dice(one.n * 4 + other.seat, 'friends') < 0.6
             union all
            select work.college_id,
                   work.poster_id,
                   work.user_id,
                   work.answered_at,
                   12
              from service_applications work
              join service_posts post using (college_id, post_id)
             where work.status = 'accepted'
               and (not post.is_anonymous or work.revealed_at is not null)
        ) as pairs (college_id, user_id, friend_id, begun_at, most)
       cross join lateral (select least(user_id, friend_id), greatest(user_id, friend_id)) as pair (one_id, other_id)
       order by one_id,
                other_id,
                begun_at
  ) as begun;

insert into conversations (conversation_id, college_id, one_id, other_id, begun_at)
overriding system value
select conversation_id,
       college_id,
       one_id,
       other_id,
       begun_at
  from seeding.conversations;

insert into participants (college_id, conversation_id, user_id)
select college_id,
       conversation_id,
       unnest(array[one_id, other_id])
  from seeding.conversations;

analyze conversations, participants;

-- Who says what when: few conversations are long, most are short.
create unlogged table seeding.messages as
select nextval(pg_get_serial_sequence('messages', 'message_id')) as message_id,
       row_number() over (partition by conversation_id order by created_at, nth) as seq,
       said.*
  from (
      select conversation_id * 128 + nth_message as nth,
             college_id,
             conversation_id,
             case when seeding.dice(conversation_id * 128 + nth_message, 'who') < 0.5 then one_id else other_id end as user_id,
             begun_at + (now() - begun_at) * seeding.dice(conversation_id * 128 + nth_message, 'when') as created_at
        from seeding.conversations
       cross join lateral generate_series(1, seeding.zipf(conversation_id, 'messages', most)) as nth_message
       union all
      select conversation_id * 128 + nth_message,
             pools.college_id,
             conversation_id,
             requests.user_id,
             pools.created_at + (least(pools.leaves_at + interval '30 minutes', now()) - pools.created_at)
                 * seeding.dice(conversation_id * 128 + nth_message, 'when')
        from seeding.pools
        join conversations using (pool_id)
       cross join lateral generate_series(1, seeding.zipf(conversation_id, 'messages of a pool', 8) - 1) as nth_message
        join seeding.crews on crews.crew = pools.crew and crews.seat = 1 + nth_message % 2
        join seeding.requests on requests.ride = pools.nth and requests.n = crews.n
       order by created_at,
                nth
  ) as said;

insert into messages (message_id, college_id, conversation_id, seq, user_id, content, created_at)
overriding system value
select message_id,
       college_id,
       conversation_id,
       seq,
       user_id,
       seeding.chatter(nth, greatest(1, seeding.zipf(nth, 'sentences', 40) - 6)),
       created_at
  from seeding.messages
 order by message_id;

analyze messages;

update conversations
   set last_seq = latest.seq,
       last_message_id = latest.message_id
  from (
      select distinct on (conversation_id)
             conversation_id,
             seq,
             message_id
        from messages
       order by conversation_id,
                seq desc
  ) as latest
 where conversations.conversation_id = latest.conversation_id;

-- Most have read all, some are behind, and a few have never looked.
update participants
   set read_seq = reached.read_seq,
       own_since_read = (
           select count(*)
             from messages
            where messages.conversation_id = participants.conversation_id
              and messages.user_id = participants.user_id
              and messages.seq > reached.read_seq
       )
  from (
      select conversation_id,
             user_id,
             case when seeding.dice(conversation_id * 3 + user_id, 'reads') < 0.75 then last_seq
                  when seeding.dice(conversation_id * 3 + user_id, 'reads') < 0.95
                  then greatest(0, last_seq - seeding.zipf(conversation_id * 3 + user_id, 'behind', 30))
                  else 0 end as read_seq
        from participants
        join conversations using (college_id, conversation_id)
       where last_seq > 0
  ) as reached
 where participants.conversation_id = reached.conversation_id
   and participants.user_id = reached.user_id;
