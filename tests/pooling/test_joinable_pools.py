"""Shared rides that pass by and have room."""

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus
from tests.pooling.roads_to_campus import (
    CAMPUS,
    STATION,
    ask,
    go,
    leaving,
    pair_up,
    ride,
    say,
    sums_hold,
    the_other_way,
)
from tripsync.pooling import api_pools


async def test_a_pool_on_the_way_is_found_and_joined(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other)
    request_id = (await go(third, ride(2)))["request_id"]
    answer = await third.call("GET", f"/api/pool/requests/{request_id}/pools")
    [pool] = answer.json()["pools"]
    assert (pool["riders"], pool["seats_left"]) == (2, 2)
    assert pool["saving_percent"] > 0
    assert pool["detour_percent"] <= 25
    connection_id = (await ask(third, pool["ask_request_id"])).json()["connection_id"]
    asked = one if (await say(one, connection_id)).status_code == 200 else other
    if asked is other:
        assert (await say(other, connection_id)).status_code == 200
    current = (await third.call("GET", "/api/pool/pools/current")).json()["pool"]
    assert current["pool_id"] == pool["pool_id"]
    await sums_hold(db, college)


@pytest.mark.parametrize(
    "why_not", ["no seats", "the other way", "started", "blocked", "another window"]
)
async def test_a_pool_that_cannot_take_one_along_is_not_shown(
    sign_up: SignUp, db: asyncpg.Connection, why_not: str
) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    rides = (ride(0, seats=2), ride(1, seats=2)) if why_not == "no seats" else (ride(0), ride(1))
    await pair_up(one, other, *rides)
    pool_id = (await one.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    body = the_other_way() if why_not == "the other way" else ride(2)
    if why_not == "started":
        await one.call("POST", f"/api/pool/pools/{pool_id}/start")
    if why_not == "blocked":
        await db.execute(
            "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
            one.college_id,
            one.id,
            third.id,
        )
    request_id = (await go(third, body))["request_id"]
    if why_not == "another window":
        await db.execute(
            "update pooling_requests set departure = tstzrange(now() + interval '5 hours', "
            "now() + interval '6 hours') where request_id = $1",
            request_id,
        )
    answer = await third.call("GET", f"/api/pool/requests/{request_id}/pools")
    assert answer.json() == {"pools": []}


async def test_ones_own_pool_is_not_shown(sign_up: SignUp) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other, leaving(0, 30), leaving(0, 30, 1))
    # It comes by where this ride begins, some minutes after it has left.
    for rider, pools_shown in ((third, 1), (one, 0)):
        request_id = (await go(rider, leaving(31, 90, 12)))["request_id"]
        answer = await rider.call("GET", f"/api/pool/requests/{request_id}/pools")
        assert len(answer.json()["pools"]) == pools_shown


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_only_ones_own_request_is_looked_up(
    sign_up: SignUp, campus: Campus, elsewhere: bool
) -> None:
    rider = await sign_up()
    stranger = await (campus.sign_up(college_name="VJTI") if elsewhere else sign_up())
    request_id = (await go(rider))["request_id"]
    answer = await stranger.call("GET", f"/api/pool/requests/{request_id}/pools")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_request")


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"start_latitude": CAMPUS[0] - 0.3},
        {"destination_latitude": STATION[0] + 0.3},
    ],
    ids=["from the other side", "to the other side"],
)
async def test_pools_that_do_not_pass_by_take_no_place_from_one_that_does(
    sign_up: SignUp, monkeypatch: pytest.MonkeyPatch, elsewhere: dict[str, float]
) -> None:
    monkeypatch.setattr(api_pools, "MOST_CANDIDATES", 1)
    third = await sign_up()
    # Looked at in the order of their ids.
    await pair_up(await sign_up(), await sign_up(), ride(0, **elsewhere), ride(1, **elsewhere))
    one = await sign_up()
    await pair_up(one, await sign_up())
    pool_id = (await one.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    request_id = (await go(third, ride(2)))["request_id"]
    answer = await third.call("GET", f"/api/pool/requests/{request_id}/pools")
    assert [each["pool_id"] for each in answer.json()["pools"]] == [pool_id]


async def test_a_pool_is_found_by_who_goes_a_part_of_its_way(sign_up: SignUp) -> None:
    one, third = await sign_up(), await sign_up()
    await pair_up(one, await sign_up())
    # Half of the way, of which neither end is near to where the others get in and out.
    request_id = (await go(third, ride(12)))["request_id"]
    answer = await third.call("GET", f"/api/pool/requests/{request_id}/pools")
    assert len(answer.json()["pools"]) == 1
