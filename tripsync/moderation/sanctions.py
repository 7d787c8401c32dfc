"""Moderators and operators warn, ban and promote; each act has its line in the audit trail."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar, get_args

from tripsync.database import Transaction
from tripsync.database.rows import ModerationListActs, ModerationListReports, ModerationRecordAct
from tripsync.http.problems import NOT_FOUND, Problem
from tripsync.moderation.events import ModeratorWarning
from tripsync.realtime.events import append


@dataclass(frozen=True, slots=True)
class Occasion:
    """Who does something about whom, at which college, and why."""

    college_id: int
    actor_id: int | None
    subject_id: int
    note: str


async def warn(db: Transaction, occasion: Occasion) -> ModerationRecordAct:
    """Tell the rider, who does not learn which moderator it was."""
    await append(db, occasion.subject_id, ModeratorWarning(occasion.note))
    return await record(db, "warn", occasion)


async def ban(db: Transaction, occasion: Occasion) -> ModerationRecordAct:
    """Shut the rider out and take requests that still look for company off the road.

    A ride that is shared already is not ended here: it belongs to its other riders too."""
    whose = {"college_id": occasion.college_id, "user_id": occasion.subject_id}
    await db.moderation.ban_rider(**whose)
    cancelled = [row["request_id"] for row in await db.moderation.cancel_rides(**whose)]
    await db.connections.close_pending(college_id=occasion.college_id, request_ids=cancelled)
    return await record(db, "ban", occasion)


async def unban(db: Transaction, occasion: Occasion) -> ModerationRecordAct:
    """Let the rider in again; sessions that ended stay ended."""
    await db.moderation.unban_rider(college_id=occasion.college_id, user_id=occasion.subject_id)
    return await record(db, "unban", occasion)


async def promote(db: Transaction, occasion: Occasion, role: str) -> ModerationRecordAct:
    """Give the rider another role, a lower one too."""
    await db.moderation.change_role(
        college_id=occasion.college_id, user_id=occasion.subject_id, role=role
    )
    return await record(db, "promote", occasion, outcome=role)


async def record(
    db: Transaction, act: str, occasion: Occasion, outcome: str | None = None
) -> ModerationRecordAct:
    return await db.moderation.record_act(
        college_id=occasion.college_id,
        actor_id=occasion.actor_id,
        act=act,
        subject_id=occasion.subject_id,
        report_id=None,
        outcome=outcome,
        note=occasion.note,
    )


Role = Literal["student", "moderator", "admin"]
ROLES = get_args(Role)


def may_sanction(moderator_role: str, subject_role: str) -> bool:
    """Whether a moderator of this rank may warn or ban that one: only admins judge staff, and
    whose role is not known has no rank."""
    match moderator_role:
        case "admin":
            return True
        case "moderator":
            return subject_role == "student"
        case _:
            return False


Judged = TypeVar("Judged", ModerationListReports, ModerationListActs)


def page_for_moderators(rows: Sequence[Judged]) -> Sequence[Judged]:
    """A page as the queries of sql/moderation.sql give it: one row of nulls is a moderator's
    empty page, no row is somebody who has no business here."""
    if not rows:
        raise Problem(NOT_FOUND)
    return [row for row in rows if row["id"] is not None]
