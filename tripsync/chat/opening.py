"""Beginning a conversation: one for two riders, whoever begins it, and however often."""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request, Sanic

from tripsync.chat.limits import count_opening
from tripsync.chat.problems import NO_SUCH_RIDER, NOT_CONNECTED, OWN_CHAT
from tripsync.chat.schemas import OpenedConversation, PartnerQuery
from tripsync.database import Transaction
from tripsync.http.context import rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import TOO_MANY, FieldError, Problem
from tripsync.http.responses import answer
from tripsync.http.tokens import Rider

blueprint = Blueprint("opening_conversations")


@blueprint.get("/api/chat/conversations/find-or-create")
@endpoint(
    query=PartnerQuery,
    answer=OpenedConversation,
    refuses=(NO_SUCH_RIDER, NOT_CONNECTED, OWN_CHAT, TOO_MANY),
)
async def find_or_create(request: Request, query: PartnerQuery) -> HTTPResponse:
    """Find the conversation with a rider, or begin it.

    One begins it with riders one shares a ride with, or shared one to its end within 48 hours, or
    with the whole college where `CHAT_OPEN_TO` says so; what was begun may go on. Until something
    is written, it is in nobody's list."""
    who = rider(request)
    refuse_oneself(who, query.partner_id, "partner_id")
    await count_opening(request.app, who, query.partner_id)

    async def open_it(db: Transaction) -> Any:
        return await open_conversation(request.app, db, who, query.partner_id)

    opened = await run_in_transaction(request, open_it)
    return answer(opened)


def refuse_oneself(who: Rider, partner_id: int, field: str) -> None:
    if partner_id == who.user_id:
        raise Problem(OWN_CHAT, errors=[FieldError(field, OWN_CHAT.detail)])


async def open_conversation(
    app: Sanic, db: Transaction, who: Rider, partner_id: int
) -> dict[str, Any]:
    """The one conversation with this rider, if the two may write to each other."""
    pair = {"college_id": who.college_id, "user_id": who.user_id, "partner_id": partner_id}
    found = await db.chat.find_partner(**pair, open_to_college=is_open_to_college(app))
    if found is None:
        raise Problem(NO_SUCH_RIDER)
    if not found["may_write"]:
        raise Problem(NOT_CONNECTED)
    conversation_id = (
        found["conversation_id"]
        or await db.chat.open_conversation(**pair)
        # Somebody else began it at this moment.
        or await db.chat.find_conversation(**pair)
    )
    return {"conversation_id": conversation_id, "partner": found["partner"]}


def is_open_to_college(app: Sanic) -> bool:
    return bool(app.ctx.settings.chat_open_to == "college")
