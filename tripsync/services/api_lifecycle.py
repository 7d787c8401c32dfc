"""The life of a post: its owner begins, closes, reopens and completes it."""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.context import rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import Problem
from tripsync.http.responses import answer
from tripsync.http.tokens import Rider
from tripsync.realtime.events import Event, append_many
from tripsync.services import announcements, saved_searches
from tripsync.services.api_browsing import find_post
from tripsync.services.posts import Act, ImpossibleError, Status, after
from tripsync.services.problems import (
    DEADLINE_PASSED,
    NO_SUCH_POST,
    NOT_YOUR_POST,
    POST_FULL,
    POST_OVER,
)
from tripsync.services.schemas import ServicePost

blueprint = Blueprint("service_lifecycle")

# Who hears of an act, and why nobody can join any more.
TOLD = {
    Act.START: (["pending"], "started"),
    Act.CLOSE: (["pending", "accepted"], "closed"),
    Act.COMPLETE: (["pending", "accepted"], "completed"),
}


@blueprint.post("/api/services/<post_id:id>/start")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER), unnamed=True)
async def start_post(request: Request, post_id: int) -> HTTPResponse:
    """Begin with those who were accepted; a post that is full does so by itself."""
    return answer(await act_on(request, post_id, Act.START))


@blueprint.post("/api/services/<post_id:id>/close")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER), unnamed=True)
async def close_post(request: Request, post_id: int) -> HTTPResponse:
    """Close a post of one's own; those who applied are told, and their applications stay."""
    return answer(await act_on(request, post_id, Act.CLOSE))


@blueprint.post("/api/services/<post_id:id>/reopen")
@endpoint(
    answer=ServicePost,
    refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER, POST_FULL, DEADLINE_PASSED),
    unnamed=True,
)
async def reopen_post(request: Request, post_id: int) -> HTTPResponse:
    """Let others join again; there must be a place, and the deadline must lie ahead."""
    return answer(await act_on(request, post_id, Act.REOPEN))


@blueprint.post("/api/services/<post_id:id>/complete")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER), unnamed=True)
async def complete_post(request: Request, post_id: int) -> HTTPResponse:
    """Say that the work is done; both sides may review each other from now on."""
    return answer(await act_on(request, post_id, Act.COMPLETE))


async def act_on(request: Request, post_id: int, act: Act) -> dict[str, Any]:
    who = rider(request)

    async def change(db: Transaction) -> Any:
        held = await hold_own(db, who, post_id)
        if act is Act.REOPEN and held["places_taken"] >= held["team_size"]:
            raise Problem(POST_FULL)
        if act is Act.REOPEN and not held["in_time"]:
            raise Problem(DEADLINE_PASSED)
        events = await move(db, who.college_id, post_id, act, held["shown_status"])
        if act is Act.REOPEN:
            events += await saved_searches.tell(db, who.college_id, post_id)
        await append_many(db, events)
        return await find_post(db, who, post_id)

    return await run_in_transaction(request, change)


async def hold_own(db: Transaction, who: Rider, post_id: int) -> Any:
    """A post of one's own that nobody else changes until the transaction ends."""
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
    reason: str | None = None,
) -> list[Event]:
    """Move a post that is held, and what those who applied learn of it."""
    try:
        following = after(Status(status), act)
    except ImpossibleError:
        raise Problem(POST_OVER, f"This post is {status}: {act} is not possible.") from None
    await db.services.set_post_status(college_id=college_id, post_id=post_id, status=following)
    if act not in TOLD:
        return []
    statuses, usual = TOLD[act]
    left = await db.applications.list_left(
        college_id=college_id, post_id=post_id, statuses=statuses
    )
    return announcements.post_closed(left, reason or usual)
