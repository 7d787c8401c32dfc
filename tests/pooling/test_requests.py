"""On the road and off it."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus
from tests.pooling.roads_to_campus import (
    ask,
    go,
    heard_by,
    pair_up,
    ride,
    the_other_way,
    types_heard_by,
)

PATH = "/api/pool/requests"


def at(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


async def test_the_five_fields_of_the_contract_are_enough(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    opened = await go(rider, ride(destination_name="Campus, main gate"))
    assert set(opened) == {"request_id", "matches"}
    assert opened["matches"] == []
    shown = (await rider.call("GET", f"{PATH}/{opened['request_id']}")).json()
    assert (shown["status"], shown["seats"], shown["detour_percent"]) == ("active", 1, 25)
    assert shown["destination_name"] == "Campus, main gate"
    window = datetime.fromisoformat(shown["depart_before"]) - datetime.fromisoformat(
        shown["depart_after"]
    )
    assert window == timedelta(minutes=15)


async def test_who_goes_the_same_way_is_found_and_told(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    waiting, newcomer, astray = (
        await sign_up(),
        await sign_up(full_name="Ravi Iyer"),
        await sign_up(),
    )
    first = await go(waiting, ride(0))
    await go(astray, the_other_way())
    second = await go(newcomer, ride(1))
    [match] = second["matches"]
    assert (match["id"], match["request_id"]) == (waiting.id, first["request_id"])
    assert match["connection_status"] == "none"
    assert match["connection_id"] is None
    for hidden in ("phone_number", "email", "year_of_study", "bio"):
        assert match[hidden] is None
    assert match["saving_percent"] > 0
    assert match["saving_percent"] == round(match["saving_percent"], 1)
    for whole in ("pickup_distance_meters", "drop_distance_meters"):
        assert isinstance(match[whole], int)
    assert [stop["kind"] for stop in match["route"]] == ["pickup", "pickup", "drop", "drop"]
    assert len(match["departs_between"]) == 2
    [(kind, payload)] = await heard_by(db, waiting)
    assert kind == "match_found"
    assert payload["match"]["id"] == newcomer.id
    assert payload["match"]["full_name"] == "Ravi Iyer"
    assert payload["match"]["request_id"] == second["request_id"]
    assert set(payload["match"]) == set(match)
    assert await types_heard_by(db, astray) == []


async def test_a_new_request_replaces_an_active_one(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, other = await sign_up(), await sign_up()
    older = (await go(rider, ride(0)))["request_id"]
    await go(other, ride(1))
    await ask(other, older)
    newer = (await go(rider, ride(0)))["request_id"]
    mine = (await rider.call("GET", PATH)).json()["items"]
    assert [(each["request_id"], each["status"], each["cancel_reason"]) for each in mine] == [
        (newer, "active", None),
        (older, "cancelled", "rider"),
    ]
    assert "connection_withdrawn" in await types_heard_by(db, other)


async def test_a_matched_one_stays_and_the_answer_says_how_to_leave(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, other = await sign_up(), await sign_up()
    await pair_up(rider, other)
    answer = await rider.call("POST", PATH, json=ride())
    assert (answer.status_code, answer.json()["code"]) == (409, "already_matched")
    assert "cancel your request" in answer.json()["detail"]


async def test_ten_at_once_leave_one_open(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider = await sign_up()
    answers = await asyncio.gather(*(rider.call("POST", PATH, json=ride(n)) for n in range(10)))
    assert {answer.status_code for answer in answers} == {200}
    statuses = await db.fetch(
        "select status, count(*) as n from pooling_requests where user_id = $1 group by status",
        rider.id,
    )
    assert {row["status"]: row["n"] for row in statuses} == {"active": 1, "cancelled": 9}


async def test_past_its_window_a_request_is_over_though_no_timer_ran(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    late, other = await sign_up(), await sign_up()
    request_id = (await go(late, ride(0)))["request_id"]
    await db.execute(
        "update pooling_requests set departure = tstzrange(now() - interval '1 hour', "
        "now() - interval '1 second') where request_id = $1",
        request_id,
    )
    shown = (await late.call("GET", f"{PATH}/{request_id}")).json()
    assert (shown["status"], shown["cancel_reason"]) == ("cancelled", "expired")
    assert (await go(other, ride(1)))["matches"] == []
    assert (await ask(other, request_id)).status_code == 404
    assert (await ask(late, request_id)).json()["detail"] == "No active pooling request found"
    cancelled = await late.call("DELETE", f"{PATH}/{request_id}")
    assert (cancelled.status_code, cancelled.json()["code"]) == (409, "request_closed")
    assert (await go(late, ride(0)))["request_id"] != request_id
    reason = await db.fetchval(
        "select cancel_reason from pooling_requests where request_id = $1", request_id
    )
    assert reason == "expired"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start_latitude": 90.1}, "start_latitude"),
        ({"start_longitude": -180.1}, "start_longitude"),
        ({"destination_latitude": "north"}, "destination_latitude"),
        ({"start_latitude": None}, "start_latitude"),
        ({"seats": 0}, "seats"),
        ({"seats": 4}, "seats"),
        ({"detour_percent": 101}, "detour_percent"),
        ({"role": "pilot"}, "role"),
        ({"role": "driver"}, "seats_offered"),
        ({"seats_offered": 2}, "seats_offered"),
        ({"role": "driver", "seats_offered": 8}, "seats_offered"),
        ({"note": "x" * 501}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"destination_name": "x" * 201}, "destination_name"),
        ({"preferences": {"loud": True}}, "preferences"),
        ({"preferences": {"quiet": "yes"}}, "preferences"),
        ({"depart_after": "tomorrow"}, "depart_after"),
        ({"depart_after": "2026-11-20T08:30:00"}, "depart_after"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_makes_no_ride_is_refused_by_field(
    sign_up: SignUp, changes: dict[str, Any], field: str
) -> None:
    rider = await sign_up()
    answer = await rider.call("POST", PATH, json=ride(**changes))
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert (await rider.call("GET", PATH)).json()["items"] == []


@pytest.mark.parametrize(
    ("after", "before"),
    [(0, -1), (30, 20), (-60, None), (10, 10 + 24 * 60 + 1), (15 * 24 * 60, None)],
)
async def test_a_window_lies_ahead_and_is_bounded(
    sign_up: SignUp, after: float, before: float | None
) -> None:
    rider = await sign_up()
    window = {"depart_after": at(after)}
    if before is not None:
        window["depart_before"] = at(before)
    answer = await rider.call("POST", PATH, json=ride(**window))
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_window")


async def test_nobody_rides_to_where_they_are(sign_up: SignUp) -> None:
    rider = await sign_up()
    body = ride()
    body["destination_latitude"] = body["start_latitude"]
    body["destination_longitude"] = body["start_longitude"]
    answer = await rider.call("POST", PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "same_place")


@pytest.mark.parametrize("raw", ["NaN", "Infinity", "1e999"])
async def test_what_is_no_number_is_no_place(sign_up: SignUp, raw: str) -> None:
    rider = await sign_up()
    body = (
        f'{{"start_latitude": {raw}, "start_longitude": 1, '
        '"destination_latitude": 2, "destination_longitude": 3}'
    )
    answer = await rider.call(
        "POST", PATH, content=body, headers={"Content-Type": "application/json"}
    )
    assert answer.status_code in (400, 422)


async def test_a_retry_with_the_same_key_opens_one_request(sign_up: SignUp) -> None:
    rider = await sign_up()
    body, headers = ride(), {"Idempotency-Key": "once"}
    first = await rider.call("POST", PATH, json=body, headers=headers)
    second = await rider.call("POST", PATH, json=body, headers=headers)
    assert first.content == second.content
    assert len((await rider.call("GET", PATH)).json()["items"]) == 1


async def test_cancelling_takes_one_off_the_road(sign_up: SignUp) -> None:
    rider, other = await sign_up(), await sign_up()
    request_id = (await go(rider, ride(0)))["request_id"]
    answer = await rider.call("DELETE", f"{PATH}/{request_id}")
    assert answer.status_code == 200
    assert answer.json()["message"]
    assert (await go(other, ride(1)))["matches"] == []
    again = await rider.call("DELETE", f"{PATH}/{request_id}")
    assert (again.status_code, again.json()["code"]) == (409, "request_closed")


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_request_is_its_riders_alone(
    sign_up: SignUp, campus: Campus, elsewhere: bool
) -> None:
    rider = await sign_up()
    stranger = await (campus.sign_up(college_name="VJTI") if elsewhere else sign_up())
    request_id = (await go(rider))["request_id"]
    for method, path in (
        ("GET", f"{PATH}/{request_id}"),
        ("GET", f"{PATH}/{request_id}/matches"),
        ("DELETE", f"{PATH}/{request_id}"),
    ):
        answer = await stranger.call(method, path)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_request")
    assert (await rider.call("GET", f"{PATH}/{request_id}")).json()["status"] == "active"


async def test_colleges_do_not_mix(sign_up: SignUp, campus: Campus) -> None:
    await go(await campus.sign_up(college_name="VJTI"), ride(0))
    assert (await go(await sign_up(), ride(1)))["matches"] == []


async def test_the_list_comes_in_pages(sign_up: SignUp) -> None:
    rider = await sign_up()
    ids = [(await go(rider, ride(n)))["request_id"] for n in range(5)]
    first = (await rider.call("GET", f"{PATH}?limit=3")).json()
    rest = (await rider.call("GET", f"{PATH}?limit=3&cursor={first['next_cursor']}")).json()
    shown = [each["request_id"] for each in first["items"] + rest["items"]]
    assert shown == ids[::-1]
    assert rest["next_cursor"] is None


async def test_the_banned_are_not_on_the_road(sign_up: SignUp, db: asyncpg.Connection) -> None:
    waiting, other = await sign_up(), await sign_up()
    await go(waiting, ride(0))
    await db.execute("update users set banned_at = now() where user_id = $1", waiting.id)
    assert (await go(other, ride(1)))["matches"] == []


@pytest.mark.parametrize("who", ["the waiting one", "the new one"])
async def test_a_block_hides_both_from_each_other(
    sign_up: SignUp, db: asyncpg.Connection, who: str
) -> None:
    waiting, newcomer = await sign_up(), await sign_up()
    request_id = (await go(waiting, ride(0)))["request_id"]
    pair = [waiting.id, newcomer.id] if who == "the waiting one" else [newcomer.id, waiting.id]
    await db.execute(
        "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
        waiting.college_id,
        *pair,
    )
    assert (await go(newcomer, ride(1)))["matches"] == []
    assert await types_heard_by(db, waiting) == []
    assert (await ask(newcomer, request_id)).status_code == 404


async def test_changed_wishes_find_other_company(sign_up: SignUp, db: asyncpg.Connection) -> None:
    waiting, rider = await sign_up(), await sign_up()
    await go(waiting, ride(0, depart_after=at(60), depart_before=at(90)))
    opened = await go(rider, ride(1))
    assert opened["matches"] == []
    path = f"{PATH}/{opened['request_id']}"
    changed = await rider.call(
        "PUT", path, json={"depart_before": at(80), "preferences": {"quiet": True}, "note": "Hi."}
    )
    assert changed.status_code == 200, changed.text
    assert [match["id"] for match in changed.json()["matches"]] == [waiting.id]
    assert (await heard_by(db, waiting))[-1][1]["match"]["id"] == rider.id
    shown = (await rider.call("GET", path)).json()
    assert (shown["preferences"]["quiet"], shown["note"], shown["seats"]) == (True, "Hi.", 1)
    await rider.call("PUT", path, json={"note": None})
    shown = (await rider.call("GET", path)).json()
    assert (shown["preferences"]["quiet"], shown["note"]) == (True, "")


async def test_a_change_is_of_one_request_alone(sign_up: SignUp) -> None:
    rider, bystander = await sign_up(), await sign_up()
    older = (await go(rider, the_other_way(note="Older.")))["request_id"]
    others = (await go(bystander, the_other_way(note="Of somebody else.")))["request_id"]
    path = f"{PATH}/{(await go(rider))['request_id']}"
    whose = ((rider, older), (bystander, others))
    before = [(await one.call("GET", f"{PATH}/{number}")).json() for one, number in whose]
    change = {"seats": 2, "depart_before": at(80), "preferences": {"quiet": True}, "note": "Hi."}
    assert (await rider.call("PUT", path, json=change)).status_code == 200
    after = [(await one.call("GET", f"{PATH}/{number}")).json() for one, number in whose]
    assert after == before


@pytest.mark.parametrize(
    "change",
    [
        {"seats": None},
        {"seats": 9},
        {"depart_before": at(-5)},
        {"start_latitude": 1.0},
        {"note": 1},
    ],
)
async def test_absurd_changes_change_nothing(sign_up: SignUp, change: dict[str, Any]) -> None:
    rider = await sign_up()
    path = f"{PATH}/{(await go(rider))['request_id']}"
    before = (await rider.call("GET", path)).json()
    assert (await rider.call("PUT", path, json=change)).status_code == 422
    assert (await rider.call("GET", path)).json() == before


async def test_only_a_request_of_ones_own_that_looks_can_change(
    sign_up: SignUp, campus: Campus
) -> None:
    one, other = await sign_up(), await sign_up()
    stranger = await campus.sign_up(college_name="VJTI")
    await pair_up(one, other)
    [mine] = (await one.call("GET", PATH)).json()["items"]
    path = f"{PATH}/{mine['request_id']}"
    assert (await stranger.call("PUT", path, json={"seats": 2})).status_code == 404
    assert (await other.call("PUT", path, json={"seats": 2})).status_code == 404
    matched = await one.call("PUT", path, json={"seats": 2})
    assert (matched.status_code, matched.json()["code"]) == (409, "already_matched")
