"""The LISTEN connection: it wakes whoever asked, and comes back when it is lost."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from tests.waiting import PATIENCE, until
from tripsync.database import listener
from tripsync.database.availability import Availability
from tripsync.database.listener import Listener


@pytest.fixture
async def speaker(empty_database: str) -> AsyncIterator[asyncpg.Connection]:
    """Says things on a database where nobody else listens."""
    connection = await asyncpg.connect(empty_database)
    yield connection
    await connection.close()


@pytest.fixture
async def listening(
    empty_database: str, availability: Availability, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Listener]:
    monkeypatch.setattr(listener, "PROBE_EVERY", 1.0)
    monkeypatch.setattr(listener, "RETRY_AFTER", 0.05)
    ears = Listener(empty_database, availability)
    yield ears
    await ears.stop()


async def woken(event: asyncio.Event) -> None:
    async with asyncio.timeout(PATIENCE):
        await event.wait()
    event.clear()


async def listeners(speaker: asyncpg.Connection) -> list[int]:
    rows = await speaker.fetch(
        "select pid from pg_stat_activity"
        " where datname = current_database() and application_name = 'tripsync listener'"
    )
    return [row["pid"] for row in rows]


async def no_listener(speaker: asyncpg.Connection) -> bool:
    return not await listeners(speaker)


async def break_connection(speaker: asyncpg.Connection) -> None:
    [pid] = await listeners(speaker)
    assert await speaker.fetchval("select pg_terminate_backend($1)", pid)


async def test_a_notification_wakes_all_who_asked_for_its_channel(
    listening: Listener, speaker: asyncpg.Connection
) -> None:
    one, other = asyncio.Event(), asyncio.Event()
    listening.subscribe("rides", lambda _: one.set())
    listening.subscribe("rides", lambda _: other.set())
    listening.start()
    await woken(one)
    await woken(other)
    await speaker.execute("notify rides")
    await woken(one)
    await woken(other)


async def test_who_does_not_listen_yet_is_not_counted(
    listening: Listener, speaker: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever counts waits for an answer from each of them, to what they would not hear."""
    begun, go_on, heard = asyncio.Event(), asyncio.Event(), asyncio.Event()
    add_listener = asyncpg.Connection.add_listener

    async def wait_and_add(connection: asyncpg.Connection, *what: Any) -> None:
        begun.set()
        await go_on.wait()
        await add_listener(connection, *what)

    monkeypatch.setattr(asyncpg.Connection, "add_listener", wait_and_add)
    listening.subscribe("rides", lambda _: heard.set())
    listening.start()
    await woken(begun)
    assert await listener.count_listeners(speaker) == 0
    go_on.set()
    await woken(heard)
    assert await listener.count_listeners(speaker) == 1


async def test_a_notification_wakes_nobody_else(
    listening: Listener, speaker: asyncpg.Connection
) -> None:
    rides, chats = asyncio.Event(), asyncio.Event()
    listening.subscribe("rides", lambda _: rides.set())
    listening.subscribe("chats", lambda _: chats.set())
    listening.start()
    await woken(rides)
    await woken(chats)
    await speaker.execute("notify rides")
    await woken(rides)
    assert not chats.is_set()


async def test_everybody_is_woken_when_a_lost_connection_is_back_and_hears_again(
    listening: Listener, speaker: asyncpg.Connection
) -> None:
    rides, chats = asyncio.Event(), asyncio.Event()
    listening.subscribe("rides", lambda _: rides.set())
    listening.subscribe("chats", lambda _: chats.set())
    listening.start()
    await woken(rides)
    await woken(chats)
    await break_connection(speaker)
    await woken(rides)
    await woken(chats)
    await speaker.execute("notify rides")
    await woken(rides)


@pytest.mark.parametrize(
    "failure",
    [
        ConnectionRefusedError(),
        TimeoutError(),
        asyncpg.CannotConnectNowError("the database system is starting up"),
        # What asyncpg says when the server goes away in the middle of a statement.
        asyncpg.InternalClientError("cannot switch to state 15; another operation is in progress"),
    ],
    ids=lambda failure: type(failure).__name__,
)
async def test_a_connection_that_fails_is_tried_again_whatever_the_failure(
    listening: Listener,
    speaker: asyncpg.Connection,
    monkeypatch: pytest.MonkeyPatch,
    failure: Exception,
) -> None:
    connect, failures = asyncpg.connect, [failure]

    async def fail_first(*where: object, **how: object) -> asyncpg.Connection:
        if failures:
            raise failures.pop()
        return await connect(*where, **how)

    monkeypatch.setattr(asyncpg, "connect", fail_first)
    rides = asyncio.Event()
    listening.subscribe("rides", lambda _: rides.set())
    listening.start()
    await woken(rides)
    await speaker.execute("notify rides")
    await woken(rides)


async def test_a_stopped_listener_leaves_no_connection(
    listening: Listener, speaker: asyncpg.Connection
) -> None:
    started = asyncio.Event()
    listening.subscribe("rides", lambda _: started.set())
    listening.start()
    await woken(started)
    await listening.stop()
    await until(lambda: no_listener(speaker))
