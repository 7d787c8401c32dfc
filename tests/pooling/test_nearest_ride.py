"""Of several shared rides the nearest is meant: the one that started last, else the earliest."""

from typing import Any

import asyncpg

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import leaving, pair_up, ride
from tests.realtime.devices import on_line
from tests.safety.conftest import share
from tests.waiting import until

HERE = {"latitude": 19.1, "longitude": 72.85}


async def current(rider: Rider) -> tuple[Any, list[Any]]:
    shown = (await rider.call("GET", "/api/pool/pools/current")).json()
    pools = [each["pool_id"] for each in shown["pools"]]
    assert shown["pool"] == (shown["pools"][0] if pools else None)
    return (shown["pool"] or {}).get("pool_id"), pools


async def partners(rider: Rider) -> list[int]:
    active = (await rider.call("GET", "/api/pool/connections/active")).json()
    assert active["connection"] == active["connections"][0]
    return [each["partner"]["id"] for each in active["connections"]]


async def start(rider: Rider, pool_id: int) -> None:
    answer = await rider.call("POST", f"/api/pool/pools/{pool_id}/start")
    assert answer.status_code == 200, answer.text


async def test_the_one_that_started_comes_first_then_the_one_that_leaves_first(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, one, other = await sign_up(), await sign_up(), await sign_up()
    assert await current(rider) == (None, [])
    await pair_up(rider, one, leaving(60, 90), leaving(60, 90, 1))
    evening, _ = await current(rider)
    await pair_up(rider, other, leaving(0, 30), leaving(0, 30, 1))
    morning, pools = await current(rider)
    assert (morning != evening, pools) == (True, [morning, evening])
    assert await partners(rider) == [other.id, one.id]
    assert (await share(rider))["pool_id"] == morning
    await start(rider, evening)
    assert await current(rider) == (evening, [evening, morning])
    assert await partners(rider) == [one.id, other.id]
    assert (await share(rider))["pool_id"] == evening
    alarm = await rider.call("POST", "/api/safety/sos", json={})
    assert alarm.status_code == 201, alarm.text
    told = "select pool_id from alarms where alarm_id = $1"
    assert await db.fetchval(told, alarm.json()["id"]) == evening
    await start(rider, morning)
    assert await current(rider) == (morning, [morning, evening])


async def test_a_rider_is_seen_in_the_ride_that_started_last(
    server: Server, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    """Somebody forgot to end the ride before."""
    rider, before, now = await sign_up(), await sign_up(), await sign_up()
    await pair_up(rider, before, leaving(0, 30), leaving(0, 30, 1))
    first, _ = await current(rider)
    await start(rider, first)
    await pair_up(rider, now, ride(0), ride(1))
    second = next(each for each in (await current(rider))[1] if each != first)
    seen_in = "select pool_id from live_positions where user_id = $1"
    async with on_line(server.url, rider) as phone, on_line(server.url, now) as fellow:
        for pool_id in (first, second):
            await phone.say("position", **HERE)
            # Of what is said within a second the last is written at its end.
            assert await until(lambda: db.fetchval(seen_in, rider.id)) == pool_id
            if pool_id == first:
                await start(now, second)
                assert await db.fetchval(seen_in, rider.id) is None
        assert (await fellow.hear("position"))["user_id"] == rider.id
