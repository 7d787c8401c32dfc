"""Students write, change and take back posts."""

from typing import Any

from msgspec import UNSET
from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.context import rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.problems import NOT_ALLOWED, Problem
from tripsync.realtime.events import append_many
from tripsync.services import lifecycle, saved_searches
from tripsync.services.events import post_closed
from tripsync.services.lifecycle import Act
from tripsync.services.posts import COLUMNS, columns_of, find_post
from tripsync.services.problems import (
    NO_SUCH_POST,
    NOT_YOUR_POST,
    POST_OVER,
    TEAM_TOO_SMALL,
    TOO_MANY_POSTS,
)
from tripsync.services.schemas import NewServicePost, ServicePost, ServicePostChange

blueprint = Blueprint("services")

MOST_POSTS = 100


@blueprint.post("/api/services")
@endpoint(
    body=NewServicePost,
    answer=ServicePost,
    status=201,
    refuses=(NOT_ALLOWED, TOO_MANY_POSTS),
    idempotent=True,
    unnamed=True,
)
async def create_service(request: Request, body: NewServicePost) -> HTTPResponse:
    """Offer something, or ask for help.

    `price` and `compensation_amount` are one amount by two names; `compensation_type` says how it
    is meant. Filters are enforced: whoever does not pass them sees nothing of the post. An
    anonymous post never shows who wrote it, and its time to the hour. Saved searches that it fits
    tell of it at once."""
    who = rider(request)
    values = columns_of(body)

    async def create(db: Transaction) -> dict[str, Any]:
        own: dict[str, Any] = {"college_id": who.college_id, "user_id": who.user_id}
        if await db.requests.lock_rider(**own) is None:
            raise Problem(NOT_ALLOWED)
        if await db.services.count_open_posts(**own) >= MOST_POSTS:
            raise Problem(TOO_MANY_POSTS)
        await db.services.name_tags(college_id=who.college_id, tags=values["tags"])
        post_id = await db.services.create_post(**own, **values, is_anonymous=body.is_anonymous)
        await append_many(db, await saved_searches.record_hits(db, who.college_id, post_id))
        return await find_post(db, who, post_id)

    return await create_once(request, create)


@blueprint.put("/api/services/<post_id:id>")
@endpoint(
    body=ServicePostChange,
    answer=ServicePost,
    refuses=(NO_SUCH_POST, NOT_YOUR_POST, POST_OVER, TEAM_TOO_SMALL),
    unnamed=True,
)
async def change_service(request: Request, body: ServicePostChange, post_id: int) -> object:
    """Change a post of one's own until it is completed.

    Whether it is anonymous stays as it is. Applications stay, also of those whom new filters would
    not let in. A team that is full now begins; one that has grown is reopened by its owner."""
    who = rider(request)
    values = columns_of(body)

    async def change(db: Transaction) -> dict[str, Any]:
        held = await lifecycle.hold_own(db, who, post_id)
        if held["status"] == "completed":
            raise Problem(POST_OVER, "This post is completed; it stays as it is.")
        team_size = held["team_size"] if body.team_size is UNSET else body.team_size
        if team_size < held["places_taken"]:
            raise Problem(TEAM_TOO_SMALL)
        if "tags" in values:
            await db.services.name_tags(college_id=who.college_id, tags=values["tags"])
        await db.services.change_post(
            college_id=who.college_id,
            user_id=who.user_id,
            post_id=post_id,
            given=list(values),
            **(dict.fromkeys(COLUMNS) | values),
        )
        events = []
        if held["status"] == "open" and team_size == held["places_taken"]:
            events += await lifecycle.move(db, who.college_id, post_id, Act.START, "open", "full")
        events += await saved_searches.record_hits(db, who.college_id, post_id)
        await append_many(db, events)
        return await find_post(db, who, post_id)

    return await run_in_transaction(request, change)


@blueprint.delete("/api/services/<post_id:id>")
@endpoint(status=204, refuses=(NO_SUCH_POST, NOT_YOUR_POST), unnamed=True)
async def delete_service(request: Request, post_id: int) -> None:
    """Delete a post of one's own; who applied keeps the application, and is told."""
    who = rider(request)

    async def delete(db: Transaction) -> None:
        await lifecycle.hold_own(db, who, post_id)
        left = await db.applications.list_left(
            college_id=who.college_id, post_id=post_id, statuses=["pending", "accepted"]
        )
        await db.services.delete_post(
            college_id=who.college_id, user_id=who.user_id, post_id=post_id
        )
        await append_many(db, post_closed(left, "deleted"))

    await run_in_transaction(request, delete)
