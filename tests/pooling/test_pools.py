"""The shared ride, from the first yes to the last stop."""

import asyncio

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import (
    ask,
    go,
    heard_by,
    pair_up,
    ride,
    say,
    sums_hold,
    the_other_way,
    types_heard_by,
)
from tripsync.matching.plans import Point, road_meters
from tripsync.pooling.membership import plan_without

PATH = "/api/pool/pools"


async def current(rider: Rider):  # type: ignore[no-untyped-def]
    answer = await rider.call("GET", f"{PATH}/current")
    assert answer.status_code == 200, answer.text
    return answer.json()["pool"]


async def do(rider: Rider, pool_id: int, act: str):  # type: ignore[no-untyped-def]
    return await rider.call("POST", f"{PATH}/{pool_id}/{act}")


async def status_of(rider: Rider) -> str:
    [latest, *_] = (await rider.call("GET", "/api/pool/requests")).json()["items"]
    return str(latest["status"])


async def join(newcomer: Rider, member: Rider, offset: int) -> None:
    """A third or fourth joins through a member."""
    active = (await member.call("GET", "/api/pool/connections/active")).json()["connection"]
    await go(newcomer, ride(offset))
    connection_id = (await ask(newcomer, active["user_request_id"])).json()["connection_id"]
    said = await say(member, connection_id)
    assert said.status_code == 200, said.text


async def test_members_see_route_distances_and_fair_shares(sign_up: SignUp) -> None:
    one, other = await sign_up(full_name="Asha Rao"), await sign_up(full_name="Ravi Iyer")
    await pair_up(one, other)
    pool = await current(one)
    assert pool == await current(other)
    assert (pool["status"], pool["capacity"], pool["seats_taken"]) == ("open", 4, 2)
    assert {member["full_name"] for member in pool["members"]} == {"Asha Rao", "Ravi Iyer"}
    assert sum(member["fare_percent"] for member in pool["members"]) == pytest.approx(100, abs=0.01)
    for member in pool["members"]:
        assert member["shared_meters"] <= member["solo_meters"] * 1.25 + 1
        assert member["fare"] is None
    meters = [stop["meters"] for stop in pool["stops"]]
    assert meters[0] == 0
    assert meters == sorted(meters)
    assert [stop["kind"] for stop in pool["stops"]] == ["pickup", "pickup", "drop", "drop"]
    times = [stop["expected_at"] for stop in pool["stops"]]
    assert times == sorted(times)


async def test_nobody_pays_more_than_alone(sign_up: SignUp) -> None:
    one, other = await sign_up(), await sign_up()
    await pair_up(one, other)
    pool = await current(one)
    total = max(stop["meters"] for stop in pool["stops"])
    for member in pool["members"]:
        assert total * member["fare_percent"] / 100 <= member["solo_meters"]


async def test_without_company_there_is_no_pool(sign_up: SignUp) -> None:
    rider = await sign_up()
    await go(rider)
    assert await current(rider) is None


async def test_fare_and_meeting_place_are_noted_and_cleared(sign_up: SignUp) -> None:
    one, other = await sign_up(), await sign_up()
    await pair_up(one, other)
    pool_id = (await current(one))["pool_id"]
    noted = await one.call(
        "PUT", f"{PATH}/{pool_id}", json={"estimated_fare": 240, "meeting_note": "At the clock."}
    )
    assert noted.status_code == 200, noted.text
    seen = await current(other)
    assert seen["meeting_note"] == "At the clock."
    assert sum(member["fare"] for member in seen["members"]) == pytest.approx(240, abs=0.02)
    await other.call("PUT", f"{PATH}/{pool_id}", json={"estimated_fare": None})
    seen = await current(one)
    assert (seen["estimated_fare"], seen["meeting_note"]) == (None, "At the clock.")


async def test_who_has_left_changes_neither_fare_nor_meeting_place(sign_up: SignUp) -> None:
    one, other, leaver = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other)
    await join(leaver, other, 2)
    pool_id = (await current(leaver))["pool_id"]
    note = {"estimated_fare": 240, "meeting_note": "At the clock."}
    assert (await leaver.call("PUT", f"{PATH}/{pool_id}", json=note)).status_code == 200
    assert (await do(leaver, pool_id, "leave")).status_code == 200
    change = {"estimated_fare": 900, "meeting_note": "Nowhere."}
    assert (await leaver.call("PUT", f"{PATH}/{pool_id}", json=change)).status_code == 404
    seen = await current(one)
    assert (seen["estimated_fare"], seen["meeting_note"]) == (240, "At the clock.")


@pytest.mark.parametrize(
    "note",
    [
        {"estimated_fare": -1},
        {"estimated_fare": 1e308},
        {"estimated_fare": "much"},
        {"meeting_note": "x" * 501},
        {"capacity": 9},
    ],
)
async def test_absurd_notes_are_refused(sign_up: SignUp, note: dict[str, object]) -> None:
    one, other = await sign_up(), await sign_up()
    await pair_up(one, other)
    pool_id = (await current(one))["pool_id"]
    assert (await one.call("PUT", f"{PATH}/{pool_id}", json=note)).status_code == 422


