"""The audit trail: what moderators did. Triggers see to it that nobody changes a line."""

from sanic import Blueprint, HTTPResponse, Request

from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import NOT_FOUND
from tripsync.http.responses import answer
from tripsync.moderation.desk import on_the_desk
from tripsync.moderation.schemas import AuditTrail

blueprint = Blueprint("audit")


@blueprint.get("/api/moderation/audit")
@endpoint(query=Page, answer=AuditTrail, refuses=(NOT_FOUND,))
async def list_acts(request: Request, query: Page) -> HTTPResponse:
    """List what was done by the moderators of one's college, the latest first; for moderators."""
    who = rider(request)
    trail = on_the_desk(
        await reading(request).moderation.list_acts(
            college_id=who.college_id,
            moderator_id=who.user_id,
            before=query.after(int),
            skip=query.skip,
            size=query.limit,
        )
    )
    following = next_cursor(trail, query, lambda act: act["id"])
    return answer({"acts": trail, "next_cursor": following})
