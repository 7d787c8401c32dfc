"""What it takes to write to somebody, beside PostgreSQL's own limit and beside the team's way."""

from tests.bench.bench import Bench
from tests.bench.campus import Campus, Riders
from tests.bench.figures import TIME, Figure
from tests.bench.pgbench import Statement
from tests.bench.servers import Running
from tests.bench.target import Ask, Target
from tests.bench.those_who_ask import in_pairs

CONTENT = "By the north gate, in five minutes?"

PAIRS = """
create unlogged table bench_pairs as
select nth, $1::bigint as college_id, conversation_id, sender, receiver
  from unnest($2::bigint[], $3::bigint[], $4::bigint[])
       with ordinality as pair (conversation_id, sender, receiver, nth)
"""
# A message between two, its place in the conversation, and the event of each.
MESSAGE = f"""
with pair as materialized (
    select *, nextval(pg_get_serial_sequence('messages', 'message_id')) as message_id
      from bench_pairs
     where nth = :nth
),
moved as (
    update conversations c
       set last_seq = last_seq + 1,
           last_message_id = pair.message_id
      from pair
     where c.conversation_id = pair.conversation_id
    returning c.last_seq
),
counted as (
    update participants p
       set own_since_read = own_since_read + 1
      from pair
     where p.college_id = pair.college_id
       and p.conversation_id = pair.conversation_id
       and p.user_id = pair.sender
),
written as (
    insert into messages (message_id, college_id, conversation_id, seq, user_id, content)
    overriding system value
    select message_id, college_id, conversation_id, last_seq, sender, '{CONTENT}'
      from pair
     cross join moved
),
heads as (
    update event_heads h
       set last_seq = last_seq + 1
      from pair
     where h.user_id = any (array[pair.sender, pair.receiver])
    returning h.college_id, h.user_id, h.last_seq
)
insert into events (college_id, user_id, seq, type, payload)
select heads.college_id, user_id, last_seq, 'chat_message',
       jsonb_build_object(
           'message_id', message_id, 'conversation_id', conversation_id, 'connection_id', null,
           'sender_id', sender, 'sender_name', 'Asha Rao', 'content', '{CONTENT}',
           'created_at', now()
       )
  from heads
 cross join pair;
"""


async def measure(bench: Bench) -> list[Figure]:
    by_pgbench = Figure("POST chat/messages", "pgbench, the same rows", goal=0.35)
    by_team = Figure("POST chat/messages", "team")
    alone = Figure("POST chat/messages, alone, p50", "pgbench, the same rows", TIME, own_goal=2.5)
    campus = bench.seeded()
    pairs = await in_pairs(campus)
    rows = await message_rows(campus, pairs)
    ours = messages(campus, pairs, bench.tripsync(), "/api/chat/messages")
    team = messages(campus, pairs, bench.reference("team"), "/chat/messages")
    for each in (ours, team, rows):
        await each.ceiling(bench)
    for number in bench.rounds("writes"):
        rates = {}
        for each in (ours, rows, team)[:: -1 if number % 2 else 1]:
            rates[id(each)] = (await each.ceiling(bench)).rate
        by_pgbench.note(rates[id(ours)], rates[id(rows)])
        by_team.note(rates[id(ours)], rates[id(team)])
        told = await ours.ceiling(bench, connections=1)
        alone.note(told.p50, (await rows.ceiling(bench, connections=1)).p50)
    return [by_pgbench, by_team, alone]


def messages(campus: Campus, pairs: Riders, server: Running, path: str) -> Target:
    """One from each pair in turn."""
    return Target(
        server,
        [
            Ask(path, campus.token(pair), {"receiver_id": pair["fellow"], "content": CONTENT})
            for pair in pairs
        ],
    )


async def message_rows(campus: Campus, pairs: Riders) -> Statement:
    """The rows of one from each pair."""
    await campus.as_owner("drop table if exists bench_pairs")
    await campus.as_owner(
        PAIRS,
        pairs[0]["college_id"],
        *([pair[name] for pair in pairs] for name in ("conversation_id", "user_id", "fellow")),
    )
    await campus.as_owner("alter table bench_pairs add primary key (nth)")
    return Statement(campus, MESSAGE, len(pairs))
