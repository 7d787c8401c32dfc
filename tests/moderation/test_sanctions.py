"""Warnings and bans: told to the rider, at once on every server, and never twice."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest

from tests.conftest import StartServer
from tests.moderation.conftest import NewStaff, acts_about, events_of, is_banned
from tests.people import Campus, Rider
from tests.waiting import until, until_waiting_for_locks
from tripsync.moderation.sanctions import may_sanction

WHY = "Two riders were left waiting."


async def act(moderator: Rider, name: str, subject: Rider, note: str = WHY) -> httpx.Response:
    path = f"/api/moderation/users/{subject.id}/{name}"
    return await moderator.call("POST", path, json={"note": note})


@pytest.fixture
async def other_worker(start_server: StartServer) -> AsyncIterator[httpx.AsyncClient]:
    """A second server on the same database."""
    server = await start_server()
    async with server.client() as client:
        yield client


async def go_on_the_road(
    db: asyncpg.Connection, rider: Rider, status: str = "active", *, in_hours: int = 0
) -> int:
    request_id: int = await db.fetchval(
        "insert into pooling_requests (college_id, user_id, status, start, destination, "
        "departure, solo_meters, reach) values ($1, $2, $3, '(72.83,19.1)', '(72.85,19.2)', "
        "tstzrange(now() + $4, now() + $4 + interval '1 hour'), 1000, '(73,20),(72,19)') "
        "returning request_id",
        rider.college_id,
        rider.id,
        status,
        timedelta(hours=in_hours),
    )
    return request_id


async def request_state(db: asyncpg.Connection, request_id: int) -> tuple[str, str | None, bool]:
    row = await db.fetchrow(
        "select status, cancel_reason, closed_at is not null as closed from pooling_requests "
        "where request_id = $1",
        request_id,
    )
    return row["status"], row["cancel_reason"], row["closed"]


async def test_a_warning_reaches_the_rider_with_its_note_and_no_name(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up(full_name="Asha Rao")
    answer = await act(moderator, "warn", rider, note=f"  {WHY}\n")
    assert answer.status_code == 200
    line = answer.json()
    assert line.pop("id") > 0
    assert line.pop("acted_at").endswith(("Z", "+00:00"))
    assert line == {
        "act": "warn",
        "actor": {"id": moderator.id, "full_name": "Meera Moderator"},
        "subject": {"id": rider.id, "full_name": "Asha Rao"},
        "report_id": None,
        "outcome": None,
        "note": WHY,
    }
    [(type, payload)] = await events_of(db, rider)
    assert (type, msgspec.json.decode(payload)) == ("moderator_warning", {"note": WHY})
    assert [each["act"] for each in await acts_about(db, rider)] == ["warn"]


async def test_a_retried_warning_warns_once(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    path = f"/api/moderation/users/{rider.id}/warn"
    answers = await asyncio.gather(
        *(
            moderator.call(
                "POST", path, json={"note": WHY}, headers={"Idempotency-Key": f"warn {rider.id}"}
            )
            for _ in range(5)
        )
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(await events_of(db, rider)) == len(await acts_about(db, rider)) == 1


async def test_a_ban_shuts_out_every_device_here_at_once_and_elsewhere_within_a_second(
    campus: Campus, moderator: Rider, other_worker: httpx.AsyncClient
) -> None:
    rider, bystander = await campus.sign_up(), await campus.sign_up()
    phone = await rider.on_another_device()

    async def status(client: httpx.AsyncClient, who: Rider) -> int:
        return (await client.get("/api/blocks", headers=who.headers)).status_code

    assert await status(other_worker, rider) == 200
    assert (await act(moderator, "ban", rider)).status_code == 200
    assert [await status(campus.client, each) for each in (rider, phone)] == [401, 401]
    for device in (rider, phone):

        async def is_out(device: Rider = device) -> bool:
            return await status(other_worker, device) == 401

        await until(is_out)
    for client in (campus.client, other_worker):
        assert await status(client, bystander) == 200


async def test_the_banned_cannot_come_back_before_the_ban_is_lifted(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    assert (await act(moderator, "ban", rider)).json()["act"] == "ban"
    login = {"email": rider.email, "password": rider.password}
    answer = await campus.client.post("/api/auth/login", json=login)
    assert (answer.status_code, answer.json()["code"]) == (403, "banned")
    lifted = await act(moderator, "unban", rider, note="He has apologised.")
    assert (lifted.status_code, lifted.json()["act"]) == (200, "unban")
    old_token = rider.access_token
    await rider.sign_in()
    assert (await rider.call("GET", "/api/blocks")).status_code == 200
    rider.access_token = old_token
    assert (await rider.call("GET", "/api/blocks")).status_code == 401
    assert [(each["act"], each["note"]) for each in await acts_about(db, rider)] == [
        ("ban", WHY),
        ("unban", "He has apologised."),
    ]


async def test_what_is_so_already_is_a_conflict(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    early = await act(moderator, "unban", rider)
    assert (early.status_code, early.json()["code"]) == (409, "not_banned")
    assert (await act(moderator, "ban", rider)).status_code == 200
    again = await act(moderator, "ban", rider)
    assert (again.status_code, again.json()["code"]) == (409, "banned_already")
    assert [each["act"] for each in await acts_about(db, rider)] == ["ban"]


@pytest.mark.parametrize("name", ["ban", "unban"])
async def test_of_two_moderators_at_once_one_acts(
    campus: Campus, moderator: Rider, new_staff: NewStaff, db: asyncpg.Connection, name: str
) -> None:
    colleague, rider = await new_staff("admin"), await campus.sign_up()
    if name == "unban":
        await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
    async with db.transaction():
        await db.execute("select from users where user_id = $1 for update", rider.id)
        both = [asyncio.create_task(act(each, name, rider)) for each in (moderator, colleague)]
        await until_waiting_for_locks(db, 2)
    answers = await asyncio.gather(*both)
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    assert await is_banned(db, rider) == (name == "ban")
    assert [each["act"] for each in await acts_about(db, rider)] == [name]


async def test_of_two_admins_who_ban_each_other_one_stays(
    new_staff: NewStaff, db: asyncpg.Connection
) -> None:
    """Whoever locked their own row first would now wait for the other one for ever."""
    one, other = await new_staff("admin"), await new_staff("admin")
    assert one.id < other.id
    async with db.transaction():
        await db.execute("select from users where user_id = $1 for update", other.id)
        first = asyncio.create_task(act(other, "ban", one))
        await until_waiting_for_locks(db, 1)
        second = asyncio.create_task(act(one, "ban", other))
        await until_waiting_for_locks(db, 2)
    answers = [await first, await second]
    assert [answer.status_code for answer in answers] == [200, 404]
    assert [await is_banned(db, each) for each in (one, other)] == [True, False]


async def test_all_open_rides_of_the_banned_leave_the_road(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider, asker, bystander = [await campus.sign_up() for _ in range(3)]
    theirs, asking, elsewhere = [
        await go_on_the_road(db, each) for each in (rider, asker, bystander)
    ]
    planned = await go_on_the_road(db, rider, in_hours=5)
    shared = await go_on_the_road(db, rider, "matched", in_hours=10)
    ask = (
        "insert into connections (college_id, from_request, to_request, from_user, to_user) "
        "values ($1, $2, $3, $4, $5) returning connection_id"
    )
    hopeless = [
        await db.fetchval(ask, rider.college_id, asking, theirs, asker.id, rider.id),
        await db.fetchval(ask, rider.college_id, theirs, elsewhere, rider.id, bystander.id),
        await db.fetchval(ask, rider.college_id, asking, planned, asker.id, rider.id),
    ]
    kept = await db.fetchval(ask, rider.college_id, asking, elsewhere, asker.id, bystander.id)
    assert (await act(moderator, "ban", rider)).status_code == 200
    for each in (theirs, planned):
        assert await request_state(db, each) == ("cancelled", "moderator", True)
    assert await request_state(db, shared) == ("matched", None, False)
    assert await request_state(db, asking) == ("active", None, False)
    states = "select status from connections where connection_id = $1"
    assert [await db.fetchval(states, each) for each in (*hopeless, kept)] == [
        "withdrawn",
        "withdrawn",
        "withdrawn",
        "pending",
    ]


async def test_a_ride_that_is_shared_is_not_ended_under_its_riders(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    request_id = await go_on_the_road(db, rider, "matched")
    assert (await act(moderator, "ban", rider)).status_code == 200
    assert await request_state(db, request_id) == ("matched", None, False)


async def test_a_refused_ban_changes_nothing(
    campus: Campus, moderator: Rider, new_staff: NewStaff, db: asyncpg.Connection
) -> None:
    admin = await new_staff("admin")
    request_id = await go_on_the_road(db, admin)
    assert (await act(moderator, "ban", admin)).status_code == 403
    assert await request_state(db, request_id) == ("active", None, False)
    assert await acts_about(db, admin) == []
    assert (await admin.call("GET", "/api/blocks")).status_code == 200


@pytest.mark.parametrize("name", ["warn", "ban", "unban"])
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"note": ""}, "note"),
        ({"note": "   "}, "note"),
        ({"note": "x" * 1001}, "note"),
        ({"note": "a\0b"}, "note"),
        ({"note": 7}, "note"),
        ({"until": "tomorrow"}, "until"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_by_field(
    campus: Campus, moderator: Rider, name: str, changes: dict[str, Any], field: str
) -> None:
    rider = await campus.sign_up()
    path = f"/api/moderation/users/{rider.id}/{name}"
    answer = await moderator.call("POST", path, json={"note": WHY, **changes})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_the_longest_note_fits(campus: Campus, moderator: Rider) -> None:
    note = "\u00e9" * 1000
    assert (await act(moderator, "warn", await campus.sign_up(), note)).json()["note"] == note


@pytest.mark.parametrize("subject", ["student", "moderator", "admin"])
@pytest.mark.parametrize("who", ["moderator", "admin"])
def test_only_admins_judge_staff(who: str, subject: str) -> None:
    assert may_sanction(who, subject) == (who == "admin" or subject == "student")
