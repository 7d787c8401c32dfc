"""What sockets and events cost, as ratios to the same thing done bare in the same run.

    .venv/bin/python tests/bench/sockets.py
    .venv/bin/python tests/bench/sockets.py --quick
    .venv/bin/python tests/bench/sockets.py --rounds 7 --only memory latency

TripSync's server, the bare one and the devices are processes of their own; one PostgreSQL;
everything on this machine. A round takes every figure of TripSync beside its reference, so that
whatever else the machine does hits both, and the ratio is taken within such a pair.

How to read the table:

- **ratio**: TripSync by its reference, median and range over the rounds. This is the figure that
  travels, and what the goals speak of; the others say more about the machine.
- **memory**: what the server process grows by for each idle socket; every one is a rider of its
  own. Reference: the websockets package on the same loop, without compression.
- **event**: one transaction in another process appends an event for each rider; from its
  beginning until the last device has it. Reference: the package's `broadcast` of one text, which
  nobody keeps.
- **message**: `send_personal_message` to a rider with that many devices. Same reference.
- **latency**: from a commit in another process until the device has the event, while 500 are
  appended a second. Reference: the round trip of a bare NOTIFY, as many a second.
- **appends**: transactions a second of 16 writers, an event in each. Reference: an insert into a
  like table in each.
- **resume**: until every device has all that it missed. Reference: the same rows read by one
  plain query a rider, over as many connections as a server has.
"""

import argparse
import asyncio
import os
import resource
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import count, cycle
from statistics import median
from time import monotonic

import asyncpg
import uvloop
from campus import Campus, Crowd, Riders, Running, campus
from figures import spread
from references import ANNOUNCEMENT

from tripsync.realtime import events
from tripsync.realtime.events import Addressed, Event

# Open before memory is first looked at: what is loaded once is no cost of a socket.
FIRST_SOCKETS = 50
SETTLES_WITHIN = 3.0
EVENTS_A_SECOND = 500
# So each hears five a second.
LISTENERS = 100
WRITERS = 16
RIDERS_OF_WRITER = 20
MISSED = 100
# An offer of subprotocols that names nobody.
NOBODY = ""

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


class Announcement(Event):
    """What is told here."""

    text: str


EVENT = Announcement(ANNOUNCEMENT)


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    sockets: int = 5000
    resuming: int = 1000
    seconds: float = 4.0
    rounds: int = 5


class Figure:
    """Something measured of TripSync and of its reference, round by round."""

    def __init__(self, name: str, goal: str = "") -> None:
        self.name = name
        self._goal = goal
        self._ours: list[float] = []
        self._bare: list[float] = []

    def note(self, ours: float, bare: float) -> None:
        self._ours.append(ours)
        self._bare.append(bare)

    @property
    def row(self) -> tuple[str, str, str, str, str]:
        ratios = [ours / bare for ours, bare in zip(self._ours, self._bare, strict=True)]
        form = ",.0f" if median(self._bare) > 100 else ".2f"
        return (
            self.name,
            spread(self._ours, form),
            spread(self._bare, form),
            spread(ratios, ".2f"),
            self._goal,
        )


async def measure_memory(campus: Campus, size: Size) -> list[Figure]:
    figure = Figure(f"memory of one of {size.sockets:,} sockets, KiB", "at most 1.3")
    offers = campus.offers(await campus.enrol(size.sockets))

    async def growth(server: Running, offers: Sequence[str]) -> float:
        async with server.crowd() as crowd:
            await crowd.open(offers[:FIRST_SOCKETS])
            await asyncio.sleep(SETTLES_WITHIN)
            before = server.memory
            await crowd.open(offers[FIRST_SOCKETS:])
            await asyncio.sleep(SETTLES_WITHIN)
            return (server.memory - before) / (len(offers) - FIRST_SOCKETS) / 1024

    for _ in range(size.rounds):
        async with campus.tripsync() as server:
            ours = await growth(server, offers)
        async with campus.bare() as server:
            figure.note(ours, await growth(server, [NOBODY] * size.sockets))
    return [figure]


async def measure_fan_out(campus: Campus, size: Size) -> list[Figure]:
    event = Figure(f"an event to {size.sockets:,} riders, ms")
    message = Figure(f"a message to {size.sockets:,} devices, ms")
    riders = await campus.enrol(size.sockets)
    [talker] = await campus.enrol(1)
    async with (
        campus.tripsync() as listening,
        campus.ringing(talker) as talking,
        campus.bare() as bare,
        listening.crowd() as all_riders,
        talking.crowd() as all_devices,
        bare.crowd() as bare_crowd,
    ):
        await all_riders.open(campus.offers(riders))
        await all_devices.open(campus.offers([talker]) * size.sockets)
        await bare_crowd.open([NOBODY] * size.sockets)
        for _ in range(size.rounds):
            reference = await ring(bare, bare_crowd)
            message.note(await ring(talking, all_devices), reference)
            event.note(await append_for_all(campus, riders, all_riders), reference)
    return [event, message]


async def ring(server: Running, crowd: Crowd) -> float:
    """Milliseconds from the signal until the last device has the message."""
    await crowd.listen(1)
    began = monotonic()
    os.kill(server.pid, signal.SIGUSR1)
    return 1000 * (await crowd.all_heard() - began)


