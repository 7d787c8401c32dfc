"""A block that ends: two that wait learn of each other, and nobody else anything."""

from typing import Any

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import go, heard_by, ride, the_other_way, types_heard_by
from tests.waiting import until
from tripsync.database import Database
from tripsync.pooling import rematching


@pytest.fixture
def rematch_after_unblock(server: Server, db: asyncpg.Connection) -> Any:
    """The timer's next run, at once; and until one that runs already is done."""

    async def run() -> None:
        async with server.app.ctx.resources[Database].transaction() as transaction:
            await rematching.rematch_after_unblock(transaction)
        await until(nothing_is_left)

    async def nothing_is_left() -> bool:
        # What a run under way has taken is there for others until it is told.
        return not await db.fetchval("select exists (select from second_looks)")

    return run


async def block(rider: Rider, other: Rider) -> None:
    assert (await rider.call("PUT", f"/api/users/{other.id}/block")).status_code == 204


async def unblock(rider: Rider, other: Rider) -> None:
    assert (await rider.call("DELETE", f"/api/users/{other.id}/block")).status_code == 204


async def matches_told_to(db: asyncpg.Connection, rider: Rider) -> list[int]:
    """The requests that a rider was told of, in order."""
    heard = await heard_by(db, rider)
    return [payload["match"]["request_id"] for kind, payload in heard if kind == "match_found"]


@pytest.mark.parametrize("first", ["the blocker", "the blocked"])
async def test_both_learn_of_each_other_when_a_block_ends(
    sign_up: SignUp, db: asyncpg.Connection, rematch_after_unblock: Any, first: str
) -> None:
    blocker, blocked = await sign_up(), await sign_up()
    await block(blocker, blocked)
    riders = (blocker, blocked) if first == "the blocker" else (blocked, blocker)
    requests = {
        rider.id: (await go(rider, ride(n)))["request_id"] for n, rider in enumerate(riders)
    }
    await rematch_after_unblock()
    assert await types_heard_by(db, blocker) == await types_heard_by(db, blocked) == []
    await unblock(blocker, blocked)
    await rematch_after_unblock()
    assert await matches_told_to(db, blocker) == [requests[blocked.id]]
    assert await matches_told_to(db, blocked) == [requests[blocker.id]]
    ((_, told),) = await heard_by(db, blocked)
    assert (told["match"]["id"], told["match"]["connection_status"]) == (blocker.id, "none")
    assert told["match"]["email"] is None
    await rematch_after_unblock()
    assert len(await types_heard_by(db, blocker)) == 1, "once is enough"


async def test_nobody_else_hears_of_it(
    sign_up: SignUp, db: asyncpg.Connection, rematch_after_unblock: Any
) -> None:
    blocker, blocked, bystander = [await sign_up() for _ in range(3)]
    await block(blocker, blocked)
    for n, rider in enumerate((blocker, blocked, bystander)):
        await go(rider, ride(n))
    before = {rider.id: await matches_told_to(db, rider) for rider in (blocker, bystander)}
    await unblock(blocker, blocked)
    await rematch_after_unblock()
    assert await matches_told_to(db, bystander) == before[bystander.id]
    assert len(await matches_told_to(db, blocker)) == len(before[blocker.id]) + 1


async def test_who_still_blocks_is_not_shown(
    sign_up: SignUp, db: asyncpg.Connection, rematch_after_unblock: Any
) -> None:
    one, other = await sign_up(), await sign_up()
    await block(one, other)
    await block(other, one)
    await go(one, ride(0))
    await go(other, ride(1))
    await unblock(one, other)
    await rematch_after_unblock()
    assert await types_heard_by(db, one) == await types_heard_by(db, other) == []
    await unblock(other, one)
    await rematch_after_unblock()
    assert len(await matches_told_to(db, one)) == len(await matches_told_to(db, other)) == 1


@pytest.mark.parametrize("reason", ["elsewhere", "gone", "blocked again", "never on the road"])
async def test_where_there_is_no_match_nothing_is_told(
    sign_up: SignUp, db: asyncpg.Connection, rematch_after_unblock: Any, reason: str
) -> None:
    blocker, blocked = await sign_up(), await sign_up()
    await block(blocker, blocked)
    if reason != "never on the road":
        body = the_other_way() if reason == "elsewhere" else ride(0)
        request_id = (await go(blocker, body))["request_id"]
    await go(blocked, ride(1))
    await unblock(blocker, blocked)
    if reason == "gone":
        await blocker.call("DELETE", f"/api/pool/requests/{request_id}")
    if reason == "blocked again":
        await block(blocker, blocked)
    await rematch_after_unblock()
    assert await types_heard_by(db, blocker) == await types_heard_by(db, blocked) == []


async def test_a_rider_is_deleted_with_the_blocks_and_what_comes_of_them(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    """Their end by the end of a rider is no reason to look again."""
    blocker, blocked = await sign_up(), await sign_up()
    await block(blocker, blocked)
    await go(blocker, ride(0))
    await go(blocked, ride(1))
    await db.execute("delete from users where user_id = $1", blocker.id)
    left = await db.fetchval(
        "select count(*) from second_looks join pooling_requests "
        "on request_id in (one_request, other_request) where user_id = $1",
        blocked.id,
    )
    assert left == 0
