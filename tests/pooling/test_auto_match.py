"""Who asks for it is given company, as if all had approved."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import (
    ask,
    go,
    heard_by,
    pair_up,
    ride,
    sums_hold,
    the_other_way,
    types_heard_by,
)
from tripsync.database import Database
from tripsync.metrics import REGISTRY
from tripsync.pooling import auto_match


def soon(offset: int = 0, **changes: Any) -> dict[str, Any]:
    """A ride that is to begin so soon that no round holds it back."""
    before = datetime.now(UTC) + timedelta(seconds=100)
    return ride(offset, auto_match=True, depart_before=before.isoformat(), **changes)


@pytest.fixture
def round_now(server: Server, db: asyncpg.Connection, college: str) -> Any:
    """One round of the college, at once."""

    async def run() -> None:
        college_id = await db.fetchval("select college_id from colleges where name = $1", college)
        async with server.app.ctx.resources[Database].transaction() as transaction:
            await auto_match.run_round(transaction, college_id)

    return run


async def company_of(rider: Rider) -> set[int]:
    pool = (await rider.call("GET", "/api/pool/pools/current")).json()["pool"]
    return {member["id"] for member in pool["members"]} if pool else set()


async def test_two_who_fit_share_a_ride_as_if_both_had_approved(
    sign_up: SignUp, db: asyncpg.Connection, college: str, round_now: Any
) -> None:
    one, other, astray = await sign_up(), await sign_up(), await sign_up()
    for rider, body in ((one, soon(0)), (other, soon(1)), (astray, the_other_way(auto_match=True))):
        await go(rider, body)
    await round_now()
    assert await company_of(one) == await company_of(other) == {one.id, other.id}
    assert await company_of(astray) == set()
    for rider, partner in ((one, other), (other, one)):
        heard = dict(await heard_by(db, rider))
        assert heard["pooling_match"]["status"] == "matched"
        pool = (await rider.call("GET", "/api/pool/pools/current")).json()["pool"]
        assert heard["pooling_match"]["pool_id"] == pool["pool_id"]
        assert heard["pooling_match"]["details"].startswith("You share a ride now.")
        assert heard["connection_approved"]["partner"]["email"] == partner.email
        active = (await rider.call("GET", "/api/pool/connections/active")).json()["connection"]
        assert active["partner"]["id"] == partner.id
    await sums_hold(db, college)


async def test_those_whom_rounds_match_are_counted(
    sign_up: SignUp, db: asyncpg.Connection, round_now: Any
) -> None:
    async def told() -> int:
        count: int = await db.fetchval("select count(*) from events where type = 'pooling_match'")
        return count

    def counted() -> float:
        return REGISTRY.get_sample_value("tripsync_matched_riders_total") or 0

    for offset in (0, 1):
        await go(await sign_up(), soon(offset))
    before = await told(), counted()
    await round_now()
    assert await told() - before[0] == counted() - before[1] >= 2


async def test_four_fill_a_cab_and_a_fifth_waits(
    sign_up: SignUp, db: asyncpg.Connection, college: str, round_now: Any
) -> None:
    riders = [await sign_up() for _ in range(5)]
    for offset, rider in enumerate(riders):
        await go(rider, soon(offset))
    await round_now()
    sizes = sorted([len(await company_of(rider)) for rider in riders])
    assert sizes in ([0, 4, 4, 4, 4], [2, 2, 3, 3, 3])
    await sums_hold(db, college)


async def test_who_did_not_ask_is_left_alone(
    sign_up: SignUp, db: asyncpg.Connection, round_now: Any
) -> None:
    one, other = await sign_up(), await sign_up()
    await go(one, soon(0))
    await go(other, {**soon(1), "auto_match": False})
    await round_now()
    assert await company_of(one) == set()


async def test_the_banned_take_no_part(
    sign_up: SignUp, db: asyncpg.Connection, round_now: Any
) -> None:
    """Also if their request is still there."""
    one, other = await sign_up(), await sign_up()
    await go(one, soon(0))
    await go(other, soon(1))
    await db.execute("update users set banned_at = now() where user_id = $1", other.id)
    await round_now()
    assert await company_of(one) == set()


async def test_blocked_riders_are_not_put_together(
    sign_up: SignUp, db: asyncpg.Connection, round_now: Any
) -> None:
    one, other = await sign_up(), await sign_up()
    await db.execute(
        "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
        one.college_id,
        other.id,
        one.id,
    )
    await go(one, soon(0))
    await go(other, soon(1))
    await round_now()
    assert await company_of(one) == set()


async def test_a_question_that_waits_is_answered_by_it(
    sign_up: SignUp, db: asyncpg.Connection, college: str, round_now: Any
) -> None:
    one, other = await sign_up(), await sign_up()
    target = (await go(one, soon(0)))["request_id"]
    await go(other, soon(1))
    connection_id = (await ask(other, target)).json()["connection_id"]
    await round_now()
    active = (await other.call("GET", "/api/pool/connections/active")).json()["connection"]
    assert active["id"] == connection_id
    assert "connection_withdrawn" not in await types_heard_by(db, one)
    await sums_hold(db, college)


async def test_who_cancels_while_the_round_decides_is_not_seated(
    sign_up: SignUp,
    db: asyncpg.Connection,
    college: str,
    round_now: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    one, other = await sign_up(), await sign_up()
    request_id = (await go(one, soon(0)))["request_id"]
    await go(other, soon(1))
    decide = auto_match.decide

    async def decide_and_lose_one(*question: Any) -> Any:
        groups = await decide(*question)
        await one.call("DELETE", f"/api/pool/requests/{request_id}")
        return groups

    monkeypatch.setattr(auto_match, "decide", decide_and_lose_one)
    await round_now()
    assert await company_of(other) == set()
    await sums_hold(db, college)


async def test_many_are_decided_in_a_process_of_their_own(
    sign_up: SignUp, round_now: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(auto_match, "WORTH_A_PROCESS", 1)
    one, other = await sign_up(), await sign_up()
    await go(one, soon(0))
    await go(other, soon(1))
    await round_now()
    assert await company_of(one) == {one.id, other.id}


async def test_who_comes_later_is_seated_in_a_pool_that_has_room(
    sign_up: SignUp, db: asyncpg.Connection, college: str, round_now: Any
) -> None:
    members, newcomer = [await sign_up(), await sign_up()], await sign_up()
    for offset, rider in enumerate(members):
        await go(rider, soon(offset))
    await round_now()
    pool = (await members[0].call("GET", "/api/pool/pools/current")).json()["pool"]
    heard_before = {rider.id: len(await heard_by(db, rider)) for rider in members}
    await go(newcomer, soon(2))
    await round_now()
    everybody = {newcomer.id, *(rider.id for rider in members)}
    grown = (await newcomer.call("GET", "/api/pool/pools/current")).json()["pool"]
    assert grown["pool_id"] == pool["pool_id"]
    assert {member["id"] for member in grown["members"]} == everybody
    assert len(grown["stops"]) == 6
    assert sum(member["fare_percent"] for member in grown["members"]) == pytest.approx(
        100, abs=0.01
    )
    heard = [kind for kind, _ in await heard_by(db, newcomer)]
    assert heard.count("connection_approved") == 2
    assert heard.count("pooling_match") == 1
    for rider in members:
        news = (await heard_by(db, rider))[heard_before[rider.id] :]
        told = dict(news)
        assert told["pool_joined"] == {
            "pool_id": pool["pool_id"],
            "user": {"id": newcomer.id, "full_name": newcomer.full_name},
        }
        assert told["connection_approved"]["partner"]["email"] == newcomer.email
        assert "pooling_match" not in told
    active = (await newcomer.call("GET", "/api/pool/connections/active")).json()["connection"]
    assert active["partner"]["id"] in everybody - {newcomer.id}
    assert active["partner"]["email"]
    await sums_hold(db, college)


async def test_what_waits_for_a_pool_that_is_full_now_is_closed(
    sign_up: SignUp, db: asyncpg.Connection, college: str, round_now: Any
) -> None:
    members, late, patient = [await sign_up(), await sign_up()], await sign_up(), await sign_up()
    for offset, rider in enumerate(members):
        await go(rider, soon(offset, seats=1))
    await round_now()
    own = (await members[0].call("GET", "/api/pool/requests")).json()["items"][0]["request_id"]
    await go(patient, {**soon(3), "auto_match": False})
    assert (await ask(patient, own)).status_code == 200
    await go(late, soon(2, seats=2))
    await round_now()
    assert await company_of(late) == {late.id, *(rider.id for rider in members)}
    assert "connection_withdrawn" in await types_heard_by(db, patient)
    await sums_hold(db, college)


async def test_a_pool_that_changed_while_the_round_decided_is_not_joined(
    sign_up: SignUp,
    db: asyncpg.Connection,
    college: str,
    round_now: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    members, newcomer = [await sign_up() for _ in range(3)], await sign_up()
    for offset, rider in enumerate(members):
        await go(rider, soon(offset))
    await round_now()
    assert len(await company_of(members[0])) == 3
    pool = (await members[0].call("GET", "/api/pool/pools/current")).json()["pool"]
    await go(newcomer, soon(1))
    decide = auto_match.decide

    async def decide_and_lose_one(*question: Any) -> Any:
        groups = await decide(*question)
        left = await members[2].call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
        assert left.status_code == 200, left.text
        return groups

    monkeypatch.setattr(auto_match, "decide", decide_and_lose_one)
    await round_now()
    assert await company_of(newcomer) == set()
    assert await company_of(members[0]) == {members[0].id, members[1].id}, "somebody has left"
    await sums_hold(db, college)
    monkeypatch.undo()
    await round_now()
    assert await company_of(newcomer) == {newcomer.id, members[0].id, members[1].id}
    await sums_hold(db, college)


async def test_a_pool_whose_members_did_not_ask_for_it_is_joined_by_nobody(
    sign_up: SignUp, round_now: Any
) -> None:
    asker, asked, newcomer = await sign_up(), await sign_up(), await sign_up()
    await pair_up(asker, asked)
    await go(newcomer, soon(2))
    await round_now()
    assert await company_of(newcomer) == set()


Part = tuple[int, int | None]


@pytest.fixture
def taking_part(server: Server, college: str, db: asyncpg.Connection) -> Any:
    """Who takes part in a round of the college, and in which pool each of them rides."""

    async def read(**changes: Any) -> set[Part]:
        rows = await server.app.ctx.resources[Database].reading.rounds.list_rides(
            college_id=await db.fetchval(
                "select college_id from colleges where name = $1", college
            ),
            **{"unverified_ride": True, "most_waiting": 100, "most_pools": 100, **changes},
        )
        return {(row["user_id"], row["pool_id"]) for row in rows}

    return read


async def test_who_waits_takes_part_those_whose_time_is_up_first(
    sign_up: SignUp, db: asyncpg.Connection, taking_part: Any
) -> None:
    early, late, gone, unsure = [await sign_up() for _ in range(4)]
    for rider in (late, gone, early, unsure):
        await go(rider, soon())
    everybody = {(rider.id, None) for rider in (early, late, gone, unsure)}
    assert everybody <= await taking_part()
    await db.execute(
        "update pooling_requests set departure = tstzrange(now() - interval '1 hour', now())"
        " where user_id = $1",
        gone.id,
    )
    assert everybody & await taking_part() == everybody - {(gone.id, None)}
    await db.execute("update users set verified_at = null where user_id = $1", unsure.id)
    for rider in (early, late):
        await db.execute("update users set verified_at = now() where user_id = $1", rider.id)
    sure = {(rider.id, None) for rider in (early, late)}
    assert everybody & await taking_part(unverified_ride=False) == sure
    await db.execute(
        "update pooling_requests set departure = tstzrange(now(), now() + interval '90 seconds')"
        " where user_id = $1",
        early.id,
    )
    assert await taking_part(most_waiting=1) == {(early.id, None)}


SPOILED = {
    "under way": "update pools set status = 'started' where pool_id = $1",
    "measured by road": "update pools set is_fallback = false where pool_id = $1",
    "full": "update pools set capacity = seats_taken where pool_id = $1",
    "with somebody who did not ask for it": """
        update pooling_requests set auto_match = false
         where request_id = (select min(request_id) from pool_members where pool_id = $1)
    """,
    "with somebody whose time is up": """
        update pooling_requests set departure = tstzrange(now() - interval '1 hour', now())
         where request_id = (select min(request_id) from pool_members where pool_id = $1)
    """,
    "with somebody banned": """
        update users set banned_at = now()
         where user_id = (select min(user_id) from pool_members where pool_id = $1)
    """,
}


@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED.keys())
async def test_a_pool_takes_part_but_not(
    sign_up: SignUp, db: asyncpg.Connection, round_now: Any, taking_part: Any, spoil: str
) -> None:
    """Nor does who has left it."""
    riders = [await sign_up() for _ in range(3)]
    for offset, rider in enumerate(riders):
        await go(rider, soon(offset))
    await round_now()
    pool_id = (await riders[0].call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    assert {(rider.id, pool_id) for rider in riders} <= await taking_part()
    left = riders.pop()
    assert (await left.call("POST", f"/api/pool/pools/{pool_id}/leave")).status_code == 200
    assert {part for part in await taking_part() if part[1] == pool_id} == {
        (rider.id, pool_id) for rider in riders
    }
    await db.execute(spoil, pool_id)
    assert {part for part in await taking_part() if part[1] == pool_id} == set()
