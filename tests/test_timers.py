"""A timer runs once in its period, whoever looks, and again when it failed."""

import asyncio

import asyncpg
import pytest

from tests.conftest import Server
from tripsync.database import Transaction
from tripsync.timers import Timer, Timers


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def timers(server: Server) -> Timers:
    return Timers(server.app.ctx.database, [])


async def test_of_ten_workers_one_has_the_turn(timers: Timers, ran: list[str]) -> None:
    async def act(_: Transaction) -> None:
        ran.append("ran")
        await asyncio.sleep(0)

    timer = Timer("ten workers", 60, act)
    turns = await asyncio.gather(*(timers.run(timer) for _ in range(10)))
    assert (turns.count(True), ran) == (1, ["ran"])


async def test_the_next_turn_comes_with_the_next_period(
    timers: Timers, ran: list[str], db: asyncpg.Connection
) -> None:
    async def act(_: Transaction) -> None:
        ran.append("ran")

    timer = Timer("next period", 60, act)
    assert [await timers.run(timer), await timers.run(timer)] == [True, False]
    await db.execute(
        "update timer_turns set taken_at = now() - interval '61 seconds' where name = $1",
        timer.name,
    )
    assert await timers.run(timer)
    assert ran == ["ran", "ran"]


async def test_who_fails_gives_the_turn_back(timers: Timers, ran: list[str]) -> None:
    async def fail(_: Transaction) -> None:
        raise ZeroDivisionError

    async def act(_: Transaction) -> None:
        ran.append("ran")

    with pytest.raises(ZeroDivisionError):
        await timers.run(Timer("gives back", 60, fail))
    assert await timers.run(Timer("gives back", 60, act))
    assert ran == ["ran"]


async def test_a_timer_goes_on_after_a_failure(server: Server) -> None:
    came = asyncio.Event()
    tries = 0

    async def act(_: Transaction) -> None:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise ZeroDivisionError
        came.set()

    timers = Timers(server.app.ctx.database, [Timer("goes on", 0.05, act)])
    timers.start()
    async with asyncio.timeout(10):
        await came.wait()
    await timers.stop()
