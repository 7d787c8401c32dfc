"""Riders report posts, and moderators act on them."""

from typing import Any

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.context import rider
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.problems import TOO_MANY, Problem
from tripsync.http.rate_limits import Limit, count_try
from tripsync.realtime.events import append_many
from tripsync.services.api import blueprint
from tripsync.services.events import post_closed
from tripsync.services.problems import NO_SUCH_POST, OWN_POST_REPORTED, POST_REPORTED
from tripsync.services.schemas import ClosedService, NewServiceReport, ServiceClosing, ServiceReport

# By one rider narrowly, from a campus's one address widely, as reports of riders are.
POST_REPORTS = Limit("post report", per_address="120/minute", per_account="20/hour")


@blueprint.post("/api/services/<post_id:id>/report")
@endpoint(
    body=NewServiceReport,
    answer=ServiceReport,
    status=201,
    refuses=(NO_SUCH_POST, POST_REPORTED, OWN_POST_REPORTED, TOO_MANY),
    idempotent=True,
)
async def report_service(request: Request, body: NewServiceReport, post_id: int) -> HTTPResponse:
    """Report a post to the moderators of the college, also where nobody knows who wrote it.

    They alone learn who reported, and who wrote it."""
    who = rider(request)
    await count_try(request, POST_REPORTS, who.email)

    async def write(db: Transaction) -> dict[str, Any]:
        poster_id = await db.services.find_poster(
            college_id=who.college_id, reader_id=who.user_id, post_id=post_id
        )
        if poster_id is None:
            raise Problem(NO_SUCH_POST)
        if poster_id == who.user_id:
            raise Problem(OWN_POST_REPORTED)
        written = await db.moderation.create_report(
            college_id=who.college_id,
            reporter_id=who.user_id,
            subject_id=poster_id,
            reason=body.reason,
            details=body.details.strip(),
            reference_kind="service",
            reference_id=post_id,
        )
        if written is None:
            raise Problem(POST_REPORTED)
        return {
            "id": written["id"],
            "reason": written["reason"],
            "details": written["details"],
            "created_at": written["created_at"],
            "post_id": post_id,
        }

    return await create_once(request, write)


@blueprint.post("/api/moderation/services/<post_id:id>/close")
@endpoint(body=ServiceClosing, answer=ClosedService, refuses=(NO_SUCH_POST,), idempotent=True)
async def close_service_for_good(
    request: Request, body: ServiceClosing, post_id: int
) -> HTTPResponse:
    """Close a post for good, whoever may see it; for moderators.

    It is nowhere any more, and its owner cannot reopen it. The owner and those who applied are
    told, not by which moderator; the audit trail says so."""
    who = rider(request)

    async def close(db: Transaction) -> dict[str, Any]:
        post = await db.services.close_for_good(
            college_id=who.college_id, moderator_id=who.user_id, post_id=post_id
        )
        if post is None:
            raise Problem(NO_SUCH_POST)
        left = await db.applications.list_left(
            college_id=who.college_id, post_id=post_id, statuses=["pending", "accepted"]
        )
        await append_many(db, post_closed([post, *left], "moderator"))
        act = await db.moderation.record_act(
            college_id=who.college_id,
            actor_id=who.user_id,
            act="close_post",
            subject_id=post["user_id"],
            report_id=None,
            outcome=str(post_id),
            note=body.note.strip(),
        )
        return {"post_id": post_id, "act_id": act["id"], "poster": act["subject"]}

    return await create_once(request, close)
