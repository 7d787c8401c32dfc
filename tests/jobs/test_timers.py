"""A timer runs once in its period, whoever looks, and again when it failed."""

import asyncio

import asyncpg
import pytest

from tests.conftest import Server
from tripsync.database import Database, Transaction
from tripsync.jobs.timers import Timer, Timers
from tripsync.metrics import REGISTRY


@pytest.fixture
def ran() -> list[str]:
    return []


@pytest.fixture
def timers(server: Server) -> Timers:
    return Timers(server.app.ctx.resources[Database], [])


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

    timers = Timers(server.app.ctx.resources[Database], [Timer("goes on", 0.05, act)])
    timers.start()
    async with asyncio.timeout(10):
        await came.wait()
    await timers.stop()


async def test_a_clock_that_jumps_ahead_gives_one_turn_and_not_all_that_were_missed(
    timers: Timers, ran: list[str], db: asyncpg.Connection
) -> None:
    async def act(_: Transaction) -> None:
        ran.append("ran")

    timer = Timer("jumps ahead", 60, act)
    await timers.run(timer)
    await move_turn(db, timer, "-1 day")
    turns = await asyncio.gather(*(timers.run(timer) for _ in range(4)))
    assert (turns.count(True), ran) == (1, ["ran", "ran"])


async def test_a_clock_that_is_set_back_makes_nobody_wait_for_its_old_time(
    timers: Timers, ran: list[str], db: asyncpg.Connection
) -> None:
    async def act(_: Transaction) -> None:
        ran.append("ran")

    timer = Timer("set back", 60, act)
    await timers.run(timer)
    # As seen from a clock that was set back by a day.
    await move_turn(db, timer, "1 day")
    turns = await asyncio.gather(*(timers.run(timer) for _ in range(4)))
    assert (turns.count(True), ran) == (1, ["ran", "ran"])


async def move_turn(db: asyncpg.Connection, timer: Timer, by: str) -> None:
    await db.execute(
        "update timer_turns set taken_at = taken_at + $2::text::interval where name = $1",
        timer.name,
        by,
    )


async def test_a_worker_whose_transaction_began_before_anothers_turn_takes_no_second_one(
    timers: Timers, ran: list[str], server: Server
) -> None:
    """Its clock stands a little behind the turn, as after a clock that was set back by less."""

    async def act(_: Transaction) -> None:
        ran.append("ran")

    timer = Timer("began before", 60, act)
    async with server.app.ctx.resources[Database].transaction() as slow:
        # PostgreSQL's now() is the beginning of the transaction.
        await slow.timers.take_turn(name="another", period_seconds=60.0)
        assert await timers.run(timer)
        assert not await slow.timers.take_turn(name=timer.name, period_seconds=60.0)
    assert ran == ["ran"]


async def test_turns_are_counted_and_looks_are_not(timers: Timers) -> None:
    async def act(_: Transaction) -> None:
        pass

    timer = Timer("counts turns", 60, act)
    assert [await timers.run(timer), await timers.run(timer)] == [True, False]
    labels = {"timer": timer.name}
    done = REGISTRY.get_sample_value("tripsync_timer_turns_total", {**labels, "outcome": "done"})
    took = REGISTRY.get_sample_value("tripsync_timer_seconds_count", labels)
    assert (done, took) == (1, 1)
