"""What transactions want said is said after them, together, and never holds them up."""

import asyncio

import asyncpg
import pytest

from tests.conftest import Server
from tests.waiting import until
from tripsync.database import Database
from tripsync.database.availability import Availability
from tripsync.database.publisher import LONGEST, Publisher, lines


class Said:
    """What reached PostgreSQL, notification by notification."""

    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.held = asyncio.Event()
        self.held.set()

    async def __call__(self, channel: str, words: str) -> None:
        await self.held.wait()
        self.lines.append((channel, words))


async def test_what_is_said_while_it_speaks_is_said_together_afterwards(
    availability: Availability,
) -> None:
    said = Said()
    said.held.clear()
    publisher = Publisher(said, availability)
    publisher.publish("events", ["1:1"])
    await asyncio.sleep(0)
    for n in range(2, 5):
        publisher.publish("events", [f"1:{n}"])
    said.held.set()
    await publisher.stop()
    assert said.lines == [("events", "1:1"), ("events", "1:2,1:3,1:4")]


async def test_channels_are_kept_apart(availability: Availability) -> None:
    said = Said()
    publisher = Publisher(said, availability)
    publisher.publish("events", ["1:1"])
    publisher.publish("positions", ["7"])
    await publisher.stop()
    assert sorted(said.lines) == [("events", "1:1"), ("positions", "7")]


async def test_this_process_hears_at_once(availability: Availability) -> None:
    heard: list[tuple[str, str]] = []
    publisher = Publisher(Said(), availability)
    publisher.deliver_locally(lambda channel, words: heard.append((channel, words)))
    publisher.publish("events", ["1:1", "2:5"])
    assert heard == [("events", "1:1,2:5")]
    await publisher.stop()


async def test_a_failure_is_survived(
    availability: Availability, caplog: pytest.LogCaptureFixture
) -> None:
    said = Said()
    failures = [ConnectionRefusedError()]

    async def fail_first(channel: str, words: str) -> None:
        if failures:
            raise failures.pop()
        await said(channel, words)

    publisher = Publisher(fail_first, availability)
    publisher.publish("events", ["1:1"])
    await publisher.stop()
    assert "ConnectionRefusedError" in caplog.text
    publisher.publish("events", ["1:2"])
    await publisher.stop()
    assert said.lines == [("events", "1:2")]


def test_no_notification_is_longer_than_postgresql_takes() -> None:
    words = [f"{n}:{n}" for n in range(5000)]
    said = list(lines(words))
    assert ",".join(said) == ",".join(words)
    assert len(said) > 1
    assert all(len(line) <= LONGEST for line in said)


async def test_postgresql_takes_the_longest_line(server: Server, db: asyncpg.Connection) -> None:
    database: Database = server.app.ctx.resources[Database]
    heard: list[str] = []
    await db.add_listener("long_lines", lambda *said: heard.append(said[-1]))
    longest = next(lines(["x" * 99] * 1000))
    await database.reading.channels.notify(channel="long_lines", payload=longest)
    await until(lambda: heard)
    assert heard == [longest]
    assert len(longest) > LONGEST - 100


async def test_a_rolled_back_transaction_says_nothing(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    database: Database = server.app.ctx.resources[Database]
    said: list[str] = []
    monkeypatch.setattr(database.publisher, "publish", lambda channel, words: said.append(channel))

    async def speak(*, fail: bool) -> None:
        async with database.transaction() as db:
            db.publish("test_rollback", ["1"])
            assert said == []
            if fail:
                raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await speak(fail=True)
    assert said == []
    await speak(fail=False)
    assert said == ["test_rollback"]
