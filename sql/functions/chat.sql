-- Who may write to whom, and who hears it.

-- Whether one of the two applied to the other's post and was not turned down, and knows who wrote
-- it. To let somebody chat with the unknown writer of a post would be to say who it is.
create or replace function share_work(one bigint, other bigint) returns boolean language sql stable parallel safe
return exists (
    select
      from service_applications work
      join service_posts post on post.post_id = work.post_id
     where (work.user_id = one and work.poster_id = other or work.user_id = other and work.poster_id = one)
       and work.status in ('pending', 'accepted')
       and (not post.is_anonymous or work.revealed_at is not null)
);

-- Who may begin to write to whom, where the college is not open to all. Both share a ride, or
-- shared one to its end within the last 48 hours: somebody forgot an umbrella. Or they share work.
-- Whatever else is to bring riders together belongs in here.
create or replace function may_chat(one bigint, other bigint) returns boolean
language sql stable parallel safe
return share_work(one, other) or exists (
    select
      from pool_members mine
      join pool_members theirs on theirs.pool_id = mine.pool_id
      join pools on pools.pool_id = mine.pool_id
     where mine.user_id = one
       and theirs.user_id = other
       and mine.left_at is null
       and theirs.left_at is null
       and (pools.status in ('open', 'started') or pools.closed_at > now() - interval '48 hours')
);

-- What riders see of their conversations. While a block stands between two, neither sees the
-- conversation, new or old; in a pool's they miss only each other's messages, which do not count
-- as unread. Every query that shows or changes a conversation asks here.
create or replace view visible_conversations with (security_invoker = true) as
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

grant select on visible_conversations to tripsync_app;

-- Who is told of what somebody writes or reads in a conversation, the rider's own devices too.
create or replace function hearers(college bigint, conversation bigint, speaker bigint) returns table (user_id bigint)
language sql stable parallel safe begin atomic
    select p.user_id
      from participants p
      join users on users.college_id = p.college_id and users.user_id = p.user_id
     where p.college_id = college
       and p.conversation_id = conversation
       and p.heard_until is null
       and users.banned_at is null
       and not exists (select from blocked where blocked.one_id = speaker and blocked.other_id = p.user_id)
     order by p.user_id;
end;
