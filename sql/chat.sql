-- Chat: conversations between two riders, and one for each pool.
--
-- What a rider sees, and how much of it is unread, is said by the view `visible_conversations`.
-- Who writes and who reads holds the conversation first (lock_conversation, write_message): messages
-- are numbered without a gap, and the counts of what is unread stay right.

-- name: find_partner(college_id, user_id, partner_id, open_to_college)^
-- Somebody to write to, the conversation with them if there is one, and whether the rider may write:
-- what has begun may go on, the rest is up to may_chat. No row where nobody is to be seen.
select jsonb_build_object(
           'id',            partner.user_id,
           'full_name',     partner.full_name,
           'phone_number',  case when trusted then profile.phone_number end,
           -- The mobile app takes this for text.
           'email',         case when trusted then partner.email else '' end,
           'year_of_study', profile.year_of_study,
           'bio',           profile.bio
       ) as partner,
       c.conversation_id,
       :open_to_college::boolean
           or coalesce(c.last_seq > 0, false)
           or may_chat(:user_id, partner.user_id) as may_write
  from users partner
  left join profiles profile on profile.college_id = partner.college_id
                            and profile.user_id = partner.user_id
  left join conversations c on c.college_id = partner.college_id
                           and c.one_id = least(:user_id::bigint, :partner_id::bigint)
                           and c.other_id = greatest(:user_id::bigint, :partner_id::bigint)
 cross join lateral are_partners(:user_id, partner.user_id) as trusted
 where partner.college_id = :college_id
   and partner.user_id = :partner_id
   and partner.banned_at is null
   and not are_blocked(:user_id, partner.user_id);

-- name: open_conversation(college_id, user_id, partner_id)$
-- Begin the conversation of two riders; no row when somebody else just did.
with begun as (
    insert into conversations (college_id, one_id, other_id)
    values (
        :college_id,
        least(:user_id::bigint, :partner_id::bigint),
        greatest(:user_id::bigint, :partner_id::bigint)
    )
        on conflict (one_id, other_id) do nothing
    returning college_id,
              conversation_id,
              one_id,
              other_id
),
seated as (
    insert into participants (college_id, conversation_id, user_id)
    select college_id,
           conversation_id,
           unnest(array[one_id, other_id])
      from begun
)
select conversation_id
  from begun;

-- name: find_conversation(college_id, user_id, partner_id)$
-- The conversation of two riders.
select conversation_id
  from conversations
 where college_id = :college_id
   and one_id = least(:user_id::bigint, :partner_id::bigint)
   and other_id = greatest(:user_id::bigint, :partner_id::bigint);

-- name: lock_conversation(college_id, user_id, conversation_id)^
-- A conversation that the rider sees, held: nobody else writes or reads until the transaction ends.
select c.pool_id
  from conversations c
 where c.college_id = :college_id
   and c.conversation_id = :conversation_id
   and exists (
       select
         from visible_conversations v
        where v.college_id = :college_id
          and v.conversation_id = :conversation_id
          and v.user_id = :user_id
   )
   for no key update of c;

-- name: update_participants(college_id, conversation_id, pool_id)!
-- Before somebody writes in the locked conversation of a pool: who has left the pool gets no more of
-- its messages, and who came back gets those from now on.
update participants p
   set heard_until    = case when p.heard_until is null then c.last_seq end,
       heard_from     = case when p.heard_until is null then p.heard_from     else c.last_seq end,
       read_seq       = case when p.heard_until is null then p.read_seq       else c.last_seq end,
       own_since_read = case when p.heard_until is null then p.own_since_read else 0 end
  from conversations c
 where c.college_id = :college_id
   and c.conversation_id = :conversation_id
   and p.college_id = c.college_id
   and p.conversation_id = c.conversation_id
   and (p.heard_until is null) <> rides_along(:pool_id, p.user_id);

