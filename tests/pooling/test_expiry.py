"""What time does, when its timers come."""

import asyncio

import asyncpg

from tests.conftest import Server, SignUp
from tests.pooling.roads_to_campus import ask, go, pair_up, ride, sums_hold, types_heard_by
from tripsync.database import Database
from tripsync.pooling.expiry import complete_rides, expire_requests

LONG_AGO = "tstzrange(now() - interval '9 hours', now() - interval '8 hours')"


async def test_windows_that_passed_are_written_down_and_told(
    sign_up: SignUp, db: asyncpg.Connection, server: Server
) -> None:
    late, asker = await sign_up(), await sign_up()
    target = (await go(late, ride(0)))["request_id"]
    await go(asker, ride(1))
    await ask(asker, target)
    await db.execute(
        f"update pooling_requests set departure = {LONG_AGO} where user_id = $1", late.id
    )
    async with server.app.ctx.resources[Database].transaction() as transaction:
        await expire_requests(transaction)
    row = await db.fetchrow("select * from pooling_requests where request_id = $1", target)
    assert (row["status"], row["cancel_reason"]) == ("cancelled", "expired")
    assert (await types_heard_by(db, asker))[-1] == "connection_withdrawn"
    mine = (await asker.call("GET", "/api/pool/requests")).json()["items"]
    assert mine[0]["status"] == "active"


async def test_two_timers_at_once_share_the_work(
    sign_up: SignUp, db: asyncpg.Connection, server: Server
) -> None:
    late = [await sign_up() for _ in range(6)]
    for rider in late:
        await go(rider)
    ids = [rider.id for rider in late]
    await db.execute(
        f"update pooling_requests set departure = {LONG_AGO} where user_id = any($1)", ids
    )

    async def expire() -> None:
        async with server.app.ctx.resources[Database].transaction() as transaction:
            await expire_requests(transaction)

    await asyncio.gather(*(expire() for _ in range(4)))
    assert not await db.fetchval(
        "select count(*) from pooling_requests where user_id = any($1) and status = 'active'", ids
    )


async def test_a_ride_that_nobody_ended_ends_some_time_after_it_arrived(
    sign_up: SignUp, db: asyncpg.Connection, college: str, server: Server
) -> None:
    one, other = await sign_up(), await sign_up()
    await pair_up(one, other)

    async def look() -> None:
        async with server.app.ctx.resources[Database].transaction() as transaction:
            await complete_rides(transaction)

    await look()
    assert (await one.call("GET", "/api/pool/pools/current")).json()["pool"]
    await db.execute(
        f"update pooling_requests set departure = {LONG_AGO} where user_id = any($1)",
        [one.id, other.id],
    )
    await look()
    for rider in (one, other):
        assert (await rider.call("GET", "/api/pool/pools/current")).json()["pool"] is None
        assert (await types_heard_by(db, rider))[-1] == "ride_completed"
    await sums_hold(db, college)
