"""Moderators for tests, and what they and the reported can see."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from tests.people import Campus, Rider

NewStaff = Callable[..., Awaitable[Rider]]


@pytest.fixture
def new_staff(campus: Campus, db: asyncpg.Connection) -> NewStaff:
    """Signs somebody up with a role: `await new_staff("admin", college_name="VJTI")`."""

    async def sign_up(role: str = "moderator", **changes: object) -> Rider:
        rider = await campus.sign_up(**changes)
        await db.execute("update users set role = $1 where user_id = $2", role, rider.id)
        return rider

    return sign_up


@pytest.fixture
async def moderator(new_staff: NewStaff) -> Rider:
    return await new_staff("moderator", full_name="Meera Moderator")


@pytest.fixture
async def quiet_college(db: asyncpg.Connection) -> str:
    """A college where nobody has reported anything. It sorts behind the known ones."""
    name = f"Zenith {secrets.token_hex(6)}"
    await db.execute(
        "insert into colleges (name, place, time_zone) values ($1, point(0, 0), 'UTC')", name
    )
    return name


async def report(reporter: Rider, subject: Rider, **changes: Any) -> int:
    """The id of a new report."""
    body = {"user_id": subject.id, "reason": "no_show", **changes}
    answer = await reporter.call("POST", "/api/reports", json=body)
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def events_of(db: asyncpg.Connection, rider: Rider) -> list[tuple[str, str]]:
    """What the rider's phone is told: type and payload, as text."""
    rows = await db.fetch(
        "select type, payload::text as payload from events where user_id = $1 order by seq",
        rider.id,
    )
    return [(row["type"], row["payload"]) for row in rows]


async def acts_about(db: asyncpg.Connection, rider: Rider) -> list[dict[str, Any]]:
    """The lines of the audit trail about somebody, oldest first."""
    rows = await db.fetch(
        "select actor_id, act, report_id, outcome, note from moderation_acts "
        "where subject_id = $1 order by act_id",
        rider.id,
    )
    return [dict(row) for row in rows]


async def is_banned(db: asyncpg.Connection, rider: Rider) -> bool:
    banned: bool = await db.fetchval(
        "select banned_at is not null from users where user_id = $1", rider.id
    )
    return banned
