"""What happens at the same moment ends in one winner, clean refusals, and sums that hold."""

import asyncio

import asyncpg
import httpx
import pytest

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import (
    ask,
    go,
    pair_up,
    ride,
    say,
    sums_hold,
    types_heard_by,
)
from tests.waiting import until_waiting_for_locks

# Each is a race of two hundred.
ROUNDS = 10
CROWD = 200


@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_two_hundred_approve_into_the_last_seat(
    sign_up: SignUp,
    db: asyncpg.Connection,
    college: str,
    two_processes: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    members = [await sign_up() for _ in range(2)]
    await pair_up(*members, ride(0, seats=2), ride(1))
    crowd = [await sign_up() for _ in range(CROWD)]
    pool_id = await db.fetchval(
        "select pool_id from pool_members where user_id = $1 and left_at is null", members[0].id
    )
    assert await free_seats(db, pool_id) == 1
    for each in range(ROUNDS):
        waiting = await all_are_asked(db, members[0], crowd, pool_id)
        answers = await asyncio.gather(
            *(
                two_processes[at % 2].post(
                    f"/api/pool/connections/{waiting[rider.id]}/respond",
                    json={"action": "approve"},
                    headers=rider.headers,
                )
                for at, rider in enumerate(crowd)
            )
        )
        codes = [answer.status_code for answer in answers]
        assert (codes.count(200), codes.count(409)) == (1, CROWD - 1), f"round {each}"
        assert await free_seats(db, pool_id) == 0
        await sums_hold(db, college)


async def free_seats(db: asyncpg.Connection, pool_id: int) -> int:
    free: int = await db.fetchval(
        "select capacity - seats_taken from pools where pool_id = $1", pool_id
    )
    return free


async def all_are_asked(
    db: asyncpg.Connection, member: Rider, crowd: list[Rider], pool_id: int
) -> dict[int, int]:
    """Everybody on the road anew, and asked by a member; in SQL, because the API allows five."""
    ids = [rider.id for rider in crowd]
    async with db.transaction():
        await db.execute("delete from connections where to_user = any($1)", ids)
        await db.execute(
            "delete from pool_stops where pool_id = $1 and request_id in "
            "(select request_id from pooling_requests where user_id = any($2))",
            pool_id,
            ids,
        )
        await db.execute(
            "delete from pool_members where pool_id = $1 and user_id = any($2)", pool_id, ids
        )
        await db.execute("delete from pooling_requests where user_id = any($1)", ids)
        await db.execute(
            "insert into pooling_requests (college_id, user_id, start, destination, departure, "
            "solo_meters, reach) select u.college_id, u.user_id, r.start, r.destination, "
            "tstzrange(now(), now() + interval '1 hour'), r.solo_meters, r.reach "
            "from users u, pooling_requests r where u.user_id = any($1) and r.user_id = $2",
            ids,
            member.id,
        )
        rows = await db.fetch(
            "insert into connections (college_id, from_request, to_request, from_user, to_user) "
            "select r.college_id, mine.request_id, r.request_id, mine.user_id, r.user_id "
            "from pooling_requests r, pooling_requests mine "
            "where r.user_id = any($1) and mine.user_id = $2 and mine.status = 'matched' "
            "returning to_user, connection_id",
            ids,
            member.id,
        )
    return {row["to_user"]: row["connection_id"] for row in rows}


async def test_twelve_yeses_at_once_fill_the_three_seats_that_are_free(
    sign_up: SignUp,
    db: asyncpg.Connection,
    college: str,
    two_processes: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    host, crowd = await sign_up(), [await sign_up() for _ in range(12)]
    for each in range(10):
        target = (await go(host, ride()))["request_id"]
        for rider in crowd:
            await go(rider, ride())
        asked = [(await ask(rider, target)).json()["connection_id"] for rider in crowd]
        answers = await asyncio.gather(
            *(
                two_processes[at % 2].post(
                    f"/api/pool/connections/{connection_id}/respond",
                    json={"action": "approve"},
                    headers=host.headers,
                )
                for at, connection_id in enumerate(asked)
            )
        )
        refused = [answer.json()["code"] for answer in answers if answer.status_code != 200]
        assert len(refused) == 9, f"round {each}: {refused}"
        assert set(refused) <= {"pool_full", "already_answered"}
        pool = (await host.call("GET", "/api/pool/pools/current")).json()["pool"]
        assert (pool["seats_taken"], pool["capacity"]) == (4, 4)
        await sums_hold(db, college)
        for rider in (host, *crowd):
            own = (await rider.call("GET", "/api/pool/requests")).json()["items"][0]
            if own["status"] in ("active", "matched"):
                await rider.call("DELETE", f"/api/pool/requests/{own['request_id']}")


async def waiting_pair(sign_up: SignUp) -> tuple[Rider, Rider, int, int]:
    """The one who asked, the one who is asked, the connection, and the asker's request."""
    asker, asked = await sign_up(), await sign_up()
    target = (await go(asked, ride(0)))["request_id"]
    own = (await go(asker, ride(1)))["request_id"]
    return asker, asked, (await ask(asker, target)).json()["connection_id"], own


async def test_approve_against_cancel(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    for _ in range(10):
        asker, asked, connection_id, own = await waiting_pair(sign_up)
        approved, cancelled = await asyncio.gather(
            say(asked, connection_id), asker.call("DELETE", f"/api/pool/requests/{own}")
        )
        assert cancelled.status_code == 200, cancelled.text
        assert approved.status_code in (200, 409)
        await sums_hold(db, college)


async def test_who_gets_off_at_the_moment_of_a_yes_leaves_the_ride(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    asker, asked, connection_id, own = await waiting_pair(sign_up)
    async with db.transaction():
        await db.execute("select from pooling_requests where request_id = $1 for update", own)
        approving = asyncio.create_task(say(asked, connection_id))
        await until_waiting_for_locks(db)
        cancelling = asyncio.create_task(asker.call("DELETE", f"/api/pool/requests/{own}"))
        await until_waiting_for_locks(db, 2)
    approved, cancelled = await approving, await cancelling
    assert (approved.status_code, cancelled.status_code) == (200, 200), cancelled.text
    assert (await types_heard_by(db, asked))[-1] == "ride_cancelled"
    await sums_hold(db, college)


async def test_two_who_leave_each_other_at_once_are_both_off_the_road(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    riders = [await sign_up(), await sign_up()]
    await pair_up(*riders)
    own = [
        (await rider.call("GET", "/api/pool/requests")).json()["items"][0]["request_id"]
        for rider in riders
    ]
    async with db.transaction():
        await db.execute(
            "select from pools join pool_members using (pool_id) where request_id = $1 "
            "for update of pools",
            own[0],
        )
        leaving = [
            asyncio.create_task(rider.call("DELETE", f"/api/pool/requests/{request_id}"))
            for rider, request_id in zip(riders, own, strict=True)
        ]
        await until_waiting_for_locks(db, 2)
    assert [answer.status_code for answer in await asyncio.gather(*leaving)] == [200, 200]
    for rider in riders:
        request = (await rider.call("GET", "/api/pool/requests")).json()["items"][0]
        assert (request["status"], request["cancel_reason"]) == ("cancelled", "rider")
    await sums_hold(db, college)


async def test_approve_against_withdraw(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    for _ in range(10):
        asker, asked, connection_id, _ = await waiting_pair(sign_up)
        approved, withdrawn = await asyncio.gather(
            say(asked, connection_id),
            asker.call("POST", f"/api/pool/connections/{connection_id}/withdraw"),
        )
        assert sorted((approved.status_code, withdrawn.status_code)) == [200, 409]
        await sums_hold(db, college)


async def test_approve_against_expire(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    _, asked, connection_id, own = await waiting_pair(sign_up)
    async with db.transaction():
        await db.execute(
            "update pooling_requests set departure = tstzrange(now() - interval '1 hour', "
            "now() - interval '1 second') where request_id = $1",
            own,
        )
        answering = asyncio.create_task(say(asked, connection_id))
        await until_waiting_for_locks(db)
    answer = await answering
    assert (answer.status_code, answer.json()["code"]) == (409, "no_longer_open")
    await sums_hold(db, college)


async def test_one_rider_approves_two_into_different_pools(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    """Asked by a rider who is alone, and asking another: only one of the two becomes a ride."""
    for _ in range(5):
        first, middle, last = await sign_up(), await sign_up(), await sign_up()
        middle_request = (await go(middle, ride(1, seats=2)))["request_id"]
        last_request = (await go(last, ride(2, seats=2)))["request_id"]
        await go(first, ride(0, seats=2))
        to_middle = (await ask(first, middle_request)).json()["connection_id"]
        to_last = (await ask(middle, last_request)).json()["connection_id"]
        answers = await asyncio.gather(say(middle, to_middle), say(last, to_last))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        await sums_hold(db, college)


async def test_complete_against_leave(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    for _ in range(10):
        one, other = await sign_up(), await sign_up()
        await pair_up(one, other)
        pool_id = (await one.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
        completed, left = await asyncio.gather(
            one.call("POST", f"/api/pool/pools/{pool_id}/complete"),
            other.call("POST", f"/api/pool/pools/{pool_id}/leave"),
        )
        codes = (completed.status_code, left.status_code)
        assert codes in ((200, 409), (409, 200)), codes
        await sums_hold(db, college)


async def block(rider: Rider, other: Rider) -> httpx.Response:
    return await rider.call("PUT", f"/api/users/{other.id}/block")


async def test_block_against_approve(sign_up: SignUp, db: asyncpg.Connection, college: str) -> None:
    for _ in range(10):
        asker, asked, connection_id, _ = await waiting_pair(sign_up)
        blocked, approved = await asyncio.gather(block(asker, asked), say(asked, connection_id))
        assert blocked.status_code == 204
        assert approved.status_code in (200, 404)
        if approved.status_code == 200:
            active = (await asker.call("GET", "/api/pool/connections/active")).json()
            partner = active["connection"]["partner"]
            assert (partner["email"], partner["phone_number"]) == (None, None)
        await sums_hold(db, college)


async def test_after_a_block_neither_answers_the_other(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    for blocker_asks in (True, False):
        asker, asked, connection_id, _ = await waiting_pair(sign_up)
        await (block(asker, asked) if blocker_asks else block(asked, asker))
        for action in ("approve", "reject"):
            answer = await say(asked, connection_id, action)
            assert (answer.status_code, answer.json()["code"]) == (404, "no_such_connection")


async def test_nobody_joins_a_pool_with_somebody_blocked_in_it(sign_up: SignUp) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other)
    target = (await other.call("GET", "/api/pool/connections/active")).json()["connection"]
    await block(one, third)
    await go(third, ride(2))
    connection_id = (await ask(third, target["user_request_id"])).json()["connection_id"]
    answer = await say(other, connection_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "no_fit")
