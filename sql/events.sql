-- Events: what riders' phones must learn, numbered for each rider without a gap.

-- name: append_event(user_id, type, payload)
-- Append one event for one rider. What append_events does, at a third of the price: with one row
-- to expect, PostgreSQL plans it once and not at every call.
with head as (
    update event_heads
       set last_seq = last_seq + 1
     where user_id = :user_id
 returning college_id,
           user_id,
           last_seq
)
insert into events (college_id, user_id, seq, type, payload)
select college_id,
       user_id,
       last_seq,
       :type,
       :payload
  from head
returning user_id,
          seq;

-- name: append_events(user_ids, types, payloads)
-- Append events for one or many riders; their rows are locked in the order of their ids, so
-- that two appends to the same riders wait for each other instead of deadlocking.
with wanted as (
    select user_id,
           type,
           payload,
           row_number() over (partition by user_id order by place) as nth
      from unnest(:user_ids::bigint[], :types::text[], :payloads::jsonb[])
           with ordinality as given (user_id, type, payload, place)
),
heads as (
    select college_id,
           user_id,
           last_seq
      from event_heads
     where user_id = any(:user_ids::bigint[])
     order by user_id
       for update
),
-- Counted once for all: a round of matching tells thousands at a time.
counted as (
    select user_id,
           count(*) as events
      from wanted
     group by user_id
),
moved as (
    update event_heads
       set last_seq = heads.last_seq + counted.events
      from heads
      join counted using (user_id)
     where event_heads.user_id = heads.user_id
)
insert into events (college_id, user_id, seq, type, payload)
select heads.college_id,
       heads.user_id,
       heads.last_seq + wanted.nth,
       wanted.type,
       wanted.payload
  from wanted
  join heads on heads.user_id = wanted.user_id
returning user_id,
          seq;

-- name: list_news(college_ids, user_ids, seqs, size)
-- For each rider what comes after a number, as the text that sockets send; those of older days
-- are given to nobody, so that what is left of a day never looks like all. `age` is in seconds.
select wanted.user_id,
       wanted.seq as after,
       news.seq,
       news.message,
       extract(epoch from clock_timestamp() - news.created_at)::float8 as age
  from unnest(:college_ids::bigint[], :user_ids::bigint[], :seqs::bigint[])
       as wanted (college_id, user_id, seq)
 cross join lateral (
           select events.seq,
                  events.created_at,
                  (events.payload || jsonb_build_object('type', events.type, 'seq', events.seq))::text as message
             from events
            where events.college_id = wanted.college_id
              and events.user_id = wanted.user_id
              and events.seq > wanted.seq
              and events.created_at > now() - interval '7 days'
            order by events.seq
            limit :size::int
       ) as news
 order by wanted.user_id,
          wanted.seq,
          news.seq;

-- name: list_news_of(college_id, user_id, after, size)
-- The same for one rider: single values have a plan that is made once, and this is the one that
-- most events go by.
select seq,
       extract(epoch from clock_timestamp() - created_at)::float8 as age,
       (payload || jsonb_build_object('type', type, 'seq', seq))::text as message
  from events
 where college_id = :college_id
   and user_id = :user_id
   and seq > :after
   and created_at > now() - interval '7 days'
 order by seq
 limit :size::int;

-- name: list_behind(college_ids, user_ids, seqs)
-- Of these riders, those who have more events than the number given.
select heads.user_id
  from unnest(:college_ids::bigint[], :user_ids::bigint[], :seqs::bigint[])
       as wanted (college_id, user_id, seq)
  join event_heads as heads on heads.college_id = wanted.college_id
                           and heads.user_id = wanted.user_id
                           and heads.last_seq > wanted.seq;

-- name: find_standing(college_id, user_id, session_id)^
-- Where a rider's events end now, and how far one device has come in them.
select heads.last_seq,
       sessions.acknowledged_seq
  from event_heads as heads
  join sessions on sessions.college_id = heads.college_id
               and sessions.user_id = heads.user_id
               and sessions.session_id = :session_id
 where heads.college_id = :college_id
   and heads.user_id = :user_id;

-- name: find_beginning(college_id, user_id, seconds, most)^
-- Where a rider's events end now, and after which one a socket begins that knows none: before the first
-- of the last seconds that still holds. News of a request or a connection holds as long as that is what
-- the news says; all other news holds.
select heads.last_seq,
       coalesce(
           (
               select min(recent.seq) - 1
                 from events recent
                where recent.college_id = heads.college_id
                  and recent.user_id = heads.user_id
                  and recent.seq > heads.last_seq - :most::int
                  and recent.created_at > now() - make_interval(secs => :seconds::float8)
                  and case
                          when recent.type = 'match_found' then exists (
                              select
                                from pooling_requests
                               where college_id = heads.college_id
                                 and request_id = (recent.payload #>> '{match,request_id}')::bigint
                                 and status in ('active', 'matched')
                          )
                          when recent.type in ('connection_request_received', 'connection_request_sent') then exists (
                              select
                                from connections
                               where college_id = heads.college_id
                                 and connection_id = (recent.payload ->> 'connection_id')::bigint
                                 and status = 'pending'
                          )
                          when recent.type in ('connection_approved', 'pooling_match') then exists (
                              select
                                from pooling_requests
                               where college_id = heads.college_id
                                 and request_id = coalesce(
                                         recent.payload ->> 'user_request_id',
                                         recent.payload ->> 'request_id'
                                     )::bigint
                                 and status = 'matched'
                          )
                          else true
                      end
           ),
           heads.last_seq
       ) as begins_after
  from event_heads heads
 where heads.college_id = :college_id
   and heads.user_id = :user_id;

-- name: list_own(college_id, user_id, after, up_to)^
-- A rider's events after a number and up to another, and where all end now.
select heads.last_seq,
       coalesce(
           jsonb_agg(
               events.payload || jsonb_build_object('type', events.type, 'seq', events.seq)
               order by events.seq
           ) filter (where events.seq is not null),
           '[]'
       ) as events
  from event_heads as heads
  left join events on events.college_id = heads.college_id
                  and events.user_id = heads.user_id
                  and events.seq > :after
                  and events.seq <= :up_to
                  and events.created_at > now() - interval '7 days'
 where heads.college_id = :college_id
   and heads.user_id = :user_id
 group by heads.last_seq;

-- name: acknowledge(session_ids, seqs)!
-- Devices say how far they have come; never back, and never beyond what there is.
with given as (
    select sessions.session_id,
           least(heads.last_seq, greatest(sessions.acknowledged_seq, said.seq)) as seq
      from unnest(:session_ids::bigint[], :seqs::bigint[]) as said (session_id, seq)
      join sessions on sessions.session_id = said.session_id
      join event_heads as heads on heads.college_id = sessions.college_id
                               and heads.user_id = sessions.user_id
     order by sessions.session_id
       for update of sessions
)
update sessions
   set acknowledged_seq = given.seq
  from given
 where sessions.session_id = given.session_id;

-- name: empty_next_day()$
-- Make place for the events of tomorrow; whether there was anything to forget.
select empty_next_day_of_events();

-- name: export_events(college_id, user_id)
-- What the rider's phone was told in the last days.
select seq,
       type,
       payload,
       created_at
  from events
 where college_id = :college_id
   and user_id = :user_id
 order by seq;

-- name: remove_events(college_id, user_id)!
-- Nothing waits for the rider's phone.
delete from events
 where college_id = :college_id
   and user_id = :user_id;
