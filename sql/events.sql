-- Events: what riders' phones must learn, numbered for each rider without a gap.

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
moved as (
    update event_heads
       set last_seq = heads.last_seq + (select count(*) from wanted where wanted.user_id = heads.user_id)
      from heads
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
