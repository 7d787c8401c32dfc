-- Events: what riders' phones learned within the last week, numbered without a gap, and the phones.
--
-- The rows above are what happened; here it is told, as tripsync/*/messages.py describe it.

create unlogged table seeding.events as
-- Connections: who asks, who is asked, and the answer.
select college_id,
       from_user as user_id,
       connections.created_at,
       'connection_request_sent' as type,
       jsonb_build_object('connection_id', connection_id,
                          'user_request_id', from_request,
                          'to_user', jsonb_build_object('id', to_user, 'full_name', full_name, 'request_id', to_request)) as payload
  from connections
  join users using (college_id)
 where users.user_id = to_user
   and connections.created_at > now() - interval '7 days'
 union all
select college_id,
       to_user,
       connections.created_at,
       'connection_request_received',
       jsonb_build_object('connection_id', connection_id,
                          'user_request_id', to_request,
                          'from_user', jsonb_build_object('id', from_user, 'full_name', full_name, 'request_id', from_request))
  from connections
  join users using (college_id)
 where users.user_id = from_user
   and connections.created_at > now() - interval '7 days'
 union all
select college_id,
       from_user,
       answered_at,
       'connection_rejected',
       jsonb_build_object('connection_id', connection_id,
                          'by_user', jsonb_build_object('id', to_user, 'full_name', full_name))
  from connections
  join users using (college_id)
 where users.user_id = to_user
   and connections.status = 'rejected'
   and answered_at > now() - interval '7 days'
 union all
-- Both sides of an approval learn who the other is.
select connections.college_id,
       me.user_id,
       answered_at,
       'connection_approved',
       jsonb_build_object('connection_id', connection_id,
                          'user_request_id', me.request_id,
                          'partner', jsonb_build_object('id', partner.user_id, 'full_name', partner.full_name,
                                                        'phone_number', phone_number, 'email', partner.email,
                                                        'year_of_study', year_of_study, 'bio', bio,
                                                        'request_id', me.partner_request))
  from connections
 cross join lateral (values (from_user, from_request, to_user, to_request), (to_user, to_request, from_user, from_request))
            as me (user_id, request_id, partner_id, partner_request)
  join users partner on partner.college_id = connections.college_id and partner.user_id = partner_id
  join profiles on profiles.user_id = partner_id
 where connections.status = 'approved'
   and answered_at > now() - interval '7 days'
 union all
-- Rides.
select college_id,
       user_id,
       joined_at,
       'pooling_match',
       jsonb_build_object('request_id', request_id, 'status', 'matched',
                          'details', 'You share a ride now. Your pool says who rides along and where you meet.',
                          'pool_id', pool_id)
  from pool_members
 where joined_at > now() - interval '7 days'
 union all
select pools.college_id,
       member.user_id,
       moment,
       type,
       jsonb_build_object('pool_id', pool_id,
                          'by_user', jsonb_build_object('id', first.user_id, 'full_name', first.full_name))
  from pools
  join pool_members member using (college_id, pool_id)
 cross join lateral (
           select users.user_id,
                  users.full_name
             from pool_members
             join users using (college_id, user_id)
            where pool_members.pool_id = pools.pool_id
            order by request_id
            limit 1
       ) as first
 cross join lateral (values ('ride_started', started_at),
                            ('ride_completed', case pools.status when 'completed' then closed_at end))
            as step (type, moment)
 where moment > now() - interval '7 days'
 union all
-- Messages, also those that one wrote on another phone.
select messages.college_id,
       hearer.user_id,
       messages.created_at,
       case when pool_id is null then 'chat_message' else 'pool_message' end,
       jsonb_build_object('message_id', message_id, 'conversation_id', conversation_id, 'sender_id', sender.user_id,
                          'sender_name', sender.full_name, 'content', content, 'created_at', messages.created_at)
           || case when pool_id is null then jsonb_build_object('connection_id', null)
                   else jsonb_build_object('pool_id', pool_id) end
  from messages
  join conversations using (college_id, conversation_id)
  join participants hearer using (college_id, conversation_id)
  join users sender on sender.college_id = messages.college_id and sender.user_id = messages.user_id
 where messages.created_at > now() - interval '7 days'
 union all
-- Reviews, from the moment in which they may be read.
select review.college_id,
       review.subject_id,
       review.visible_from,
       'review_received',
       jsonb_build_object('review', jsonb_build_object(
           'id', review_id, 'author', jsonb_build_object('id', author_id, 'full_name', full_name), 'rating', rating,
           'comment', comment, 'created_at', review.created_at, 'edited_at', null, 'reply', null))
  from reviews review
  join users on users.college_id = review.college_id and users.user_id = author_id
 where visible_from > now() - interval '7 days'
   and visible_from <= now()
 union all
-- Applications: one to whoever wrote the post, the answer to whoever applied.
select college_id,
       case when type = 'service_application_received' then poster_id else user_id end,
       moment,
       type,
       jsonb_build_object('application', jsonb_build_object(
           'id', id, 'status', case when type = 'service_application_received' then 'pending' else status end,
           'applicant', applicant, 'service_post', service_post, 'cover_letter', cover_letter, 'resume_url', resume_url,
           'proposed_rate', proposed_rate, 'application_date', application_date))
  from shown_applications
  join (select application_id, answered_at from service_applications) as answers on application_id = id
 cross join lateral (values ('service_application_received', application_date),
                            ('service_application_' || status, answered_at)) as step (type, moment)
 where moment > now() - interval '7 days'
   and type <> 'service_application_pending';

-- Whoever has been here longer had more events that are forgotten by now.
create unlogged table seeding.numbered_events as
select events.*,
       forgotten + row_number() over (partition by user_id order by events.created_at, type, payload) as seq
  from seeding.events
  join (
      select user_id,
             floor(extract(epoch from now() - joined_at) / 86400 * seeding.dice(n, 'how busy'))::bigint as forgotten
        from seeding.riders
       where joined_at < now() - interval '8 days'
       union all
      select user_id,
             0
        from seeding.riders
       where joined_at >= now() - interval '8 days'
  ) as past using (user_id);

insert into events (college_id, user_id, seq, type, payload, created_at, day_slot)
select college_id,
       user_id,
       seq,
       type,
       payload,
       created_at,
       floor(extract(epoch from created_at) / 86400)::bigint % 9
  from seeding.numbered_events
 order by created_at;

update event_heads
   set last_seq = latest.seq
  from (
      select user_id,
             max(seq) as seq
        from seeding.numbered_events
       group by user_id
  ) as latest
 where event_heads.user_id = latest.user_id;

analyze events, event_heads;

-- Most devices have heard all; some were switched off for a while.
update sessions
   set acknowledged_seq = case when seeding.dice(session_id, 'hears all') < 0.8 then last_seq
                               else greatest(0, last_seq - seeding.zipf(session_id, 'missed', 40)) end
  from event_heads
 where event_heads.user_id = sessions.user_id
   and ended_at is null
   and session_id in (select session_id from seeding.sessions);

-- Nothing waits to be pushed: these phones exist for nobody.
insert into devices (college_id, user_id, session_id, platform, token, registered_at, looked_up_to)
select sessions.college_id,
       sessions.user_id,
       session_id,
       seeding.pick_popular(session_id, 'platform', array['android', 'ios', 'web']),
       'seeded-' || encode(seeding.hash_of_nothing(session_id, 'token'), 'hex'),
       started_at,
       last_seq
  from sessions
  join event_heads using (college_id, user_id)
 where ended_at is null
   and session_id in (select session_id from seeding.sessions)
   and seeding.dice(session_id, 'wants pushes') < 0.55;
