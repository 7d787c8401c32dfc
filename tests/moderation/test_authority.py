"""Who may do what under /api/moderation: by rank, by college, at this very moment."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
import pytest

from tests.moderation.conftest import NewStaff, acts_about, events_of, is_banned, report
from tests.people import Campus, Rider

NOTE = {"note": "Two riders were left waiting."}


@dataclass
class Case:
    """Somebody reported somebody, and nobody has looked at it yet."""

    reporter: Rider
    reported: Rider
    report_id: int

    async def untouched(self, db: asyncpg.Connection) -> bool:
        still_open = await db.fetchval(
            "select resolved_at is null from reports where report_id = $1", self.report_id
        )
        return (
            still_open
            and not await is_banned(db, self.reported)
            and await acts_about(db, self.reported) == []
            and await events_of(db, self.reported) == []
        )


@pytest.fixture
async def case(campus: Campus) -> Case:
    reporter, reported = await campus.sign_up(), await campus.sign_up()
    return Case(reporter, reported, await report(reporter, reported))


Call = Callable[[Case], tuple[str, str, dict[str, Any] | None]]


def users(act: str) -> Call:
    return lambda case: ("POST", f"/api/moderation/users/{case.reported.id}/{act}", NOTE)


CALLS: dict[str, Call] = {
    "read reports": lambda _: ("GET", "/api/moderation/reports", None),
    "read the trail": lambda _: ("GET", "/api/moderation/audit", None),
    "resolve": lambda case: (
        "POST",
        f"/api/moderation/reports/{case.report_id}/resolve",
        {"outcome": "dismissed", **NOTE},
    ),
    "warn": users("warn"),
    "ban": users("ban"),
    "unban": users("unban"),
}
every_call = pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())


async def send(who: Rider, case: Case, call: Call) -> httpx.Response:
    method, path, body = call(case)
    return await who.call(method, path, json=body)


@every_call
@pytest.mark.parametrize("who", ["student", "reporter", "reported"])
async def test_to_students_nothing_of_it_is_there(
    campus: Campus, case: Case, db: asyncpg.Connection, call: Call, who: str
) -> None:
    asker = {
        "student": await campus.sign_up(),
        "reporter": case.reporter,
        "reported": case.reported,
    }[who]
    answer = await send(asker, case, call)
    assert answer.status_code == 404, answer.text
    assert await case.untouched(db)


@every_call
@pytest.mark.parametrize("role", ["moderator", "admin"])
async def test_staff_of_another_college_sees_nothing_and_changes_nothing(
    new_staff: NewStaff, case: Case, db: asyncpg.Connection, call: Call, role: str
) -> None:
    foreign = await new_staff(role, college_name="VJTI")
    answer = await send(foreign, case, call)
    if "items" in answer.json():
        # Their own college's list, in which nothing of ours stands.
        assert answer.status_code == 200
        assert str(case.report_id) not in [str(each["id"]) for each in list_in(answer)]
    else:
        assert answer.status_code == 404, answer.text
    assert await case.untouched(db)


def list_in(answer: httpx.Response) -> list[dict[str, Any]]:
    body = answer.json()
    found: list[dict[str, Any]] = body["items"]
    return found


async def test_lists_are_of_ones_own_college_only(
    campus: Campus, new_staff: NewStaff, case: Case
) -> None:
    ours, theirs = await new_staff("moderator"), await new_staff("moderator", college_name="VJTI")
    one, other = [await campus.sign_up(college_name="VJTI") for _ in range(2)]
    foreign_report = await report(one, other)
    for act in ("warn", "ban"):
        path = f"/api/moderation/users/{case.reported.id}/{act}"
        assert (await ours.call("POST", path, json=NOTE)).status_code == 200
        path = f"/api/moderation/users/{other.id}/{act}"
        assert (await theirs.call("POST", path, json=NOTE)).status_code == 200
    for moderator, sees, sees_not in (
        (ours, case.reported, other),
        (theirs, other, case.reported),
    ):
        for path in ("/api/moderation/reports?limit=100", "/api/moderation/audit?limit=100"):
            subjects = [
                each["subject"]["id"] for each in list_in(await moderator.call("GET", path))
            ]
            assert sees.id in subjects
            assert sees_not.id not in subjects
    assert foreign_report != case.report_id


@every_call
async def test_without_a_token_there_is_nothing(
    client: httpx.AsyncClient, case: Case, db: asyncpg.Connection, call: Call
) -> None:
    method, path, body = call(case)
    answer = await client.request(method, path, json=body)
    assert answer.status_code == 401
    assert await case.untouched(db)


@every_call
@pytest.mark.parametrize("role", ["moderator", "admin"])
async def test_staff_of_the_college_may(
    new_staff: NewStaff, case: Case, db: asyncpg.Connection, call: Call, role: str
) -> None:
    if call is CALLS["unban"]:
        await db.execute("update users set banned_at = now() where user_id = $1", case.reported.id)
    answer = await send(await new_staff(role), case, call)
    assert answer.status_code == 200, answer.text


@every_call
async def test_a_new_role_counts_at_the_next_request(
    campus: Campus, case: Case, db: asyncpg.Connection, call: Call
) -> None:
    rider = await campus.sign_up()
    for role, seen in (("student", 404), ("moderator", 200), ("student", 404)):
        await db.execute("update users set role = $1 where user_id = $2", role, rider.id)
        if call is CALLS["unban"]:
            await db.execute(
                "update users set banned_at = now() where user_id = $1", case.reported.id
            )
        answer = await send(rider, case, call)
        assert answer.status_code == seen, answer.text


@every_call
async def test_a_banned_moderator_is_none(
    new_staff: NewStaff, case: Case, db: asyncpg.Connection, call: Call
) -> None:
    """Also while the token is still let in: the sessions here end a moment after the ban."""
    moderator = await new_staff("moderator")
    # Without the trigger that ends the sessions.
    await db.execute("set session_replication_role = replica")
    await db.execute("update users set banned_at = now() where user_id = $1", moderator.id)
    assert (await send(moderator, case, call)).status_code == 404
    assert await case.untouched(db)


@pytest.mark.parametrize("act", ["warn", "ban", "unban"])
@pytest.mark.parametrize(
    ("who", "whom", "status", "code"),
    [
        ("moderator", "moderator", 403, "above_you"),
        ("moderator", "admin", 403, "above_you"),
        ("admin", "moderator", 200, None),
        ("admin", "admin", 200, None),
    ],
)
async def test_staff_is_judged_by_admins_only(
    new_staff: NewStaff,
    db: asyncpg.Connection,
    act: str,
    who: str,
    whom: str,
    status: int,
    code: str | None,
) -> None:
    actor, subject = await new_staff(who), await new_staff(whom)
    if act == "unban":
        await db.execute("update users set banned_at = now() where user_id = $1", subject.id)
    answer = await actor.call("POST", f"/api/moderation/users/{subject.id}/{act}", json=NOTE)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    changed = act == "ban" if status == 200 else act == "unban"
    assert await is_banned(db, subject) == changed
    assert len(await acts_about(db, subject)) == (1 if status == 200 else 0)


@pytest.mark.parametrize("act", ["warn", "ban", "unban"])
@pytest.mark.parametrize("role", ["moderator", "admin"])
async def test_nobody_judges_themselves(
    new_staff: NewStaff, db: asyncpg.Connection, act: str, role: str
) -> None:
    actor = await new_staff(role)
    answer = await actor.call("POST", f"/api/moderation/users/{actor.id}/{act}", json=NOTE)
    assert (answer.status_code, answer.json()["code"]) == (403, "not_oneself")
    assert await acts_about(db, actor) == []
    assert not await is_banned(db, actor)


@pytest.mark.parametrize("act", ["warn", "ban", "unban"])
async def test_riders_of_other_colleges_and_of_none_are_the_same_to_a_moderator(
    campus: Campus, moderator: Rider, act: str
) -> None:
    stranger = await campus.sign_up(college_name="VJTI")
    answers = [
        await moderator.call("POST", f"/api/moderation/users/{user_id}/{act}", json=NOTE)
        for user_id in (stranger.id, 2**63 - 1)
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert [answer.json()["code"] for answer in answers] == ["no_such_rider"] * 2
