"""Owners start, close, reopen and complete their posts."""

from typing import Any

from sanic import Request

from tripsync.database import Transaction
from tripsync.http.context import rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import Problem
from tripsync.realtime.events import append_many
from tripsync.services import saved_searches
from tripsync.services.api import blueprint
from tripsync.services.lifecycle import Act, hold_own, move
from tripsync.services.posts import find_post
from tripsync.services.problems import (
    DEADLINE_PASSED,
    NO_SUCH_POST,
    NOT_YOUR_POST,
    POST_FULL,
    POST_OVER,
)
from tripsync.services.schemas import ServicePost


@blueprint.post("/api/services/<post_id:id>/start")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER), unnamed=True)
async def start_service(request: Request, post_id: int) -> object:
    """Begin with those who were accepted; a post that is full does so by itself."""
    return await act_on(request, post_id, Act.START)


@blueprint.post("/api/services/<post_id:id>/close")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER), unnamed=True)
async def close_service(request: Request, post_id: int) -> object:
    """Close a post of one's own; those who applied are told, and their applications stay."""
    return await act_on(request, post_id, Act.CLOSE)


@blueprint.post("/api/services/<post_id:id>/reopen")
@endpoint(
    answer=ServicePost,
    refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER, POST_FULL, DEADLINE_PASSED),
    unnamed=True,
)
async def reopen_service(request: Request, post_id: int) -> object:
    """Let others join again; there must be a place, and the deadline must lie ahead."""
    return await act_on(request, post_id, Act.REOPEN)


@blueprint.post("/api/services/<post_id:id>/complete")
@endpoint(answer=ServicePost, refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER), unnamed=True)
async def complete_service(request: Request, post_id: int) -> object:
    """Say that the work is done; both sides may review each other from now on."""
    return await act_on(request, post_id, Act.COMPLETE)


async def act_on(request: Request, post_id: int, act: Act) -> dict[str, Any]:
    who = rider(request)

    async def change(db: Transaction) -> dict[str, Any]:
        held = await hold_own(db, who, post_id)
        if act is Act.REOPEN and held["places_taken"] >= held["team_size"]:
            raise Problem(POST_FULL)
        if act is Act.REOPEN and not held["in_time"]:
            raise Problem(DEADLINE_PASSED)
        events = await move(db, who.college_id, post_id, act, held["shown_status"])
        if act is Act.REOPEN:
            events += await saved_searches.record_hits(db, who.college_id, post_id)
        await append_many(db, events)
        return await find_post(db, who, post_id)

    return await run_in_transaction(request, change)
