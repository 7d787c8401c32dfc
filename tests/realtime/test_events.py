"""Every rider's events are numbered without a gap, in the order in which they become visible."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest

from tests.asyncapi import Trial
from tests.conftest import Server
from tests.people import Campus
from tests.waiting import until_waiting_for_locks
from tripsync.database import Database
from tripsync.realtime import events
from tripsync.realtime.events import Event, Pushed


@pytest.fixture
def database(server: Server) -> Database:
    found: Database = server.app.ctx.resources[Database]
    return found


async def seen_by(db: asyncpg.Connection, user_id: int) -> list[tuple[int, Any]]:
    rows = await db.fetch(
        "select seq, payload::json ->> 'n' as n from events where user_id = $1 order by seq",
        user_id,
    )
    return [(row["seq"], row["n"]) for row in rows]


async def test_several_at_once_keep_their_order(
    campus: Campus, database: Database, db: asyncpg.Connection
) -> None:
    one, other = await campus.sign_up(), await campus.sign_up()
    async with database.transaction() as transaction:
        await events.append_many(
            transaction,
            [(one.id, Trial(n)) for n in range(3)] + [(other.id, Trial(0)), (one.id, Trial(3))],
        )
    assert await seen_by(db, one.id) == [(1, "0"), (2, "1"), (3, "2"), (4, "3")]
    assert await seen_by(db, other.id) == [(1, "0")]


async def test_rolled_back_is_never_seen_and_leaves_no_gap(
    campus: Campus, database: Database, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()

    async def tell_and_fail() -> None:
        async with database.transaction() as transaction:
            await events.append(transaction, rider.id, Trial(1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await tell_and_fail()
    async with database.transaction() as transaction:
        await events.append(transaction, rider.id, Trial(2))
    assert await seen_by(db, rider.id) == [(1, "2")]


async def test_the_one_that_commits_late_comes_later(
    campus: Campus, database: Database, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()

    async def hasty() -> None:
        async with database.transaction() as transaction:
            await events.append(transaction, rider.id, Trial("hasty"))

    async with database.transaction() as slow:
        await events.append(slow, rider.id, Trial("slow"))
        waiting = asyncio.create_task(hasty())
        await until_waiting_for_locks(db)
        assert await seen_by(db, rider.id) == []
    await waiting
    assert await seen_by(db, rider.id) == [(1, "slow"), (2, "hasty")]


async def test_many_writers_to_the_same_riders_neither_skip_nor_deadlock(
    campus: Campus, database: Database, db: asyncpg.Connection
) -> None:
    riders = [(await campus.sign_up()).id for _ in range(6)]

    async def tell(n: int) -> None:
        some = random.Random(n).sample(riders, 4)
        async with database.transaction() as transaction:
            await events.append_many(transaction, [(each, Trial(n)) for each in some])

    await asyncio.gather(*(tell(n) for n in range(120)))
    for rider in riders:
        numbers = [seq for seq, _ in await seen_by(db, rider)]
        assert numbers == list(range(1, len(numbers) + 1))
        head = await db.fetchval("select last_seq from event_heads where user_id = $1", rider)
        assert head == len(numbers)


def test_an_event_is_named_after_its_class_unless_it_says_otherwise() -> None:
    class SomethingHappened(Event, pushed=Pushed.BY_DAY):
        """It did."""

    class SomethingElse(Event, type="x_else", durable=False):
        """It will not be known for long."""

    assert SomethingHappened.type == "something_happened"
    assert (SomethingHappened.durable, SomethingHappened.pushed) == (True, Pushed.BY_DAY)
    assert SomethingElse.type == "x_else"
    assert (SomethingElse.durable, SomethingElse.pushed) == (False, None)


def test_a_word_that_no_event_knows_is_refused() -> None:
    with pytest.raises(TypeError, match="puhsed"):
        type(Event)("Misspelt", (Event,), {}, puhsed=Pushed.BY_DAY)


def test_what_is_not_kept_cannot_be_pushed() -> None:
    with pytest.raises(TypeError, match="kept"):
        type(Event)("Fleeting", (Event,), {}, durable=False, pushed=Pushed.AT_ONCE)
