"""Who asks to ride with a request that its rider has replaced means the newer one."""

from typing import Any

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import (
    ask,
    go,
    heard_by,
    leaving,
    plan,
    ride,
    say,
    sums_hold,
    the_other_way,
    window,
)


async def refused(rider: Rider, target: int) -> bool:
    answer = await ask(rider, target)
    return (answer.status_code, answer.json().get("code")) == (404, "no_such_request")


@pytest.mark.parametrize("times", [1, 3])
async def test_the_newer_one_is_asked_and_its_rider_told(
    sign_up: SignUp, db: asyncpg.Connection, college: str, times: int
) -> None:
    asker, asked = await sign_up(), await sign_up()
    old, *_, newest = await plan(asked, *(ride(number) for number in range(times + 1)))
    [own] = await plan(asker, ride(1))
    sent = await ask(asker, old)
    assert (sent.status_code, sent.json()["status"]) == (200, "pending")
    connection_id = sent.json()["connection_id"]
    received = dict(await heard_by(db, asked))["connection_request_received"]
    assert received == {
        "connection_id": connection_id,
        "user_request_id": newest,
        "from_user": {"id": asker.id, "full_name": asker.full_name, "request_id": own},
    }
    told = dict(await heard_by(db, asker))["connection_request_sent"]
    assert told["to_user"]["request_id"] == newest
    assert (await say(asked, connection_id)).status_code == 200
    mine = (await asked.call("GET", "/api/pool/requests")).json()["items"]
    assert (mine[0]["request_id"], mine[0]["status"]) == (newest, "matched")
    shown = [each["replaced_by"] for each in mine]
    assert shown == [None, *(each["request_id"] for each in mine[:-1])]
    await sums_hold(db, college)


@pytest.mark.parametrize(
    "newer",
    [
        the_other_way(**window(0, 30)),
        leaving(25, 55),
        leaving(0, 30, seats=3, role="driver", seats_offered=1),
    ],
    ids=["the other way", "another time", "no seats"],
)
async def test_a_newer_one_that_does_not_fit_is_not_asked(
    sign_up: SignUp, db: asyncpg.Connection, newer: dict[str, Any]
) -> None:
    asker, asked = await sign_up(), await sign_up()
    old, newest = await plan(asked, leaving(0, 30), newer)
    await go(asker, leaving(0, 20, 1, seats=2))
    assert await refused(asker, old)
    # Named as such it may be asked, as any other.
    assert (await ask(asker, newest)).status_code == 200


async def test_of_ones_own_rides_the_one_that_fits_the_newer_one_asks(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asker, asked = await sign_up(), await sign_up()
    old, _ = await plan(asked, leaving(0, 30), leaving(25, 55))
    early, late = await plan(asker, leaving(0, 20, 1), leaving(30, 50, 1))
    assert (await ask(asker, old, request_id=early)).status_code == 404
    assert (await ask(asker, old)).status_code == 200
    told = dict(await heard_by(db, asker))["connection_request_sent"]
    assert told["user_request_id"] == late


async def test_the_newer_one_is_gone_as_any_other(
    sign_up: SignUp, campus: Campus, db: asyncpg.Connection
) -> None:
    asker, blocker, cancels = [await sign_up() for _ in range(3)]
    foreigner = await campus.sign_up(college_name="VJTI")
    await go(asker, ride(1))
    blocked, _ = await plan(blocker, ride(0), ride(0))
    await blocker.call("PUT", f"/api/users/{asker.id}/block")
    cancelled, newer = await plan(cancels, ride(0), ride(0))
    await cancels.call("DELETE", f"/api/pool/requests/{newer}")
    elsewhere, _ = await plan(foreigner, ride(0), ride(0))
    for target in (blocked, cancelled, elsewhere):
        assert await refused(asker, target)


async def test_what_its_rider_cancelled_was_replaced_by_nothing(sign_up: SignUp) -> None:
    asker, asked = await sign_up(), await sign_up()
    await go(asker, ride(1))
    [old] = await plan(asked, ride(0))
    await asked.call("DELETE", f"/api/pool/requests/{old}")
    await go(asked, ride(0))
    assert await refused(asker, old)


async def test_one_new_ride_may_replace_several(sign_up: SignUp, db: asyncpg.Connection) -> None:
    asker, asked = await sign_up(), await sign_up()
    first, second, other = await plan(asked, leaving(0, 10), leaving(20, 30), leaving(60, 70))
    [newer] = await plan(asked, leaving(5, 25))
    await go(asker, leaving(0, 40, 1))
    sent = await ask(asker, second)
    assert sent.status_code == 200, sent.text
    again = await ask(asker, first)
    assert (again.status_code, again.json()["code"]) == (409, "already_asked")
    rows = await db.fetch(
        "select request_id, replaced_by from pooling_requests where user_id = $1 order by 1",
        asked.id,
    )
    assert [tuple(row) for row in rows] == [
        (first, newer),
        (second, newer),
        (other, None),
        (newer, None),
    ]


async def test_no_chain_leads_back_and_nothing_open_is_replaced(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    old, newer = await plan(await sign_up(), ride(0), ride(0))
    for one, other in ((newer, old), (newer, newer), (newer, newer + 1000)):
        with pytest.raises(asyncpg.CheckViolationError):
            await db.execute(
                "update pooling_requests set replaced_by = $2 where request_id = $1", one, other
            )
    await db.execute("delete from pooling_requests where request_id = $1", newer)
    assert (
        await db.fetchval("select replaced_by from pooling_requests where request_id = $1", old)
    ) is None
