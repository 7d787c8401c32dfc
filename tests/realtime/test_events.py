"""Every rider's events are numbered without a gap, in the order in which they become visible."""

import asyncio
import random
from typing import Any

import asyncpg
import pytest

from tests.conftest import Server
from tests.people import Campus
from tests.waiting import until_waiting_for_locks
from tripsync.database import Database
from tripsync.realtime import events
from tripsync.realtime.events import Event


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
            [Event(one.id, "x_test", {"n": n}) for n in range(3)]
            + [Event(other.id, "x_test", {"n": 0}), Event(one.id, "x_test", {"n": 3})],
        )
    assert await seen_by(db, one.id) == [(1, "0"), (2, "1"), (3, "2"), (4, "3")]
    assert await seen_by(db, other.id) == [(1, "0")]


async def test_rolled_back_is_never_seen_and_leaves_no_gap(
    campus: Campus, database: Database, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()

    async def tell_and_fail() -> None:
        async with database.transaction() as transaction:
            await events.append(transaction, rider.id, "x_test", {"n": 1})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await tell_and_fail()
    async with database.transaction() as transaction:
        await events.append(transaction, rider.id, "x_test", {"n": 2})
    assert await seen_by(db, rider.id) == [(1, "2")]


async def test_the_one_that_commits_late_comes_later(
    campus: Campus, database: Database, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()

    async def hasty() -> None:
        async with database.transaction() as transaction:
            await events.append(transaction, rider.id, "x_test", {"n": "hasty"})

    async with database.transaction() as slow:
        await events.append(slow, rider.id, "x_test", {"n": "slow"})
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
            await events.append_many(
                transaction, [Event(each, "x_test", {"n": n}) for each in some]
            )

    await asyncio.gather(*(tell(n) for n in range(120)))
    for rider in riders:
        numbers = [seq for seq, _ in await seen_by(db, rider)]
        assert numbers == list(range(1, len(numbers) + 1))
        head = await db.fetchval("select last_seq from event_heads where user_id = $1", rider)
        assert head == len(numbers)