-- name: write_message(college_id, user_id, receiver_id, conversation_id, content, open_to_college)^
-- The next message of a conversation, the one with a receiver or the one that is named, and its event
-- for all who hear it; `news` says whose events, and up to which number. No row when the rider sees no
-- such conversation, or may read there and not write. Between two: while the other is here, and what
-- has begun may go on. In a pool: who rides along, as long as the company lasts, and once
-- update_participants has let in and out who came and went.
--
-- It holds the conversation, then the events of those who hear it in the order of their ids: messages
-- and events are numbered without a gap.
with place as (
    select v.conversation_id,
           v.pool_id,
           v.partner_id,
           sender.full_name as sender_name
      from visible_conversations v
      join users sender on sender.college_id = v.college_id and sender.user_id = v.user_id
      left join users partner on partner.college_id = v.college_id and partner.user_id = v.partner_id
      left join pools on pools.college_id = v.college_id and pools.pool_id = v.pool_id
     where v.college_id = :college_id
       and v.user_id = :user_id
       and v.conversation_id = coalesce(:conversation_id::bigint, (
               select conversation_id
                 from conversations
                where college_id = :college_id
                  and one_id = least(:user_id::bigint, :receiver_id::bigint)
                  and other_id = greatest(:user_id::bigint, :receiver_id::bigint)
           ))
       and case when v.pool_id is null
                then partner.banned_at is null
                     and (:open_to_college::boolean or v.last_seq > 0 or may_chat(:user_id, v.partner_id))
                else rides_along(v.pool_id, :user_id)
                     and company_lasts(pools.status, pools.closed_at)
                     and not exists (
                         select
                           from participants p
                          where p.college_id = v.college_id
                            and p.conversation_id = v.conversation_id
                            and (p.heard_until is null) <> rides_along(v.pool_id, p.user_id)
                     )
           end
),
held as (
    select c.last_seq + 1 as seq
      from place
      join conversations c on c.college_id = :college_id and c.conversation_id = place.conversation_id
       for no key update of c
),
written as (
    insert into messages (college_id, conversation_id, seq, user_id, content)
    select :college_id,
           place.conversation_id,
           held.seq,
           :user_id,
           :content
      from place
     cross join held
    returning message_id,
              conversation_id,
              seq,
              content,
              created_at
),
moved as (
    update conversations c
       set last_seq = written.seq,
           last_message_id = written.message_id
      from written
     where c.college_id = :college_id
       and c.conversation_id = written.conversation_id
),
counted as (
    update participants p
       set own_since_read = p.own_since_read + 1
      from written
     where p.college_id = :college_id
       and p.conversation_id = written.conversation_id
       and p.user_id = :user_id
    returning p.user_id
),
heads as (
    select event_heads.user_id,
           event_heads.last_seq + 1 as seq
      from written
     cross join counted
     cross join lateral hearers(:college_id, written.conversation_id, :user_id) as hearing
      join event_heads on event_heads.college_id = :college_id and event_heads.user_id = hearing.user_id
     order by event_heads.user_id
       for update of event_heads
),
numbered as (
    update event_heads
       set last_seq = heads.seq
      from heads
     where event_heads.college_id = :college_id
       and event_heads.user_id = heads.user_id
),
told as (
    insert into events (college_id, user_id, seq, type, payload)
    select :college_id,
           heads.user_id,
           heads.seq,
           case when place.pool_id is null then 'chat_message' else 'pool_message' end,
           jsonb_build_object(
               'message_id',      written.message_id,
               'conversation_id', written.conversation_id,
               'sender_id',       :user_id::bigint,
               'sender_name',     place.sender_name,
               'content',         written.content,
               'created_at',      to_char(written.created_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
           ) || case when place.pool_id is not null
                     then jsonb_build_object('pool_id', place.pool_id)
                     else jsonb_build_object('connection_id', (
                              select max(connection_id)
                                from connections
                               where college_id = :college_id
                                 and least(from_user, to_user) = least(:user_id, place.partner_id)
                                 and greatest(from_user, to_user) = greatest(:user_id, place.partner_id)
                                 and status = 'approved'
                          ))
                end
      from heads
     cross join written
     cross join place
    returning user_id || ':' || seq as news
)
select written.message_id as id,
       written.conversation_id,
       :user_id::bigint as sender_id,
       place.sender_name,
       written.content,
       written.created_at,
       false as is_read,
       array(select news from told) as news
  from written
 cross join place;

-- name: is_message_stored(college_id, user_id, receiver_id, message_id)$
-- Whether the rider has sent the receiver this very message before.
select exists (
           select
             from messages m
             join conversations c on c.college_id = m.college_id and c.conversation_id = m.conversation_id
            where m.college_id = :college_id
              and m.message_id = :message_id
              and m.user_id = :user_id
              and :receiver_id::bigint in (c.one_id, c.other_id)
       );

-- name: list_messages(college_id, user_id, conversation_id, before, size)
-- The latest messages of a conversation, oldest first; `before` is a message, for those before it,
-- or null. What is shown counts as read by the rider; what the rider wrote is read when all who hear
-- it have. A conversation without messages gives one row of nulls, none to be seen gives none.
with place as materialized (
    select v.conversation_id,
           v.pool_id,
           v.heard_from,
           v.last_seq,
           v.unread > 0 as any_unread,
           (
               select min(p.read_seq)
                 from participants p
                where p.college_id = :college_id
                  and p.conversation_id = :conversation_id
                  and p.user_id <> :user_id
                  and p.heard_until is null
                  and not exists (select from blocked where one_id = :user_id and other_id = p.user_id)
           ) as read_by_all
      from visible_conversations v
     where v.college_id = :college_id
       and v.conversation_id = :conversation_id
       and v.user_id = :user_id
)
select m.message_id as id,
       place.conversation_id,
       m.user_id as sender_id,
       -- Looked up, not joined: they are few.
       (select full_name
          from users
         where college_id = :college_id
           and user_id = m.user_id) as sender_name,
       m.content,
       m.created_at,
       m.user_id <> :user_id or coalesce(m.seq <= place.read_by_all, false) as is_read,
       place.any_unread
  from place
  left join lateral (
      select message_id,
             seq,
             user_id,
             content,
             created_at
        from messages
       where college_id = :college_id
         and conversation_id = :conversation_id
         and seq > place.heard_from
         and seq <= place.last_seq
         and seq < case when :before::bigint is null then place.last_seq + 1 else (
                       select seq
                         from messages
                        where college_id = :college_id
                          and conversation_id = :conversation_id
                          and message_id = :before
                   ) end
         and (place.pool_id is null or not are_blocked(:user_id, user_id))
       order by seq desc
       limit :size::int
  ) m on true
 order by m.seq;

-- name: mark_read(college_id, user_id, conversation_id, up_to)^
-- Note how far the rider has read a conversation that is held: up to a message, or with null to the
-- end. How many messages of others that were, the last one read, and who is to hear of it. Only what
-- is left unread is counted row by row.
with place as (
    select v.pool_id,
           v.last_seq,
           v.unread,
           greatest(
               v.read_seq,
               case when :up_to::bigint is null then v.last_seq else (
                   select seq
                     from messages
                    where college_id = :college_id
                      and conversation_id = :conversation_id
                      and message_id = :up_to
                      and seq <= v.last_seq
               ) end
           ) as read_seq
      from visible_conversations v
     where v.college_id = :college_id
       and v.conversation_id = :conversation_id
       and v.user_id = :user_id
),
behind as (
    select count(*) filter (where m.user_id = :user_id) as own,
           count(*) filter (
               where m.user_id <> :user_id
                 and (place.pool_id is null or not are_blocked(:user_id, m.user_id))
           ) as unread
      from place
      join messages m on m.college_id = :college_id
                     and m.conversation_id = :conversation_id
                     and m.seq > place.read_seq
                     and m.seq <= place.last_seq
),
moved as (
    update participants p
       set read_seq = place.read_seq,
           own_since_read = behind.own
      from place
     cross join behind
     where p.college_id = :college_id
       and p.conversation_id = :conversation_id
       and p.user_id = :user_id
       and p.read_seq < place.read_seq
)
select place.unread - behind.unread as marked_read,
       (
           select message_id
             from messages
            where college_id = :college_id
              and conversation_id = :conversation_id
              and seq = place.read_seq
       ) as message_id,
       array(select user_id from hearers(:college_id, :conversation_id, :user_id)) as hearers
  from place
 cross join behind;

-- name: list_conversations(college_id, user_id, before, skip, size)
-- The rider's conversations with others in which something was written, latest first; `before` is
-- the last message of the last one of the page before, or null.
select v.conversation_id,
       jsonb_build_object(
           'id',            partner.user_id,
           'full_name',     partner.full_name,
           'phone_number',  case when trusted then profile.phone_number end,
           -- The mobile app takes this for text.
           'email',         case when trusted then partner.email else '' end,
           'year_of_study', case when partner.banned_at is null then profile.year_of_study end,
           'bio',           case when partner.banned_at is null then profile.bio end
       ) as partner,
       jsonb_build_object(
           'id',         m.message_id,
           'content',    m.content,
           'created_at', m.created_at,
           'sender_id',  m.user_id
       ) as last_message,
       v.unread as unread_count
  from (
      select conversation_id,
             partner_id,
             last_message_id,
             unread
        from visible_conversations
       where college_id = :college_id
         and user_id = :user_id
         and pool_id is null
         and last_message_id is not null
         and (:before::bigint is null or last_message_id < :before)
       order by last_message_id desc
      offset :skip::int
       limit :size::int
  ) v
  join messages m on m.college_id = :college_id and m.message_id = v.last_message_id
  join users partner on partner.college_id = :college_id and partner.user_id = v.partner_id
  left join profiles profile on profile.college_id = :college_id and profile.user_id = v.partner_id
 cross join lateral (
           select exists (select from partners where one_id = :user_id and other_id = v.partner_id) as trusted
            -- Once for both.
           offset 0
       ) as contact
 order by v.last_message_id desc;

-- name: list_pools(college_id, user_id, before, skip, size)
-- The conversations of the rider's pools, latest ride first: those in which the rider may write, and
-- those in which the rider heard something. `before` is the last conversation of the page before, or null.
select v.conversation_id,
       v.pool_id,
       pools.status,
       (
           select coalesce(
                      jsonb_agg(
                          jsonb_build_object('id', member.user_id, 'full_name', member.full_name)
                          order by member.user_id
                      ),
                      '[]'
                  )
             from users member
             join participants p on p.college_id = member.college_id and p.user_id = member.user_id
            where p.college_id = :college_id
              and p.conversation_id = v.conversation_id
              and rides_along(v.pool_id, p.user_id)
       ) as members,
       case when m.message_id is not null
            then jsonb_build_object(
                     'id',         m.message_id,
                     'content',    m.content,
                     'created_at', m.created_at,
                     'sender_id',  m.user_id
                 ) end as last_message,
       v.unread as unread_count
  from visible_conversations v
  join pools on pools.college_id = v.college_id and pools.pool_id = v.pool_id
  left join lateral (
      select message_id,
             content,
             created_at,
             user_id
        from messages
       where college_id = :college_id
         and conversation_id = v.conversation_id
         and seq > v.heard_from
         and seq <= v.last_seq
         and not are_blocked(:user_id, user_id)
       order by seq desc
       limit 1
  ) m on true
 where v.college_id = :college_id
   and v.user_id = :user_id
   and (:before::bigint is null or v.conversation_id < :before)
   and (
       m.message_id is not null
       or company_lasts(pools.status, pools.closed_at) and rides_along(v.pool_id, :user_id)
   )
 order by v.conversation_id desc
offset :skip::int
 limit :size::int;

-- name: export_conversations(college_id, user_id)
-- With whom the rider has written, or in which pool, and how far the rider has read. What somebody
-- only meant to begin is their own.
select c.conversation_id as id,
       other.full_name as other_rider,
       c.pool_id,
       c.begun_at,
       latest.created_at as read_until
  from participants mine
  join conversations c on c.college_id = mine.college_id and c.conversation_id = mine.conversation_id
  left join users other
    on other.college_id = c.college_id
   and other.user_id = case mine.user_id when c.one_id then c.other_id when c.other_id then c.one_id end
  left join messages latest
    on latest.conversation_id = mine.conversation_id and latest.seq = mine.read_seq
 where mine.college_id = :college_id
   and mine.user_id = :user_id
   and c.last_seq > 0
 order by c.conversation_id;

-- name: export_messages(college_id, user_id)
-- What the rider wrote in them.
select message_id as id,
       conversation_id,
       content,
       created_at
  from messages
 where college_id = :college_id
   and user_id = :user_id
 order by message_id;

-- name: empty_messages(college_id, user_id)!
-- Messages without what they said. Their places stay, so that others' counts of unread ones do.
update messages
   set content = 'This message was deleted.'
 where college_id = :college_id
   and user_id = :user_id;
