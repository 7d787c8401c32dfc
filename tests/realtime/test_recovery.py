"""Whatever breaks in the middle of a stream, every device gets every event, once and in order."""

import asyncio
import itertools
import os
import random
import shutil
import signal
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
import psutil
import pytest
from websockets.exceptions import WebSocketException

from tests.asyncapi import Trial
from tests.conftest import SECRET, Server, SignUp
from tests.databases import fresh_database
from tests.people import Rider
from tests.processes import Process, tripsync
from tests.realtime.conftest import Tell, TimePasses
from tests.realtime.crowds import crowd
from tests.realtime.devices import on_line
from tests.waiting import PATIENCE, until, until_listening, until_waiting_for_locks
from tripsync.database import Database
from tripsync.database.availability import AWAY
from tripsync.database.embedded import embedded_server, start
from tripsync.database.migrations import migrate
from tripsync.realtime import delivery
from tripsync.realtime.events import Addressed, append, append_many
from tripsync.realtime.gateway import Gateway
from tripsync.settings import Settings

RIDERS = 50
DEVICES_EACH = 2
EVENTS_EACH = 200
WRITERS = 4
TOLD_AT_ONCE = 20


@dataclass
class Postgres:
    """A PostgreSQL that nobody else uses, with our schema."""

    url: str
    # Breaks every connection.
    break_down: Callable[[], Awaitable[None]]


@pytest.fixture(scope="module")
def fragile() -> Iterator[Postgres]:
    """One that a test may break."""
    if foreign := os.environ.get("TEST_DATABASE_URL"):
        # It is not ours to restart. What a restart does to everybody can be done without one.
        with fresh_database(foreign) as url:
            migrate(url)
            yield Postgres(url, lambda: cut_all(url))
        return
    # Not pytest's own folder: as root, the database's user could not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="tripsync-fragile-"))
    folder.chmod(0o755)
    with embedded_server(folder) as url:
        migrate(url)
        yield Postgres(url, lambda: crash_and_restart(folder))
    shutil.rmtree(folder)


async def cut_all(url: str) -> None:
    assert await cut(url, "true")


async def cut(url: str, which: str) -> int:
    """Ends these connections of a database, and says how many there were."""
    connection = await asyncpg.connect(url)
    ended = await connection.fetch(
        "select pg_terminate_backend(pid) from pg_stat_activity "
        f"where datname = current_database() and pid <> pg_backend_pid() and {which}"
    )
    await connection.close()
    return len(ended)


async def crash_and_restart(folder: Path) -> None:
    """As after a power cut, but for the files: what was committed comes back from the log."""
    note = folder / "postgres" / "postmaster.pid"
    server = psutil.Process(int(note.read_text().split()[0]))
    server.send_signal(signal.SIGQUIT)
    await until(lambda: not server.is_running() and not note.exists())
    await asyncio.to_thread(start, folder)


@pytest.fixture
async def fleet(fragile: Postgres, data_dir: Path) -> AsyncIterator[Process]:
    """Two workers on it."""
    with tripsync(
        "serve",
        "--workers",
        "2",
        data_dir=data_dir,
        DATABASE_URL=fragile.url,
        DATABASE_POOL_MIN="1",
        DATABASE_POOL_MAX="5",
        SECRET_KEY=SECRET,
    ) as server:
        yield server


@pytest.fixture
async def writer(fragile: Postgres, settings: Settings) -> AsyncIterator[Database]:
    """Who makes events happen: another process than those with the sockets."""
    database = await Database.open(
        msgspec.structs.replace(
            settings, database_url=fragile.url, database_pool_min=1, database_pool_max=WRITERS
        )
    )
    yield database
    await database.close()


@dataclass
class Follower:
    """A device that comes back whenever its line breaks, and says how far it has come."""

    url: str
    rider: Rider
    lines: int = 0
    heard: list[tuple[int, int]] = field(default_factory=list)

    @property
    def last(self) -> int:
        return self.heard[-1][0] if self.heard else 0

    async def follow(self) -> None:
        while True:
            try:
                path = f"/api/ws/pool?after={self.last}"
                async with on_line(self.url, self.rider, path=path) as device:
                    self.lines += 1
                    while True:
                        self._take(await device.socket.recv())
            except (OSError, WebSocketException, TimeoutError):
                # As clients do: not at once.
                await asyncio.sleep(0.05)

    def _take(self, raw: str | bytes) -> None:
        message = msgspec.json.decode(raw)
        # Nothing is so old that it is not kept any more.
        assert message["type"] != "reload_required", (message, self.last)
        if message["type"] == "x_test":
            self.heard.append((message["seq"], message["n"]))