async def append_for_all(campus: Campus, riders: Riders, crowd: Crowd) -> float:
    await crowd.listen(1)
    began = monotonic()
    async with campus.database.transaction() as db:
        await events.append_many(db, [happening(rider) for rider in riders])
    return 1000 * (await crowd.all_heard() - began)


async def measure_latency(campus: Campus, size: Size) -> list[Figure]:
    middle = Figure("commit to socket, p50 ms", "at most 5")
    rare = Figure("commit to socket, p99 ms")
    riders = await campus.enrol(LISTENERS)
    rounds_of_riders = int(size.seconds * EVENTS_A_SECOND) // LISTENERS
    committed: list[list[float]]

    async def append(number: int) -> None:
        async with campus.database.transaction() as db:
            db.after_commit(lambda: committed[number % LISTENERS].append(monotonic()))
            await events.append(db, *happening(riders[number % LISTENERS]))

    async with campus.tripsync() as server, server.crowd() as crowd:
        await crowd.open(campus.offers(riders))
        for _ in range(size.rounds):
            committed = [[] for _ in riders]
            await crowd.listen(rounds_of_riders)
            await at_pace(append, rounds_of_riders * LISTENERS)
            ours = [
                heard - said
                for device, moments in zip(await crowd.arrivals(), committed, strict=True)
                for heard, said in zip(device, moments, strict=True)
            ]
            bare = await round_trips(campus.settings.database_url, len(ours))
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


async def measure_appends(campus: Campus, size: Size) -> list[Figure]:
    figure = Figure(f"appends a second, {WRITERS} writers", "at least 0.7")
    database = campus.database
    riders = await campus.enrol(WRITERS * RIDERS_OF_WRITER)
    seqs = count(1)
    await campus.as_owner(LIKE_TABLE)

    async def append(rider: asyncpg.Record) -> None:
        async with database.transaction() as db:
            await events.append(db, *happening(rider))

    async def insert(rider: asyncpg.Record) -> None:
        async with database.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                PLAIN_INSERT, rider["college_id"], rider["user_id"], next(seqs), EVENT.type, EVENT
            )

    async def rate(act: Callable[[asyncpg.Record], Awaitable[None]]) -> float:
        until = monotonic() + size.seconds

        async def write(own: Riders) -> int:
            written = 0
            for rider in cycle(own):
                if monotonic() > until:
                    break
                await act(rider)
                written += 1
            return written

        shares = [riders[first::WRITERS] for first in range(WRITERS)]
        return sum(await asyncio.gather(*map(write, shares))) / size.seconds

    async with campus.tripsync():
        for _ in range(size.rounds):
            figure.note(await rate(append), await rate(insert))
    return [figure]


async def measure_resuming(campus: Campus, size: Size) -> list[Figure]:
    figure = Figure(f"resume of {size.resuming:,} devices, {MISSED} events each, ms")
    riders = await campus.enrol(size.resuming)
    for rider in riders:
        async with campus.database.transaction() as db:
            await events.append_many(db, [happening(rider)] * MISSED)
    await campus.as_owner("vacuum analyze events")

    async def read(rider: asyncpg.Record) -> None:
        rows = await campus.database.pool.fetch(PLAIN_READ, rider["user_id"])
        assert len(rows) == MISSED

    async with campus.tripsync() as server, server.crowd() as crowd:
        await crowd.open(campus.offers(riders))
        for _ in range(size.rounds):
            began = monotonic()
            # The last word is `resumed`.
            await crowd.listen(MISSED + 1, say='{"type":"resume","after":0}')
            ended = await crowd.all_heard()
            read_from = monotonic()
            await asyncio.gather(*map(read, riders))
            figure.note(1000 * (ended - began), 1000 * (monotonic() - read_from))
    return [figure]


def happening(rider: asyncpg.Record) -> Addressed:
    return rider["user_id"], EVENT


def quantile(seconds: Sequence[float], percent: int) -> float:
    """In milliseconds."""
    return 1000 * sorted(seconds)[len(seconds) * percent // 100]


MEASURES: dict[str, Callable[[Campus, Size], Awaitable[list[Figure]]]] = {
    "memory": measure_memory,
    "fan-out": measure_fan_out,
    "latency": measure_latency,
    "appends": measure_appends,
    "resume": measure_resuming,
}


def print_table(figures: Sequence[Figure]) -> None:
    head = ("", "TripSync", "reference", "ratio", "goal")
    rows = [head, *(figure.row for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    for row in rows:
        cells = (f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join(cells).rstrip())


async def measure(names: Sequence[str], size: Size) -> list[Figure]:
    figures: list[Figure] = []
    async with campus() as place:
        for name in names:
            print(f"{name} ...", file=sys.stderr, flush=True)
            figures += await MEASURES[name](place, size)
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=Size.rounds, help="how often each is taken")
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=list(MEASURES))
    parser.add_argument("--quick", action="store_true", help="whether it works: a tenth, once")
    chosen = parser.parse_args()
    size = Size(500, 100, 0.4, 1) if chosen.quick else Size(rounds=chosen.rounds)
    # Also when it is told to stop, nothing stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    # Every process holds a file for each socket; those it starts inherit this.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        print_table(runner.run(measure(chosen.only, size)))


if __name__ == "__main__":
    main()