async def test_when_one_of_two_leaves_the_other_is_back_on_the_road(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    leaver, left, waiting = await sign_up(full_name="Asha Rao"), await sign_up(), await sign_up()
    await pair_up(leaver, left)
    await go(waiting, ride(2))
    pool_id = (await current(leaver))["pool_id"]
    answer = await do(leaver, pool_id, "leave")
    assert answer.status_code == 200, answer.text
    heard = await heard_by(db, left)
    told = [payload for kind, payload in heard if kind == "ride_cancelled"]
    assert told[0]["by_user"] == {"id": leaver.id, "full_name": "Asha Rao"}
    assert told[0]["message"]
    assert heard[-1][0] == "match_found"
    assert heard[-1][1]["match"]["id"] == waiting.id
    assert (await heard_by(db, waiting))[-1][1]["match"]["id"] == left.id
    assert await status_of(leaver) == "cancelled"
    assert await status_of(left) == "active"
    assert await current(left) is None
    for rider in (leaver, left):
        active = await rider.call("GET", "/api/pool/connections/active")
        assert active.json() == {"connection": None, "connections": []}
    await sums_hold(db, college)


async def test_who_is_left_after_the_window_is_stranded(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    leaver, left = await sign_up(), await sign_up()
    await pair_up(leaver, left)
    await db.execute(
        "update pooling_requests set departure = tstzrange(now() - interval '1 hour', "
        "now() - interval '1 second') where user_id = $1",
        left.id,
    )
    await do(leaver, (await current(leaver))["pool_id"], "leave")
    [request] = (await left.call("GET", "/api/pool/requests")).json()["items"]
    assert (request["status"], request["cancel_reason"]) == ("cancelled", "partner_left")
    await sums_hold(db, college)


async def test_when_one_of_three_leaves_the_others_ride_on(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other)
    await join(third, other, 2)
    pool_id = (await current(third))["pool_id"]
    assert (await do(one, pool_id, "leave")).status_code == 200
    pool = await current(third)
    assert pool["pool_id"] == pool_id
    assert {member["id"] for member in pool["members"]} == {other.id, third.id}
    assert len(pool["stops"]) == 4
    assert (await types_heard_by(db, third))[-1] == "ride_cancelled"
    await sums_hold(db, college)


async def test_whoever_joins_or_leaves_changes_the_route_of_one_pool_alone(
    sign_up: SignUp,
) -> None:
    one, other, third, bystander, fellow = [await sign_up() for _ in range(5)]
    await pair_up(bystander, fellow, the_other_way(), the_other_way())
    before = (await current(bystander))["stops"]
    assert len(before) == 4
    await pair_up(one, other)
    await join(third, other, 2)
    assert (await current(bystander))["stops"] == before
    # Of three who are two then, and of two whose ride ends.
    for leaver in (third, one):
        pool_id = (await current(leaver))["pool_id"]
        assert (await do(leaver, pool_id, "leave")).status_code == 200
        assert (await current(bystander))["stops"] == before


async def test_who_leaves_is_waited_for_no_more(sign_up: SignUp, db: asyncpg.Connection) -> None:
    leaver, other, waiting = await sign_up(), await sign_up(), await sign_up()
    await pair_up(leaver, other)
    pool = await current(leaver)
    [target] = [each["request_id"] for each in pool["members"] if each["id"] == leaver.id]
    await go(waiting, ride(2))
    connection_id = (await ask(waiting, target)).json()["connection_id"]
    assert (await do(leaver, pool["pool_id"], "leave")).status_code == 200
    for rider in (waiting, leaver):
        pending = (await rider.call("GET", "/api/pool/connections")).json()["items"]
        assert pending == []
    closed = dict(await heard_by(db, waiting))["connection_withdrawn"]
    assert closed["connection_id"] == connection_id


async def test_who_got_out_before_the_end_did_not_ride(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other)
    await join(third, other, 2)
    pool_id = (await current(third))["pool_id"]
    await do(one, pool_id, "leave")
    await do(third, pool_id, "complete")
    assert (await one.call("GET", f"{PATH}/{pool_id}")).status_code == 404
    kept = (await other.call("GET", f"{PATH}/{pool_id}")).json()
    assert {member["id"] for member in kept["members"]} == {other.id, third.id}


async def test_cancelling_a_matched_request_is_leaving(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    one, other = await sign_up(), await sign_up()
    await pair_up(one, other)
    active = (await one.call("GET", "/api/pool/connections/active")).json()["connection"]
    answer = await one.call("DELETE", f"/api/pool/requests/{active['user_request_id']}")
    assert answer.status_code == 200, answer.text
    assert "ride_cancelled" in await types_heard_by(db, other)
    await sums_hold(db, college)


async def test_a_ride_starts_and_then_nobody_leaves_or_joins(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    one, other, third = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, other)
    pool_id = (await current(one))["pool_id"]
    target = (await other.call("GET", "/api/pool/connections/active")).json()["connection"]
    await go(third, ride(2))
    waits = (await ask(third, target["user_request_id"])).json()["connection_id"]
    assert (await do(one, pool_id, "start")).status_code == 200
    assert (await types_heard_by(db, other))[-1] == "ride_started"
    assert (await types_heard_by(db, third))[-1] == "connection_withdrawn"
    assert (await say(other, waits)).status_code == 409
    left = await do(other, pool_id, "leave")
    assert (left.status_code, left.json()["code"]) == (409, "under_way")
    assert (await do(other, pool_id, "start")).status_code == 409


async def test_any_member_completes_the_ride_and_all_are_told(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    one, other = await sign_up(), await sign_up()
    await pair_up(one, other)
    pool_id = (await current(one))["pool_id"]
    assert (await do(other, pool_id, "complete")).status_code == 200
    for rider in (one, other):
        assert (await types_heard_by(db, rider))[-1] == "ride_completed"
        assert await status_of(rider) == "completed"
        assert await current(rider) is None
        kept = (await rider.call("GET", f"{PATH}/{pool_id}")).json()
        assert (kept["status"], len(kept["members"])) == ("completed", 2)
    for act in ("complete", "start", "leave"):
        again = await do(one, pool_id, act)
        assert (again.status_code, again.json()["code"]) == (409, "pool_closed")
    assert (await go(one))["request_id"]
    await sums_hold(db, college)


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_pool_is_its_members_alone(
    sign_up: SignUp, campus: Campus, elsewhere: bool
) -> None:
    one, other = await sign_up(), await sign_up()
    stranger = await (campus.sign_up(college_name="VJTI") if elsewhere else sign_up())
    await pair_up(one, other)
    pool_id = (await current(one))["pool_id"]
    answers = [
        await stranger.call("GET", f"{PATH}/{pool_id}"),
        await stranger.call("PUT", f"{PATH}/{pool_id}", json={"meeting_note": "Mine."}),
        *[await do(stranger, pool_id, act) for act in ("start", "complete", "leave")],
    ]
    assert {(each.status_code, each.json()["code"]) for each in answers} == {(404, "no_such_pool")}
    assert (await current(one))["meeting_note"] == ""


async def test_a_driver_takes_as_many_as_the_car_has_seats(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    driver, one, other = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, driver, ride(0, role="driver", seats_offered=1), ride(1))
    pool = await current(driver)
    assert (pool["capacity"], pool["seats_taken"]) == (2, 2)
    target = (await driver.call("GET", "/api/pool/connections/active")).json()["connection"]
    await go(other, ride(2))
    connection_id = (await ask(other, target["user_request_id"])).json()["connection_id"]
    answer = await say(driver, connection_id)
    assert (answer.status_code, answer.json()["code"]) == (409, "pool_full")


async def test_without_the_driver_there_is_no_ride(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    driver, one, other = await sign_up(), await sign_up(), await sign_up()
    await pair_up(one, driver, ride(0, role="driver", seats_offered=3), ride(1))
    await join(other, driver, 2)
    await do(driver, (await current(driver))["pool_id"], "leave")
    assert await current(one) is None
    assert await current(other) is None
    assert await status_of(one) == await status_of(other) == "active"
    await sums_hold(db, college)


async def test_two_who_leave_at_once_leave_nobody_behind(
    sign_up: SignUp, db: asyncpg.Connection, college: str
) -> None:
    for _ in range(5):
        one, other = await sign_up(), await sign_up()
        await pair_up(one, other)
        pool_id = (await current(one))["pool_id"]
        answers = await asyncio.gather(do(one, pool_id, "leave"), do(other, pool_id, "leave"))
        assert sorted(answer.status_code for answer in answers) in ([200, 404], [200, 409])
    await sums_hold(db, college)


def test_those_who_stay_ride_on_only_where_it_saves_anything() -> None:
    """One in the middle may be what made a ride of three worth while."""

    def member(request_id: int, start: float, destination: float) -> dict[str, object]:
        places = {
            "start_latitude": start,
            "start_longitude": 72.85,
            "destination_latitude": destination,
            "destination_longitude": 72.85,
        }
        return {"request_id": request_id, **places, "detour_percent": 25, "role": "rider"}

    early, long, late = member(1, 19.0, 19.1), member(2, 19.0, 19.3), member(3, 19.2, 19.3)
    stays = plan_without([early, long])
    assert stays is not None
    assert stays.total_meters < road_meters(Point(19.0, 0), Point(19.4, 0))
    assert plan_without([early, late]) is None
