"""A weekly ride puts its rider on the road by itself, each date once."""

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.conftest import WHERE_IT_IS_NOON, Server, SignUp
from tests.people import Campus, Rider
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
from tests.waiting import until_waiting_for_locks
from tripsync.database import Database
from tripsync.jobs.timers import Timer, Timers
from tripsync.pooling.recurring import open_due

PATH = "/api/pool/recurring"
ZONE = ZoneInfo(WHERE_IT_IS_NOON)
EVERY_DAY = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]

OpenDue = Callable[[], Awaitable[None]]


@pytest.fixture
def the_timer_comes(server: Server) -> OpenDue:
    async def come() -> None:
        async with server.app.ctx.resources[Database].transaction() as transaction:
            await open_due(transaction)

    return come


def from_now(minutes: float) -> datetime:
    return datetime.now(ZONE) + timedelta(minutes=minutes)


def weekly(leaves_in: float = 30, **changes: Any) -> dict[str, Any]:
    """Every day at the time that is so many minutes from now."""
    offset = changes.pop("offset", 0)
    return ride(
        offset,
        **{
            "weekdays": EVERY_DAY,
            "departs_at": from_now(leaves_in).strftime("%H:%M"),
            "window_minutes": 30,
            **changes,
        },
    )


async def keep(rider: Rider, body: dict[str, Any] | None = None) -> dict[str, Any]:
    answer = await rider.call("POST", PATH, json=body or weekly())
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


async def look_at(rider: Rider, kept: dict[str, Any]) -> dict[str, Any]:
    answer = await rider.call("GET", f"{PATH}/{kept['recurring_id']}")
    assert answer.status_code == 200, answer.text
    shown: dict[str, Any] = answer.json()
    return shown


async def requests_of(rider: Rider) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await rider.call("GET", "/api/pool/requests")).json()["items"]
    return found


async def edit(rider: Rider, kept: dict[str, Any], **body: Any) -> Any:
    return await rider.call("PUT", f"{PATH}/{kept['recurring_id']}/dates", json=body)


async def begin_window(db: asyncpg.Connection, kept: dict[str, Any]) -> None:
    """As if the rider had kept the ride an hour ago: its window has begun, and is open still."""
    await db.execute(
        "update recurring_rides set departs_at = $2, window_minutes = 60, "
        "next_opens_at = now() - interval '1 hour' where recurring_id = $1",
        kept["recurring_id"],
        from_now(-10).replace(tzinfo=None, second=0, microsecond=0).time(),
    )


async def test_a_weekly_ride_is_shown_as_it_was_kept_with_the_dates_that_come(
    sign_up: SignUp,
) -> None:
    rider = await sign_up()
    tomorrow = (datetime.now(ZONE) + timedelta(days=1)).date()
    body = weekly(
        600,
        destination_name="Campus",
        seats=2,
        detour_percent=40,
        preferences={"quiet": True},
        note="Red cap.",
        auto_match=True,
        weekdays=["sunday", "monday", "sunday"],
        exception_dates=["2026-12-25", "2026-12-25"],
    )
    kept = await keep(rider, body)
    assert kept == await look_at(rider, kept)
    for name in ("destination_name", "seats", "detour_percent", "note", "auto_match", "departs_at"):
        assert kept[name] == body[name]
    assert kept["preferences"]["quiet"] is True
    assert kept["weekdays"] == ["monday", "sunday"]
    assert kept["exception_dates"] == ["2026-12-25"]
    assert kept["time_zone"] == WHERE_IT_IS_NOON
    assert (kept["paused"], kept["changes"], kept["recent"]) == (False, [], [])
    assert len(kept["upcoming"]) == 5
    for coming in kept["upcoming"]:
        leaves = datetime.fromisoformat(coming["depart_after"]).astimezone(ZONE)
        assert leaves.strftime("%H:%M") == body["departs_at"]
        assert leaves.date().isoformat() == coming["date"]
        assert leaves.weekday() in (0, 6)
        assert leaves.date() >= tomorrow - timedelta(days=1)


