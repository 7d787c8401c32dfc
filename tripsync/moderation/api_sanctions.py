"""Moderators warn and ban riders of their college, and read the audit trail.

Triggers refuse to change a line of the trail.
"""

from collections.abc import Awaitable, Callable

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.database.rows import ModerationFindSubject, ModerationRecordAct
from tripsync.http.context import reading, resources, rider
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import NOT_FOUND, Problem
from tripsync.moderation import sanctions
from tripsync.moderation.api import blueprint
from tripsync.moderation.problems import (
    ABOVE_YOU,
    BANNED_ALREADY,
    NO_SUCH_RIDER,
    NOT_BANNED,
    NOT_ONESELF,
)
from tripsync.moderation.sanctions import Occasion, may_sanction, page_for_moderators
from tripsync.moderation.schemas import ModerationAct, ModerationActPage, ModerationNote

ON_SOMEBODY = (ABOVE_YOU, NOT_ONESELF, NO_SUCH_RIDER)


@blueprint.post("/api/moderation/users/<user_id:id>/warn")
@endpoint(body=ModerationNote, answer=ModerationAct, refuses=ON_SOMEBODY, idempotent=True)
async def warn_user(request: Request, user_id: int, body: ModerationNote) -> object:
    """Warn a rider, who reads the note on all devices; for moderators.

    The event is `moderator_warning`, with the `note`; it does not name the moderator."""

    async def warn(
        db: Transaction, _: ModerationFindSubject, occasion: Occasion
    ) -> ModerationRecordAct:
        return await sanctions.warn(db, occasion)

    return await sanction(request, user_id, body, warn)


@blueprint.post("/api/moderation/users/<user_id:id>/ban")
@endpoint(
    body=ModerationNote,
    answer=ModerationAct,
    refuses=(*ON_SOMEBODY, BANNED_ALREADY),
    idempotent=True,
)
async def ban_user(request: Request, user_id: int, body: ModerationNote) -> object:
    """Ban a rider: signed out everywhere, and off the road; for moderators.

    An open request without company is cancelled; a ride that is shared already goes on."""

    async def ban(
        db: Transaction, subject: ModerationFindSubject, occasion: Occasion
    ) -> ModerationRecordAct:
        if subject["banned"]:
            raise Problem(BANNED_ALREADY)
        db.after_commit(resources(request)[EndedSessions].read)
        return await sanctions.ban(db, occasion)

    return await sanction(request, user_id, body, ban)


@blueprint.post("/api/moderation/users/<user_id:id>/unban")
@endpoint(
    body=ModerationNote, answer=ModerationAct, refuses=(*ON_SOMEBODY, NOT_BANNED), idempotent=True
)
async def unban_user(request: Request, user_id: int, body: ModerationNote) -> object:
    """Lift a ban: the rider can sign in again; for moderators."""

    async def unban(
        db: Transaction, subject: ModerationFindSubject, occasion: Occasion
    ) -> ModerationRecordAct:
        if not subject["banned"]:
            raise Problem(NOT_BANNED)
        return await sanctions.unban(db, occasion)

    return await sanction(request, user_id, body, unban)


async def sanction(
    request: Request,
    user_id: int,
    body: ModerationNote,
    act: Callable[[Transaction, ModerationFindSubject, Occasion], Awaitable[ModerationRecordAct]],
) -> HTTPResponse:
    """Act on somebody whom this moderator may act on, with both their rows held."""
    who = rider(request)
    concerned = {
        "college_id": who.college_id,
        "moderator_id": who.user_id,
        "user_id": user_id,
    }

    async def decide(db: Transaction) -> ModerationRecordAct:
        await db.moderation.lock_people(**concerned)
        # Asked only now: whoever waited for the rows decides by what they have become.
        subject = await db.moderation.find_subject(**concerned)
        if subject is None:
            raise Problem(NO_SUCH_RIDER)
        if user_id == who.user_id:
            raise Problem(NOT_ONESELF)
        if not may_sanction(subject["moderator_role"], subject["role"]):
            raise Problem(ABOVE_YOU)
        occasion = Occasion(who.college_id, who.user_id, user_id, body.note.strip())
        return await act(db, subject, occasion)

    return await create_once(request, decide)


@blueprint.get("/api/moderation/audit")
@endpoint(query=Page, answer=ModerationActPage, refuses=(NOT_FOUND,))
async def list_moderation_acts(request: Request, query: Page) -> object:
    """List what was done by the moderators of one's college, the latest first; for moderators."""
    who = rider(request)
    trail = page_for_moderators(
        await reading(request).moderation.list_acts(
            college_id=who.college_id,
            moderator_id=who.user_id,
            before=query.after(int),
            skip=query.skip,
            size=query.limit,
        )
    )
    following = next_cursor(trail, query, lambda act: act["id"])
    return {"items": trail, "next_cursor": following}