@asynccontextmanager
async def following(url: str, riders: Sequence[Rider]) -> AsyncIterator[list[Follower]]:
    """Every rider with some devices, while the block lasts."""
    followers = [Follower(url, rider) for rider in riders for _ in range(DEVICES_EACH)]
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(each.follow()) for each in followers]
        await until(lambda: all(each.lines for each in followers))
        yield followers
        for task in tasks:
            task.cancel()


async def tell_everybody(
    database: Database, riders: Sequence[Rider], strike: Callable[[], Awaitable[object]]
) -> None:
    """Several write at once, each to riders whom the others write to as well; in the middle it
    strikes."""
    names = [rider.id for rider in riders for _ in range(EVENTS_EACH)]
    random.Random(5).shuffle(names)
    letters = [names[at : at + TOLD_AT_ONCE] for at in range(0, len(names), TOLD_AT_ONCE)]
    numbers = itertools.count()
    middle = len(letters) // 2

    async def write() -> None:
        while letters:
            letter = letters.pop()
            if len(letters) == middle:
                await strike()
            await tell_in_the_end(database, [(each, Trial(next(numbers))) for each in letter])

    await asyncio.gather(*(write() for _ in range(WRITERS)))


async def tell_in_the_end(database: Database, events: Sequence[Addressed]) -> None:
    """As often as it takes. If only the answer to a commit is lost, riders are told twice."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                async with database.transaction() as db:
                    await append_many(db, events)
                return
            except AWAY:
                await asyncio.sleep(0.05)


async def written(database: Database, rider: Rider) -> list[tuple[int, int]]:
    """What became of it."""
    rows = await database.pool.fetch(
        "select seq, payload from events where user_id = $1 order by seq", rider.id
    )
    return [(row["seq"], row["payload"]["n"]) for row in rows]


def busiest(server: Process) -> psutil.Process:
    """The worker with most of the sockets."""
    workers = [psutil.Process(pid) for pid in server.workers]
    return max(workers, key=lambda worker: len(worker.net_connections(kind="tcp")))


@pytest.mark.parametrize(
    "mishap", ["a killed worker", "a lost database", "a cut LISTEN connection"]
)
async def test_every_device_ends_with_every_event_once_and_in_order(
    mishap: str, fragile: Postgres, fleet: Process, writer: Database, data_dir: Path
) -> None:
    async def strike() -> None:
        if mishap == "a killed worker":
            busiest(fleet).kill()
        elif mishap == "a lost database":
            await fragile.break_down()
        else:
            assert await cut(fragile.url, "application_name = 'tripsync listener'") == 2

    address = await fleet.address()
    await until_listening(fragile.url, 2)
    riders = await crowd(address, RIDERS, data_dir)

    async with following(address, riders) as followers:
        await tell_everybody(writer, riders, strike)
        history = {rider.id: await written(writer, rider) for rider in riders}
        await until(lambda: all(each.last == history[each.rider.id][-1][0] for each in followers))

    for each in followers:
        events = history[each.rider.id]
        assert len(events) >= EVENTS_EACH
        assert [seq for seq, _ in each.heard] == list(range(1, len(events) + 1))
        assert each.heard == events
    came_back = sum(each.lines for each in followers) - len(followers)
    assert came_back > 0 if mishap == "a killed worker" else came_back == 0


async def test_a_writer_that_commits_late_makes_no_device_skip(
    server: Server, sign_up: SignUp, tell: Tell, database: Database, db: asyncpg.Connection
) -> None:
    """Whoever numbers first commits last; meanwhile one device looks, and another one comes."""
    rider, neighbour = await sign_up(), await sign_up()

    async def hasty() -> None:
        async with database.transaction() as quick:
            await append(quick, rider.id, Trial("hasty"))

    async with AsyncExitStack() as lines:
        before = await lines.enter_async_context(on_line(server.url, rider))
        beside = await lines.enter_async_context(on_line(server.url, neighbour))
        await before.hear("ready")
        await beside.hear("ready")
        async with database.transaction() as slow:
            await append(slow, rider.id, Trial("slow"))
            waiting = asyncio.create_task(hasty())
            await until_waiting_for_locks(db)
            server.app.ctx.resources[Gateway].delivery.look_at_all()
            # Read together with the rider's, who has none that stand.
            await tell(neighbour)
            await beside.hear_events(1)
            between = await lines.enter_async_context(
                on_line(server.url, rider, path="/api/ws/pool?after=0")
            )
            await between.hear("resumed")
            assert before.numbers == between.numbers == []
        await waiting
        for device in (before, between):
            events = await device.hear_events(2)
            assert [(each["seq"], each["n"]) for each in events] == [(1, "slow"), (2, "hasty")]


Fetch = Callable[..., Awaitable[list[Any]]]


@pytest.fixture
def on_reading(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> Callable[[Callable[[Fetch], Fetch]], None]:
    """What happens to the readings of new events: `on_reading(delayed)`."""
    lender = database._lender
    events = database.queries["events"]
    news = {events["list_news"].sql, events["list_news_of"].sql}

    def wrap(what_happens: Callable[[Fetch], Fetch]) -> None:
        fetch = lender.fetch
        fetch_news = what_happens(fetch)

        async def fetch_either(sql: str, *values: object) -> list[Any]:
            return await (fetch_news if sql in news else fetch)(sql, *values)

        monkeypatch.setattr(lender, "fetch", fetch_either)

    return wrap


@pytest.mark.parametrize("slower", [0, 1])
async def test_the_slower_of_two_devices_is_found_without_a_word(
    server: Server, sign_up: SignUp, tell: Tell, slower: int
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as phone, on_line(server.url, rider) as laptop:
        devices = (phone, laptop)
        for device in devices:
            await device.hear("ready")
        await tell(rider)
        for device in devices:
            await device.hear("x_test")
        gateway = server.app.ctx.resources[Gateway]
        # As if its connection had been full, and the word that came when it was not had been lost.
        behind = list(gateway.connections.devices_of(rider.id))[slower]
        behind.cursor -= 1
        gateway.delivery.look_at_all()
        assert (await devices[slower].hear("x_test"))["seq"] == 1


async def test_a_device_that_resumes_during_a_reading_is_not_told_that_all_is_lost(
    server: Server, sign_up: SignUp, tell: Tell, time_passes: TimePasses, on_reading: Any
) -> None:
    """The reading began before the event that it resumes up to."""
    rider = await sign_up()
    await tell(rider, n="old")
    await time_passes(rider)
    has_read, goes_on = asyncio.Event(), asyncio.Event()

    def delayed(fetch: Fetch) -> Fetch:
        async def fetch_and_wait(sql: str, *values: object) -> list[Any]:
            rows = await fetch(sql, *values)
            has_read.set()
            await goes_on.wait()
            return rows

        return fetch_and_wait

    async with on_line(server.url, rider) as phone:
        assert await phone.hear("ready")
        async with on_line(server.url, rider) as laptop:
            assert await laptop.hear("ready")
            on_reading(delayed)
            server.app.ctx.resources[Gateway].delivery.look_after(rider.id)
            async with asyncio.timeout(PATIENCE):
                await has_read.wait()
            await tell(rider, n="new")
            await laptop.say("resume", after=1)
            await laptop.say("ping")
            await laptop.hear("pong")
            goes_on.set()
            assert (await laptop.hear())["type"] == "x_test"
            assert await laptop.hear() == {"type": "resumed", "seq": 2}


async def test_a_device_hears_that_it_has_all_even_if_the_last_reading_fails_at_first(
    server: Server, sign_up: SignUp, tell: Tell, time_passes: TimePasses, on_reading: Any
) -> None:
    rider = await sign_up()
    # One reading brings all of them, and only the next one shows that they were all.
    await tell(rider, delivery.EVENTS_AT_ONCE)
    await time_passes(rider)
    failures = [None, ConnectionRefusedError()]

    def failing_the_second_time(fetch: Fetch) -> Fetch:
        async def fetch_or_fail(sql: str, *values: object) -> list[Any]:
            if failures and (failure := failures.pop(0)):
                raise failure
            return await fetch(sql, *values)

        return fetch_or_fail

    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        on_reading(failing_the_second_time)
        await device.say("resume", after=0)
        assert (await device.hear("resumed"))["seq"] == delivery.EVENTS_AT_ONCE
        assert failures == []