async def test_a_request_is_opened_ahead_of_time_and_both_sides_are_told(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider, waiting = await sign_up(full_name="Asha Rao"), await sign_up(full_name="Ravi Iyer")
    theirs = (await go(waiting, ride(1, depart_before=from_now(90).isoformat())))["request_id"]
    kept = await keep(rider, weekly(30, destination_name="Campus", seats=2, note="Red cap."))
    await the_timer_comes()
    [opened] = await requests_of(rider)
    assert (opened["status"], opened["destination_name"]) == ("active", "Campus")
    assert (opened["seats"], opened["note"]) == (2, "Red cap.")
    coming = kept["upcoming"][0]
    assert opened["depart_after"] == coming["depart_after"]
    assert opened["depart_before"] == coming["depart_before"]
    (first, told), (second, found) = await heard_by(db, rider)
    assert (first, second) == ("recurring_ride_opened", "match_found")
    assert told == {
        "recurring_id": kept["recurring_id"],
        "date": coming["date"],
        "depart_after": coming["depart_after"],
        "depart_before": coming["depart_before"],
        "request_id": opened["request_id"],
    }
    assert found["match"]["request_id"] == theirs
    [(kind, payload)] = await heard_by(db, waiting)
    assert kind == "match_found"
    assert payload["match"]["request_id"] == opened["request_id"]
    shown = await look_at(rider, kept)
    assert shown["recent"] == [
        {"date": coming["date"], "request_id": opened["request_id"], "skipped_because": None}
    ]
    assert coming["date"] not in [each["date"] for each in shown["upcoming"]]


async def test_nothing_is_opened_before_its_time(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(125))
    await the_timer_comes()
    assert await requests_of(rider) == []
    opens_at = await db.fetchval(
        "select next_opens_at from recurring_rides where recurring_id = $1", kept["recurring_id"]
    )
    leaves = datetime.fromisoformat(kept["upcoming"][0]["depart_after"])
    assert leaves - opens_at == timedelta(hours=2)


async def test_a_date_is_opened_once_however_many_workers_look(
    sign_up: SignUp, db: asyncpg.Connection, server: Server, start_server: Any
) -> None:
    riders = [await sign_up() for _ in range(8)]
    for number, rider in enumerate(riders):
        await keep(rider, weekly(30, offset=number))
    other = await start_server()
    # Each by a name of its own: all have the turn, and meet at the patterns.
    turns = [
        (Timers(worker.app.ctx.resources[Database], []), Timer(secrets.token_hex(8), 60, open_due))
        for worker in (server, other) * 3
    ]
    assert all(await asyncio.gather(*(timers.run(timer) for timers, timer in turns)))
    for rider in riders:
        assert len(await requests_of(rider)) == 1
        assert (await types_heard_by(db, rider)).count("recurring_ride_opened") == 1


async def test_of_two_workers_with_one_timer_one_opens(
    sign_up: SignUp, server: Server, start_server: Any
) -> None:
    rider = await sign_up()
    await keep(rider)
    other = await start_server()
    timer = Timer(secrets.token_hex(8), 60, open_due)
    turns = await asyncio.gather(
        *(Timers(each.app.ctx.resources[Database], []).run(timer) for each in (server, other))
    )
    assert sorted(turns) == [False, True]
    assert len(await requests_of(rider)) == 1


async def test_the_database_lets_no_date_be_opened_twice(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    await keep(rider)
    await the_timer_comes()
    with pytest.raises(asyncpg.UniqueViolationError):
        await db.execute(
            "insert into recurring_openings (college_id, recurring_id, occurs_on, skipped_because) "
            "select o.college_id, recurring_id, occurs_on, 'busy' from recurring_openings o "
            "join recurring_rides r using (recurring_id) where r.user_id = $1",
            rider.id,
        )


async def test_a_cancelled_request_is_not_opened_again(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider)
    await the_timer_comes()
    [opened] = await requests_of(rider)
    await rider.call("DELETE", f"/api/pool/requests/{opened['request_id']}")
    answer = await rider.call("PUT", f"{PATH}/{kept['recurring_id']}", json=weekly(40))
    assert answer.status_code == 200
    await db.execute(
        "update recurring_rides set next_opens_at = now() where recurring_id = $1",
        kept["recurring_id"],
    )
    await the_timer_comes()
    [only] = await requests_of(rider)
    assert (only["request_id"], only["status"]) == (opened["request_id"], "cancelled")


@pytest.mark.parametrize("matched", [False, True])
async def test_an_open_request_for_that_time_stays_and_the_ride_waits(
    sign_up: SignUp, db: asyncpg.Connection, college: str, the_timer_comes: OpenDue, matched: bool
) -> None:
    rider, other = await sign_up(), await sign_up()
    until_the_hour = {"depart_before": from_now(60).isoformat()}
    if matched:
        await pair_up(rider, other, ride(0, **until_the_hour), ride(1, **until_the_hour))
    else:
        await go(rider, ride(0, **until_the_hour))
    kept = await keep(rider, weekly(30))
    await the_timer_comes()
    [own] = await requests_of(rider)
    assert own["status"] == ("matched" if matched else "active")
    assert "recurring_ride_skipped" not in await types_heard_by(db, rider)
    again = await db.fetchval(
        "select next_opens_at - now() from recurring_rides where recurring_id = $1",
        kept["recurring_id"],
    )
    assert timedelta(minutes=4) < again <= timedelta(minutes=5)
    await rider.call("DELETE", f"/api/pool/requests/{own['request_id']}")
    await db.execute(
        "update recurring_rides set next_opens_at = now() where recurring_id = $1",
        kept["recurring_id"],
    )
    await the_timer_comes()
    assert [each["status"] for each in await requests_of(rider)] == ["active", "cancelled"]
    await sums_hold(db, college)


async def test_an_open_request_for_another_time_is_not_in_the_way(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider, other = await sign_up(), await sign_up()
    await pair_up(rider, other)
    later = (
        await go(
            rider,
            ride(depart_after=from_now(90).isoformat(), depart_before=from_now(100).isoformat()),
        )
    )["request_id"]
    first, second = await keep(rider, weekly(30)), await keep(rider, weekly(105))
    await the_timer_comes()
    open_ones = await requests_of(rider)
    assert sorted(each["status"] for each in open_ones) == ["active"] * 3 + ["matched"]
    for kept in (first, second):
        [recent] = (await look_at(rider, kept))["recent"]
        assert recent["request_id"] in [each["request_id"] for each in open_ones]
    assert later in [each["request_id"] for each in open_ones]


async def test_whose_time_is_taken_when_the_window_begins_is_told_of_the_skip(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    await go(rider, the_other_way(depart_before=from_now(60).isoformat()))
    kept = await keep(rider, weekly(600))
    await begin_window(db, kept)
    await the_timer_comes()
    [own] = await requests_of(rider)
    assert own["status"] == "active"
    [(kind, payload)] = await heard_by(db, rider)
    assert (kind, payload["reason"]) == ("recurring_ride_skipped", "busy")
    shown = await look_at(rider, kept)
    assert [(each["date"], each["skipped_because"]) for each in shown["recent"]] == [
        (payload["date"], "busy")
    ]
    await the_timer_comes()
    assert len(await heard_by(db, rider)) == 1


async def test_a_request_that_has_silently_expired_makes_place(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider, asker = await sign_up(), await sign_up()
    older = (await go(rider, ride(0)))["request_id"]
    await go(asker, ride(1))
    await ask(asker, older)
    await db.execute(
        "update pooling_requests set departure = tstzrange(now() - interval '1 hour', "
        "now() - interval '1 second') where request_id = $1",
        older,
    )
    await keep(rider)
    await the_timer_comes()
    newest, first = await requests_of(rider)
    assert newest["status"] == "active"
    assert (first["status"], first["cancel_reason"]) == ("cancelled", "expired")
    assert "connection_withdrawn" in await types_heard_by(db, asker)


async def test_of_two_weekly_rides_at_one_time_the_second_waits(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    first, second = await keep(rider, weekly(30)), await keep(rider, weekly(40))
    await the_timer_comes()
    assert len(await requests_of(rider)) == 1
    assert len((await look_at(rider, first))["recent"]) == 1
    assert (await look_at(rider, second))["recent"] == []


async def test_the_banned_are_not_put_on_the_road(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider)
    await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
    await the_timer_comes()
    assert not await db.fetchval(
        "select count(*) from pooling_requests where user_id = $1", rider.id
    )
    row = await db.fetchrow(
        "select request_id, skipped_because from recurring_openings where recurring_id = $1",
        kept["recurring_id"],
    )
    assert tuple(row) == (None, "banned")
    assert await types_heard_by(db, rider) == []


async def test_a_timer_that_is_days_late_opens_nothing_that_has_passed_and_says_so(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(30))
    await db.execute(
        "update recurring_rides set next_opens_at = now() - interval '73 hours' "
        "where recurring_id = $1",
        kept["recurring_id"],
    )
    await the_timer_comes()
    heard = await heard_by(db, rider)
    assert [kind for kind, _ in heard] == ["recurring_ride_skipped"] * 3 + ["recurring_ride_opened"]
    assert [payload.get("reason") for _, payload in heard] == ["late"] * 3 + [None]
    days = [date.fromisoformat(payload["date"]) for _, payload in heard]
    assert [later - sooner for sooner, later in pairwise(days)] == [timedelta(days=1)] * 3
    assert len(await requests_of(rider)) == 1
    recent = (await look_at(rider, kept))["recent"]
    assert [each["skipped_because"] for each in recent] == [None, "late", "late", "late"]


async def test_a_timer_that_is_minutes_late_opens_what_lasts(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    await begin_window(db, await keep(rider, weekly(600)))
    await the_timer_comes()
    [opened] = await requests_of(rider)
    assert opened["status"] == "active"
    assert datetime.fromisoformat(opened["depart_after"]) < datetime.now(UTC)


async def test_a_paused_ride_opens_nothing_until_it_is_resumed(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider)
    path = f"{PATH}/{kept['recurring_id']}"
    for _ in range(2):
        paused = (await rider.call("POST", f"{path}/pause")).json()
        assert (paused["paused"], paused["upcoming"]) == (True, [])
    # Neither an edit of all nor one of a date resumes it.
    assert (await rider.call("PUT", path, json=weekly(20))).json()["paused"]
    assert (await edit(rider, kept, date=kept["upcoming"][1]["date"], skip=True)).json()["paused"]
    await the_timer_comes()
    assert await requests_of(rider) == []
    for _ in range(2):
        resumed = (await rider.call("POST", f"{path}/resume")).json()
        assert not resumed["paused"]
        assert len(resumed["upcoming"]) == 5
    await the_timer_comes()
    assert len(await requests_of(rider)) == 1


async def test_one_date_can_be_skipped_and_taken_back(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(150))
    dates = [each["date"] for each in kept["upcoming"]]
    answer = await edit(rider, kept, date=dates[0], skip=True)
    assert answer.status_code == 200
    assert answer.json()["exception_dates"] == [dates[0]]
    assert [each["date"] for each in answer.json()["upcoming"]][:4] == dates[1:]
    back = (await edit(rider, kept, date=dates[0])).json()
    assert back["exception_dates"] == []
    assert back["upcoming"] == kept["upcoming"]
    await edit(rider, kept, date=dates[0], skip=True)
    await db.execute(
        "update recurring_rides set next_opens_at = now() where recurring_id = $1",
        kept["recurring_id"],
    )
    await the_timer_comes()
    assert await requests_of(rider) == []


async def test_one_date_can_have_a_time_of_its_own(
    sign_up: SignUp, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(240))
    first = kept["upcoming"][0]
    leaves = datetime.fromisoformat(first["depart_after"]).astimezone(ZONE) + timedelta(minutes=7)
    if leaves.date().isoformat() != first["date"]:
        leaves -= timedelta(minutes=14)
    at = leaves.strftime("%H:%M")
    changed = (await edit(rider, kept, date=first["date"], departs_at=at)).json()
    assert changed["changes"] == [{"date": first["date"], "departs_at": at, "window_minutes": 30}]
    assert changed["upcoming"][0]["changed"]
    assert datetime.fromisoformat(changed["upcoming"][0]["depart_after"]) == leaves
    assert changed["upcoming"][1:] == kept["upcoming"][1:]
    longer = (await edit(rider, kept, date=first["date"], window_minutes=90)).json()
    [change] = longer["changes"]
    assert (change["departs_at"], change["window_minutes"]) == (kept["departs_at"], 90)
    skipped = (await edit(rider, kept, date=first["date"], skip=True)).json()
    assert (skipped["changes"], skipped["exception_dates"]) == ([], [first["date"]])
    undone = (await edit(rider, kept, date=first["date"])).json()
    assert undone["upcoming"] == kept["upcoming"]


async def test_a_date_brought_forward_is_opened_in_time(
    sign_up: SignUp, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(1380))
    soon = from_now(20)
    today = next(
        (each for each in kept["upcoming"] if each["date"] == soon.date().isoformat()), None
    )
    if today is None:
        # Towards the end of a day the pattern's own time of that date has passed already.
        body = weekly(1380, departs_at="23:59", window_minutes=720)
        answer = await rider.call("PUT", f"{PATH}/{kept['recurring_id']}", json=body)
        assert answer.status_code == 200
    at = soon.strftime("%H:%M")
    edited = await edit(rider, kept, date=soon.date().isoformat(), departs_at=at, window_minutes=30)
    assert edited.status_code == 200, edited.text
    await the_timer_comes()
    [opened] = await requests_of(rider)
    leaves = datetime.fromisoformat(opened["depart_after"]).astimezone(ZONE)
    assert leaves.strftime("%H:%M") == at


async def test_a_date_that_the_pattern_does_not_have_cannot_be_edited(sign_up: SignUp) -> None:
    rider = await sign_up()
    today = datetime.now(ZONE).date()
    body = weekly(600, weekdays=["monday"], ends_on=(today + timedelta(days=700)).isoformat())
    kept = await keep(rider, body)
    monday = date.fromisoformat(kept["upcoming"][0]["date"])
    for day in (
        monday + timedelta(days=1),
        monday - timedelta(days=14),
        monday + timedelta(weeks=53),
        monday + timedelta(weeks=110),
    ):
        answer = await edit(rider, kept, date=day.isoformat(), skip=True)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_date")


async def test_a_date_that_is_on_the_road_is_changed_there(
    sign_up: SignUp, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    kept = await keep(rider)
    await the_timer_comes()
    for change in ({"skip": True}, {"departs_at": "10:00"}, {}):
        answer = await edit(rider, kept, date=kept["upcoming"][0]["date"], **change)
        assert (answer.status_code, answer.json()["code"]) == (409, "date_decided")


async def test_all_can_be_edited_and_single_dates_keep_their_times(sign_up: SignUp) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(300, exception_dates=["2030-01-01"]))
    second = kept["upcoming"][1]["date"]
    await edit(rider, kept, date=second, departs_at="10:10", window_minutes=10)
    body = weekly(400, detour_percent=60, role="driver", seats_offered=3, note="Mind the dog.")
    answer = await rider.call("PUT", f"{PATH}/{kept['recurring_id']}", json=body)
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["detour_percent"], changed["role"], changed["seats_offered"]) == (
        60,
        "driver",
        3,
    )
    assert (changed["note"], changed["exception_dates"]) == ("Mind the dog.", [])
    assert [each["date"] for each in changed["changes"]] == [second]
    assert changed == await look_at(rider, kept)


async def test_two_edits_at_once_leave_one_of_them_whole(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(300))
    path = f"{PATH}/{kept['recurring_id']}"
    bodies = [weekly(300 + n, note=f"{n}", window_minutes=10 + n) for n in range(8)]
    answers = await asyncio.gather(*(rider.call("PUT", path, json=body) for body in bodies))
    assert {answer.status_code for answer in answers} == {200}
    shown = await look_at(rider, kept)
    number = int(shown["note"])
    assert shown["departs_at"] == bodies[number]["departs_at"]
    assert shown["window_minutes"] == 10 + number
    opens_at = await db.fetchval(
        "select next_opens_at from recurring_rides where recurring_id = $1", kept["recurring_id"]
    )
    first = datetime.fromisoformat(shown["upcoming"][0]["depart_after"])
    assert first - opens_at == timedelta(hours=2)


async def test_two_edits_of_single_dates_at_once_are_both_kept(sign_up: SignUp) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(600))
    dates = sorted(each["date"] for each in kept["upcoming"])
    answers = await asyncio.gather(*(edit(rider, kept, date=day, skip=True) for day in dates))
    assert {answer.status_code for answer in answers} == {200}
    assert (await look_at(rider, kept))["exception_dates"] == dates


async def test_the_timer_passes_over_what_is_being_edited(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    edited, other = await sign_up(), await sign_up()
    kept = await keep(edited)
    await keep(other)
    async with db.transaction():
        await db.execute(
            "select from recurring_rides where recurring_id = $1 for update", kept["recurring_id"]
        )
        async with asyncio.timeout(5):
            await the_timer_comes()
        assert await requests_of(edited) == []
        assert len(await requests_of(other)) == 1
    await the_timer_comes()
    assert len(await requests_of(edited)) == 1


async def test_the_timer_waits_for_a_rider_who_goes_at_the_same_moment(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    await keep(rider)
    async with db.transaction():
        await db.execute("select from users where user_id = $1 for no key update", rider.id)
        coming = asyncio.create_task(the_timer_comes())
        going = asyncio.create_task(go(rider, ride(depart_before=from_now(60).isoformat())))
        await until_waiting_for_locks(db, 2)
    await asyncio.gather(coming, going)
    open_ones = [each for each in await requests_of(rider) if each["status"] == "active"]
    assert len(open_ones) == 1


async def test_the_timer_waits_for_a_request_that_is_being_called_off(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    own = (await go(rider, ride(depart_before=from_now(60).isoformat())))["request_id"]
    await keep(rider)
    async with db.transaction():
        # As somebody else does, who holds the request and not its rider.
        await db.execute(
            "update pooling_requests set status = 'cancelled', cancel_reason = 'moderator'"
            " where request_id = $1",
            own,
        )
        coming = asyncio.create_task(the_timer_comes())
        await until_waiting_for_locks(db)
    await coming
    assert [each["status"] for each in await requests_of(rider)] == ["active", "cancelled"]


async def test_a_rider_who_leaves_for_good_and_the_timer_do_not_wait_in_a_circle(
    sign_up: SignUp, db: asyncpg.Connection, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    await keep(rider)
    async with db.transaction():
        await db.execute("select from users where user_id = $1 for update", rider.id)
        coming = asyncio.create_task(the_timer_comes())
        await until_waiting_for_locks(db)
        await db.execute("delete from recurring_rides where user_id = $1", rider.id)
    await coming
    assert await requests_of(rider) == []


async def test_a_deleted_ride_opens_nothing_and_what_it_opened_stays(
    sign_up: SignUp, the_timer_comes: OpenDue
) -> None:
    rider = await sign_up()
    first = await keep(rider, weekly(30))
    await the_timer_comes()
    second = await keep(rider, weekly(35))
    for kept in (first, second):
        answer = await rider.call("DELETE", f"{PATH}/{kept['recurring_id']}")
        assert answer.status_code == 204
    assert (await rider.call("GET", f"{PATH}/{first['recurring_id']}")).status_code == 404
    await the_timer_comes()
    [only] = await requests_of(rider)
    assert only["status"] == "active"


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_weekly_ride_is_its_riders_alone(
    sign_up: SignUp, campus: Campus, elsewhere: bool
) -> None:
    rider = await sign_up()
    stranger = await (campus.sign_up(college_name="VJTI") if elsewhere else sign_up())
    kept = await keep(rider, weekly(300))
    path = f"{PATH}/{kept['recurring_id']}"
    for method, where, body in (
        ("GET", path, None),
        ("PUT", path, weekly(100)),
        ("DELETE", path, None),
        ("POST", f"{path}/pause", None),
        ("POST", f"{path}/resume", None),
        ("PUT", f"{path}/dates", {"date": kept["upcoming"][0]["date"], "skip": True}),
    ):
        answer = await stranger.call(method, where, json=body)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_recurring_ride")
    assert (await stranger.call("GET", PATH)).json()["items"] == []
    assert await look_at(rider, kept) == kept


async def test_the_list_comes_in_pages(sign_up: SignUp) -> None:
    rider = await sign_up()
    ids = [(await keep(rider, weekly(300 + n)))["recurring_id"] for n in range(5)]
    first = (await rider.call("GET", f"{PATH}?limit=3")).json()
    rest = (await rider.call("GET", f"{PATH}?limit=3&cursor={first['next_cursor']}")).json()
    shown = [each["recurring_id"] for each in first["items"] + rest["items"]]
    assert shown == ids[::-1]
    assert rest["next_cursor"] is None


async def test_nobody_keeps_more_than_twenty_also_not_at_once(sign_up: SignUp) -> None:
    rider = await sign_up()
    answers = await asyncio.gather(*(rider.call("POST", PATH, json=weekly(300)) for _ in range(24)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (20, 4)
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {
        "too_many_recurring_rides"
    }


async def test_a_retry_with_the_same_key_keeps_one(sign_up: SignUp) -> None:
    rider = await sign_up()
    body, headers = weekly(300), {"Idempotency-Key": "once"}
    first = await rider.call("POST", PATH, json=body, headers=headers)
    second = await rider.call("POST", PATH, json=body, headers=headers)
    assert (first.status_code, first.content) == (201, second.content)
    assert len((await rider.call("GET", PATH)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["someday"]}, "weekdays"),
        ({"weekdays": ["monday"] * 8}, "weekdays"),
        ({"departs_at": "8:30"}, "departs_at"),
        ({"departs_at": "24:00"}, "departs_at"),
        ({"departs_at": "08:30\n"}, "departs_at"),
        ({"departs_at": None}, "departs_at"),
        ({"window_minutes": 4}, "window_minutes"),
        ({"window_minutes": 721}, "window_minutes"),
        ({"ends_on": "2026-02-30"}, "ends_on"),
        ({"exception_dates": ["tomorrow"]}, "exception_dates"),
        ({"exception_dates": ["2030-01-01"] * 367}, "exception_dates"),
        ({"depart_after": "2026-11-20T08:30:00Z"}, "depart_after"),
        ({"role": "driver"}, "seats_offered"),
        ({"seats": 4}, "seats"),
        ({"note": "a\0b"}, "note"),
    ],
)
async def test_what_makes_no_weekly_ride_is_refused_by_field(
    sign_up: SignUp, changes: dict[str, Any], field: str
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(300))
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/{kept['recurring_id']}")):
        answer = await rider.call(method, path, json=weekly(300) | changes)
        assert answer.status_code == 422, answer.text
        assert field in [error["field"] for error in answer.json()["errors"]]
    assert await look_at(rider, kept) == kept


async def test_a_ride_without_any_date_is_refused(sign_up: SignUp) -> None:
    rider = await sign_up()
    today = datetime.now(ZONE).date()
    yesterday = (today - timedelta(days=2)).isoformat()
    answer = await rider.call("POST", PATH, json=weekly(300, ends_on=yesterday))
    assert (answer.status_code, answer.json()["code"]) == (422, "never_occurs")
    days = [(today + timedelta(days=n)).isoformat() for n in range(-1, 3)]
    body = weekly(300, ends_on=days[-1], exception_dates=days)
    answer = await rider.call("POST", PATH, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "never_occurs")


async def test_a_skipped_date_has_no_time_of_its_own(sign_up: SignUp) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(300))
    day = kept["upcoming"][0]["date"]
    answer = await edit(rider, kept, date=day, skip=True, departs_at="10:00")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "skip")


async def test_times_are_those_of_the_college(campus: Campus, db: asyncpg.Connection) -> None:
    name = f"Zenith {secrets.token_hex(6)}"
    await db.execute(
        "insert into colleges (name, place, time_zone) values ($1, point(-74, 40.7), $2)",
        name,
        "America/New_York",
    )
    rider = await campus.sign_up(college_name=name)
    kept = await keep(rider, weekly(300, departs_at="08:30"))
    assert kept["time_zone"] == "America/New_York"
    leaves = datetime.fromisoformat(kept["upcoming"][0]["depart_after"])
    assert leaves.astimezone(ZoneInfo("America/New_York")).strftime("%H:%M") == "08:30"


@pytest.mark.parametrize("zone", ["Asia/Nowhere", "IST", "+05:30", "asia/kolkata", ""])
async def test_a_college_has_clocks_that_are_known(db: asyncpg.Connection, zone: str) -> None:
    with pytest.raises((asyncpg.CheckViolationError, asyncpg.InvalidParameterValueError)):
        await db.execute(
            "insert into colleges (name, place, time_zone) values ($1, point(0, 0), $2)",
            f"Zenith {secrets.token_hex(6)}",
            zone,
        )
