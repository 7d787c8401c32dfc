"""What durable events cost: to append them, to bring them to a socket, to catch up with them.

- appends: transactions a second of 16 writers, an event in each; beside an insert into a like
  table in each.
- commit to socket: from a commit in another process until the device has the event, while 500 are
  appended a second; beside the round trip of a bare NOTIFY, as many a second.
- resume: until every device has all that it missed; beside the same rows read by one plain query a
  rider, over as many connections as a server has.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import count, cycle
from time import monotonic

import asyncpg

from tests.bench.announcements import EVENT, append_for_all
from tests.bench.bench import Bench
from tests.bench.campus import Campus, Riders
from tests.bench.devices import devices
from tests.bench.figures import TIME, Figure
from tripsync.database import Database
from tripsync.realtime import events

EVENTS_A_SECOND = 500
# So each hears five a second.
LISTENERS = 100
WRITERS = 16
RIDERS_OF_WRITER = 20
MISSED = 100

LIKE_TABLE = """
create table plain_events (like events including all);
grant insert on plain_events to tripsync_app
"""
PLAIN_INSERT = """
insert into plain_events (college_id, user_id, seq, type, payload) values ($1, $2, $3, $4, $5)
"""
PLAIN_READ = """
select seq, type, payload::text from events where user_id = $1 and seq > 0 order by seq
"""


async def measure(bench: Bench) -> list[Figure]:
    with bench.empty() as campus:
        database = await campus.database()
        try:
            return [
                *await measure_appends(bench, campus, database),
                *await measure_latency(bench, campus, database),
                *await measure_resuming(bench, campus, database),
            ]
        finally:
            await database.close()


async def measure_appends(bench: Bench, campus: Campus, database: Database) -> list[Figure]:
    figure = Figure(f"appends, {WRITERS} writers", "a plain insert", goal=0.75)
    riders = await campus.enrol(WRITERS * RIDERS_OF_WRITER)
    seqs = count(1)
    await as_owner(campus, LIKE_TABLE)

    async def append(rider: asyncpg.Record) -> None:
        async with database.transaction() as db:
            await events.append(db, rider["user_id"], EVENT)

    async def insert(rider: asyncpg.Record) -> None:
        async with database.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                PLAIN_INSERT, rider["college_id"], rider["user_id"], next(seqs), EVENT.type, EVENT
            )

    async def rate(act: Callable[[asyncpg.Record], Awaitable[None]]) -> float:
        seconds = 2 * bench.size.seconds
        until = monotonic() + seconds

        async def write(own: Riders) -> int:
            written = 0
            for rider in cycle(own):
                if monotonic() > until:
                    break
                await act(rider)
                written += 1
            return written

        shares = [riders[first::WRITERS] for first in range(WRITERS)]
        return sum(await asyncio.gather(*map(write, shares))) / seconds

    with campus.tripsync():
        for number in bench.rounds("appends"):
            if number % 2:
                figure.note(await rate(append), await rate(insert))
            else:
                plain = await rate(insert)
                figure.note(await rate(append), plain)
    return [figure]


async def as_owner(campus: Campus, statements: str) -> None:
    for statement in statements.split(";"):
        await campus.as_owner(statement)


async def measure_latency(bench: Bench, campus: Campus, database: Database) -> list[Figure]:
    middle = Figure("commit to socket, p50", "a bare NOTIFY", TIME, goal=2.5)
    rare = Figure("commit to socket, p99", "a bare NOTIFY", TIME, goal=4)
    riders = await campus.enrol(LISTENERS)
    rounds_of_riders = max(1, int(4 * bench.size.seconds * EVENTS_A_SECOND) // LISTENERS)
    committed: list[list[float]]

    async def append(number: int) -> None:
        async with database.transaction() as db:
            db.after_commit(lambda: committed[number % LISTENERS].append(monotonic()))
            await events.append(db, riders[number % LISTENERS]["user_id"], EVENT)

    with campus.tripsync() as server:
        async with devices(server) as listeners:
            await listeners.open(campus.offers(riders))
            for _ in bench.rounds("commit to socket"):
                committed = [[] for _ in riders]
                await listeners.listen(rounds_of_riders)
                await at_pace(append, rounds_of_riders * LISTENERS)
                ours = [
                    heard - said
                    for device, moments in zip(await listeners.arrivals(), committed, strict=True)
                    for heard, said in zip(device, moments, strict=True)
                ]
                bare = await round_trips(campus.url, len(ours))
                middle.note(quantile(ours, 50), quantile(bare, 50))
                rare.note(quantile(ours, 99), quantile(bare, 99))
    return [middle, rare]


async def round_trips(url: str, number: int) -> list[float]:
    """Of bare notifications, from one connection to another."""
    began: dict[str, float] = {}
    ended: list[float] = []
    heard = asyncio.Event()

    def hear(_connection: object, _pid: int, _channel: str, word: object) -> None:
        ended.append(monotonic() - began[str(word)])
        if len(ended) == number:
            heard.set()

    listener = await asyncpg.connect(url)
    await listener.add_listener("bare", hear)
    async with asyncpg.create_pool(url, min_size=4, max_size=4) as pool:

        async def notify(turn: int) -> None:
            async with pool.acquire() as connection:
                began[str(turn)] = monotonic()
                await connection.execute("select pg_notify('bare', $1)", str(turn))

        await at_pace(notify, number)
        await heard.wait()
    await listener.close()
    return ended


async def at_pace(act: Callable[[int], Awaitable[None]], number: int) -> None:
    """As many a second as there are to be events, whether or not those before are done."""
    began = monotonic()
    async with asyncio.TaskGroup() as acts:
        for turn in range(number):
            await asyncio.sleep(began + turn / EVENTS_A_SECOND - monotonic())
            acts.create_task(act(turn))  # type: ignore[arg-type]


async def measure_resuming(bench: Bench, campus: Campus, database: Database) -> list[Figure]:
    number = max(1, bench.size.sockets // 10)
    figure = Figure(f"resume of {number:,} devices, {MISSED} events each", "plain reads", TIME)
    riders = await campus.enrol(number)
    await append_for_all(database, riders, times=MISSED)
    await campus.as_owner("vacuum analyze events")

    async def read(rider: asyncpg.Record) -> None:
        rows = await database.pool.fetch(PLAIN_READ, rider["user_id"])
        assert len(rows) == MISSED

    with campus.tripsync() as server:
        async with devices(server) as listeners:
            await listeners.open(campus.offers(riders))
            for _ in bench.rounds("resume"):
                began = monotonic()
                # The last word is `resumed`.
                await listeners.listen(MISSED + 1, say='{"type":"resume","after":0}')
                ended = await listeners.all_heard()
                read_from = monotonic()
                await asyncio.gather(*map(read, riders))
                figure.note(1000 * (ended - began), 1000 * (monotonic() - read_from))
    return [figure]


def quantile(seconds: Sequence[float], percent: int) -> float:
    """In milliseconds."""
    return 1000 * sorted(seconds)[len(seconds) * percent // 100]
