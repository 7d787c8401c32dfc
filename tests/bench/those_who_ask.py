"""Seeded riders of the largest college who have what a request is about, with their sessions."""

from tests.bench.campus import COLLEGE, Campus, Riders

NUMBER = 32
SIGNED_IN = """
with signed_in as materialized (
    select user_id, college_id, email, min(session_id) as session_id
      from users
      join sessions using (college_id, user_id)
     where college_id = $1
       and ended_at is null
       and banned_at is null
     group by user_id
     -- Always the same ones, and not the oldest.
     order by hashint8(user_id)
)
"""
ANYBODY = "select * from signed_in limit $2"
WITH_REQUESTS = """
select signed_in.*
  from signed_in
 where (select count(*) from pooling_requests r where r.user_id = signed_in.user_id) >= $3
 limit $2
"""
WITH_OPEN_REQUESTS = """
select signed_in.*, request_id
  from signed_in
  join pooling_requests using (college_id, user_id)
 where status = 'active'
   and upper(departure) > now() + interval '20 minutes'
 limit $2
"""
IN_A_POOL = """
select signed_in.*
  from signed_in
  join pool_members using (college_id, user_id)
  join pools using (college_id, pool_id)
 where left_at is null
   and status in ('open', 'started')
 limit $2
"""
WITH_MESSAGES = """
select signed_in.*, conversation_id
  from signed_in
  join participants using (college_id, user_id)
  join conversations using (college_id, conversation_id)
 where last_seq >= $3
   and pool_id is null
   and heard_until is null
 limit $2
"""
WITH_EVENTS = """
select signed_in.*, last_seq - $3 as after
  from signed_in
  join event_heads using (college_id, user_id)
 where (select count(*) from events e where e.user_id = signed_in.user_id) >= $3
 limit $2
"""
PAIRS = """
select signed_in.*,
       conversation_id,
       case user_id when one_id then other_id else one_id end as fellow
  from signed_in
  join conversations c on user_id in (one_id, other_id)
 where last_seq > 0
   and not exists (select from blocks where user_id in (blocker_id, blocked_id))
"""
WAITING_WRITERS = """
select signed_in.*,
       request_id,
       case user_id when one_id then other_id else one_id end as fellow
  from signed_in
  join pooling_requests using (college_id, user_id)
  join conversations on user_id in (one_id, other_id)
 where status = 'active'
   and last_seq > 0
   and not exists (select from blocks where user_id in (blocker_id, blocked_id))
 limit 1
"""
# Few seeded riders have as many conversations as fill a page.
BEGIN_CONVERSATIONS = """
with chosen as (
    select talker.user_id as talker,
           fellow.user_id as fellow,
           nextval(pg_get_serial_sequence('messages', 'message_id')) as message_id
      from unnest($2::bigint[]) as talker (user_id)
     cross join lateral (
               select user_id
                 from users
                where college_id = $1
                  and banned_at is null
                  and user_id <> all ($2::bigint[])
                  and not exists (
                      select
                        from conversations
                       where one_id = least(users.user_id, talker.user_id)
                         and other_id = greatest(users.user_id, talker.user_id)
                  )
                limit $3
           ) as fellow
),
begun as (
    insert into conversations (college_id, one_id, other_id, last_seq, last_message_id)
    select $1, least(talker, fellow), greatest(talker, fellow), 1, message_id
      from chosen
    returning conversation_id, one_id, other_id, last_message_id
),
seated as (
    insert into participants (college_id, conversation_id, user_id)
    select $1, conversation_id, unnest(array[one_id, other_id])
      from begun
)
insert into messages (message_id, college_id, conversation_id, seq, user_id, content)
overriding system value
select last_message_id, $1, conversation_id, 1, other_id, 'By the north gate?'
  from begun
"""


async def anybody(campus: Campus) -> Riders:
    return await chosen(campus, ANYBODY, NUMBER)


async def with_requests(campus: Campus, rows: int) -> Riders:
    return await chosen(campus, WITH_REQUESTS, NUMBER, rows)


async def with_open_requests(campus: Campus) -> Riders:
    return await chosen(campus, WITH_OPEN_REQUESTS, 2 * NUMBER)


async def in_a_pool(campus: Campus) -> Riders:
    return await chosen(campus, IN_A_POOL, NUMBER)


async def with_messages(campus: Campus, rows: int) -> Riders:
    return await chosen(campus, WITH_MESSAGES, NUMBER, rows)


async def with_events(campus: Campus, rows: int) -> Riders:
    return await chosen(campus, WITH_EVENTS, NUMBER, rows)


async def with_conversations(campus: Campus, rows: int) -> Riders:
    """Some who get as many."""
    talkers = await anybody(campus)
    ids = [rider["user_id"] for rider in talkers]
    await campus.as_owner(BEGIN_CONVERSATIONS, COLLEGE, ids, rows)
    await campus.as_owner("analyze conversations, participants, messages")
    return talkers


async def in_pairs(campus: Campus) -> Riders:
    """Some who have written with a fellow, nobody twice."""
    taken: set[int] = set()
    pairs = []
    for rider in await chosen(campus, PAIRS):
        both = {rider["user_id"], rider["fellow"]}
        if not both & taken:
            taken |= both
            pairs.append(rider)
    return pairs[: 2 * NUMBER]


async def of_each_college(campus: Campus) -> Riders:
    """Of each one who waits for company and has written with a fellow."""
    colleges = await campus.as_owner("select college_id from colleges order by college_id")
    found = [
        await campus.as_owner(SIGNED_IN + WAITING_WRITERS, college["college_id"])
        for college in colleges
    ]
    return [rider for riders in found for rider in riders]


async def chosen(campus: Campus, condition: str, *values: object) -> Riders:
    riders = await campus.as_owner(SIGNED_IN + condition, COLLEGE, *values)
    if not riders:
        raise SystemExit(f"no seeded rider fits:\n{condition}")
    return riders
