"""The state machine of a post, and who learns of its changes."""

from enum import StrEnum

from tripsync.database import Transaction
from tripsync.database.rows import ServicesEndServices, ServicesLockPost
from tripsync.http.problems import Problem
from tripsync.http.tokens import Rider
from tripsync.own_data import Whose
from tripsync.realtime.events import Addressed, append_many
from tripsync.services.events import (
    ClosingReason,
    ServiceApplicationWithdrawn,
    ServicePostClosed,
    post_closed,
)
from tripsync.services.problems import (
    NO_SUCH_POST,
    NOT_YOUR_POST,
    POST_OVER,
)


class Status(StrEnum):
    """The state of a post."""

    OPEN = "open"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class Act(StrEnum):
    """What changes the state of a post."""

    # The last place is taken, or the owner begins with those who were accepted.
    START = "start"
    CLOSE = "close"
    REOPEN = "reopen"
    COMPLETE = "complete"


class ImpossibleError(Exception):
    """This act is not possible in this state."""


MOVES = {
    (Status.OPEN, Act.START): Status.IN_PROGRESS,
    (Status.OPEN, Act.CLOSE): Status.CANCELLED,
    (Status.IN_PROGRESS, Act.CLOSE): Status.CANCELLED,
    (Status.IN_PROGRESS, Act.COMPLETE): Status.COMPLETED,
    # Somebody left, or the team became larger.
    (Status.IN_PROGRESS, Act.REOPEN): Status.OPEN,
    (Status.CANCELLED, Act.REOPEN): Status.OPEN,
}


def after(status: Status, act: Act) -> Status:
    """Return the state that follows."""
    try:
        return MOVES[status, act]
    except KeyError:
        raise ImpossibleError(f"{act} is not possible once {status}") from None


# Who hears of an act, and why nobody can join any more.
NOTIFIED: dict[Act, tuple[list[str], ClosingReason]] = {
    Act.START: (["pending"], "started"),
    Act.CLOSE: (["pending", "accepted"], "closed"),
    Act.COMPLETE: (["pending", "accepted"], "completed"),
}


async def hold_own(db: Transaction, who: Rider, post_id: int) -> ServicesLockPost:
    """Lock a post of the rider until the transaction ends."""
    held = await db.services.lock_post(
        college_id=who.college_id, reader_id=who.user_id, post_id=post_id
    )
    if held is None:
        raise Problem(NO_SUCH_POST)
    if not held["own"]:
        raise Problem(NOT_YOUR_POST)
    return held


async def move(
    db: Transaction,
    college_id: int,
    post_id: int,
    act: Act,
    status: str,
    reason: ClosingReason | None = None,
) -> list[Addressed]:
    """Move a locked post to its next state, and return the events for those who applied."""
    try:
        following = after(Status(status), act)
    except ImpossibleError:
        raise Problem(POST_OVER, f"This post is {status}: {act} is not possible.") from None
    await db.services.set_post_status(college_id=college_id, post_id=post_id, status=following)
    if act not in NOTIFIED:
        return []
    statuses, usual = NOTIFIED[act]
    left = await db.applications.list_left(
        college_id=college_id, post_id=post_id, statuses=statuses
    )
    return post_closed(left, reason or usual)


async def end_all(db: Transaction, whose: Whose) -> None:
    """Close a rider's posts and withdraw their applications, and tell the other sides."""
    ended = await db.services.end_services(**whose)
    await append_many(db, [(row["user_id"], end_of(row)) for row in ended])


def end_of(row: ServicesEndServices) -> ServiceApplicationWithdrawn | ServicePostClosed:
    if row["application"]:
        return ServiceApplicationWithdrawn(row["application"])
    return ServicePostClosed(
        application_id=row["application_id"], service_post=row["service_post"], reason="deleted"
    )
