"""The audit trail: read by the moderators of the college, written once, changed by nobody."""

from typing import Any

import asyncpg
import pytest

from tests.moderation.conftest import NewStaff, acts_about, report
from tests.people import Campus, Rider

TRAIL = "/api/moderation/audit"


async def warn(moderator: Rider, subject: Rider, note: str) -> int:
    answer = await moderator.call(
        "POST", f"/api/moderation/users/{subject.id}/warn", json={"note": note}
    )
    assert answer.status_code == 200, answer.text
    return int(answer.json()["id"])


async def trail_of(moderator: Rider, query: str = "") -> list[dict[str, Any]]:
    answer = await moderator.call("GET", f"{TRAIL}?{query}")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def test_every_act_is_in_the_trail_as_it_was_answered(
    campus: Campus, new_staff: NewStaff, quiet_college: str
) -> None:
    moderator = await new_staff("moderator", college_name=quiet_college)
    assert await trail_of(moderator) == []
    rider = await campus.sign_up(college_name=quiet_college)
    other = await campus.sign_up(college_name=quiet_college)
    report_id = await report(rider, other)
    answers = []
    for path, outcome in (
        (f"reports/{report_id}/resolve", {"outcome": "banned"}),
        (f"users/{other.id}/warn", {}),
        (f"users/{other.id}/ban", {}),
        (f"users/{other.id}/unban", {}),
    ):
        body = {"note": f"About {path}.", **outcome}
        answers.append(await moderator.call("POST", f"/api/moderation/{path}", json=body))
    trail = await trail_of(moderator)
    assert trail == [answer.json() for answer in reversed(answers)]
    assert [line["act"] for line in trail] == ["unban", "ban", "warn", "resolve"]


async def test_the_trail_comes_in_pages(
    campus: Campus, new_staff: NewStaff, quiet_college: str
) -> None:
    moderator = await new_staff("moderator", college_name=quiet_college)
    rider = await campus.sign_up(college_name=quiet_college)
    latest_first = [await warn(moderator, rider, f"Warning {n}.") for n in range(5)][::-1]
    by_cursor: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        page = (await moderator.call("GET", f"{TRAIL}?limit=2{cursor}")).json()
        by_cursor += [line["id"] for line in page["items"]]
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    by_skip = [(await trail_of(moderator, f"limit=1&skip={at}"))[0]["id"] for at in range(5)]
    assert by_cursor == by_skip == latest_first


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "skip=-1", "cursor=x", "act=ban"])
async def test_absurd_pages_are_refused(moderator: Rider, query: str) -> None:
    assert (await moderator.call("GET", f"{TRAIL}?{query}")).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        "update moderation_acts set note = 'Nothing happened.'",
        "update moderation_acts set note = note where false",
        "delete from moderation_acts",
        "truncate moderation_acts",
        "truncate reports, moderation_acts",
        "truncate reports cascade",
        "insert into moderation_acts (act_id, college_id, act, subject_id, note) "
        "overriding system value "
        "select act_id, college_id, act, subject_id, 'Nothing.' from moderation_acts "
        "where act = 'warn' limit 1 on conflict (act_id) do update set note = excluded.note",
        "merge into moderation_acts using (select 1) one on true when matched then delete",
    ],
)
@pytest.mark.parametrize("mode", ["origin", "replica"])
async def test_nobody_changes_a_line_not_even_the_owner(
    campus: Campus, moderator: Rider, db: asyncpg.Connection, change: str, mode: str
) -> None:
    rider = await campus.sign_up()
    await warn(moderator, rider, "As it was.")
    owner = "select pg_has_role(relowner, 'usage') from pg_class where relname = $1"
    assert await db.fetchval(owner, "moderation_acts")
    await db.execute(f"set session_replication_role = {mode}")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="added to, never changed"):
        await db.execute(change)
    assert [line["note"] for line in await acts_about(db, rider)] == ["As it was."]


async def test_somebody_with_a_line_in_the_trail_cannot_be_deleted_with_it(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    await warn(moderator, rider, "As it was.")
    for each in (rider, moderator):
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await db.execute("delete from users where user_id = $1", each.id)
    assert len(await acts_about(db, rider)) == 1


async def test_an_act_across_two_colleges_cannot_be_written(
    campus: Campus, moderator: Rider, db: asyncpg.Connection
) -> None:
    stranger = await campus.sign_up(college_name="VJTI")
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await db.execute(
            "insert into moderation_acts (college_id, actor_id, act, subject_id, note) "
            "values ($1, $2, 'warn', $3, 'x')",
            stranger.college_id,
            moderator.id,
            stranger.id,
        )
