"""Owners of posts read, accept and reject applications."""

from typing import Any

from sanic import Request

from tripsync.database import Transaction
from tripsync.database.rows import (
    ApplicationsFindApplication,
    ApplicationsFindSides,
    ApplicationsListOfPost,
    ApplicationsLockApplication,
)
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import Problem
from tripsync.http.responses import Listed
from tripsync.http.tokens import Rider
from tripsync.realtime.events import Addressed, append, append_many
from tripsync.services import lifecycle
from tripsync.services.api import blueprint
from tripsync.services.api_applications import find_application, find_sides, hold
from tripsync.services.events import (
    ServiceApplicationAccepted,
    ServiceApplicationRejected,
    poster_revealed,
    snapshot_of,
)
from tripsync.services.lifecycle import Act
from tripsync.services.problems import (
    APPLICATION_DECIDED,
    NO_SUCH_APPLICATION,
    NO_SUCH_POST,
    NOT_ACCEPTED,
    NOT_ANONYMOUS,
    NOT_YOUR_POST,
    POST_CLOSED,
    POST_FULL,
)
from tripsync.services.schemas_applications import ApplicationDecision, ServiceApplication


@blueprint.get("/api/services/<post_id:id>/applications")
@endpoint(
    query=Page, answer=list[ServiceApplication], refuses=(NO_SUCH_POST, NOT_YOUR_POST), unnamed=True
)
async def list_service_applications(request: Request, query: Page, post_id: int) -> object:
    """List the applications to a post of one's own, the latest first."""
    who = rider(request)
    found = await reading(request).applications.list_of_post(
        college_id=who.college_id,
        reader_id=who.user_id,
        post_id=post_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    if not found:
        raise Problem(NO_SUCH_POST)
    if not found[0]["own"]:
        raise Problem(NOT_YOUR_POST)
    rows = [row for row in found if row["id"] is not None]
    following = next_cursor(rows, query, lambda row: row["id"])
    return Listed([without_own(row) for row in rows], following)


def without_own(row: ApplicationsListOfPost) -> dict[str, Any]:
    return {name: each for name, each in row.items() if name != "own"}


@blueprint.put("/api/services/applications/<application_id:id>")
@endpoint(
    body=ApplicationDecision,
    answer=ServiceApplication,
    refuses=(NO_SUCH_APPLICATION, NOT_YOUR_POST, APPLICATION_DECIDED, POST_CLOSED, POST_FULL),
    unnamed=True,
)
async def decide_application(
    request: Request, body: ApplicationDecision, application_id: int
) -> object:
    """Accept or reject an application to a post of one's own; to say the same again is no error.

    Never more are accepted than `team_size`; with the last place the post is in progress, and
    those who still wait are told. Who applied in time can be accepted after the deadline too."""
    who = rider(request)

    async def settle(db: Transaction) -> ApplicationsFindApplication:
        sides, held = await hold_received(db, who, application_id)
        if held["status"] != body.status:
            await append_many(db, await decide(db, who, sides, held, application_id, body.status))
        return await find_application(db, who, application_id)

    return await run_in_transaction(request, settle)


async def hold_received(
    db: Transaction, who: Rider, application_id: int
) -> tuple[ApplicationsFindSides, ApplicationsLockApplication]:
    """Lock a post of the rider and an application to it."""
    sides = await find_sides(db, who, application_id)
    if not sides["owns_post"]:
        raise Problem(NOT_YOUR_POST)
    return sides, await hold(db, who, sides["post_id"], application_id)


async def decide(
    db: Transaction,
    who: Rider,
    sides: ApplicationsFindSides,
    held: ApplicationsLockApplication,
    application_id: int,
    status: str,
) -> list[Addressed]:
    """Accept or reject a locked application, and return the events for all who applied."""
    if held["status"] != "pending":
        raise Problem(APPLICATION_DECIDED)
    if status == "accepted":
        check_room(held)
    await db.applications.set_status(
        college_id=who.college_id, application_id=application_id, status=status
    )
    snapshot = snapshot_of(await find_application(db, who, application_id))
    decided = ServiceApplicationAccepted if status == "accepted" else ServiceApplicationRejected
    events: list[Addressed] = [(sides["user_id"], decided(snapshot))]
    if (
        status == "accepted"
        and held["post_status"] == "open"
        and held["places_taken"] + 1 == held["team_size"]
    ):
        events += await lifecycle.move(
            db, who.college_id, sides["post_id"], Act.START, "open", "full"
        )
    return events


def check_room(held: ApplicationsLockApplication) -> None:
    if held["post_status"] not in ("open", "in_progress") or held["deleted"]:
        raise Problem(POST_CLOSED)
    if held["places_taken"] >= held["team_size"]:
        raise Problem(POST_FULL)


@blueprint.post("/api/services/applications/<application_id:id>/reveal")
@endpoint(
    answer=ServiceApplication,
    refuses=(NO_SUCH_APPLICATION, NOT_YOUR_POST, NOT_ACCEPTED, NOT_ANONYMOUS),
    unnamed=True,
)
async def reveal_poster(request: Request, application_id: int) -> object:
    """Tell somebody who was accepted who wrote the anonymous post; it cannot be taken back.

    To do it twice is no error. From then on the two may also review each other and chat."""
    who = rider(request)

    async def lift(db: Transaction) -> ApplicationsFindApplication:
        sides, held = await hold_received(db, who, application_id)
        if not held["is_anonymous"]:
            raise Problem(NOT_ANONYMOUS)
        if held["status"] != "accepted":
            raise Problem(NOT_ACCEPTED)
        if not held["revealed"]:
            await db.applications.reveal_poster(
                college_id=who.college_id, application_id=application_id
            )
            # As the owner reads it: with the owner's own name.
            application = await find_application(db, who, application_id)
            await append(db, sides["user_id"], poster_revealed(application))
        return await find_application(db, who, application_id)

    return await run_in_transaction(request, lift)
