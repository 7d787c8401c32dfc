"""Conversations are begun and listed: those with others, and those of one's pools.

Two riders have one conversation, whoever begins it, and however often. There are two lists, because
the mobile app expects a partner in each conversation of the first.
"""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request, Sanic

from tripsync.chat.limits import count_opening
from tripsync.chat.problems import NO_SUCH_RIDER, NOT_CONNECTED, OWN_CHAT
from tripsync.chat.schemas import (
    ConversationPage,
    Conversations,
    OpenedConversation,
    PartnerQuery,
    PoolConversations,
)
from tripsync.database import Transaction
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import next_cursor
from tripsync.http.problems import TOO_MANY, FieldError, Problem
from tripsync.http.responses import answer
from tripsync.http.tokens import Rider

blueprint = Blueprint("conversations")


@blueprint.get("/api/chat/conversations")
@endpoint(query=ConversationPage, answer=Conversations)
async def list_conversations(request: Request, query: ConversationPage) -> HTTPResponse:
    """List one's conversations with others, the latest first, and how much of each is unread.

    Those in which nothing was written are left out, and those across a block."""
    who = rider(request)
    rows = await reading(request).chat.list_conversations(
        college_id=who.college_id,
        user_id=who.user_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(rows, query, lambda row: row["last_message"]["id"])
    return answer({"conversations": rows, "next_cursor": following})


@blueprint.get("/api/chat/pools")
@endpoint(query=ConversationPage, answer=PoolConversations)
async def list_pools(request: Request, query: ConversationPage) -> HTTPResponse:
    """List the conversations of one's pools, the latest ride first.

    That of the ride now is there before anybody has written, and stays until 48 hours after it; of
    earlier rides, and of those one left, those are there in which one heard something."""
    who = rider(request)
    rows = await reading(request).chat.list_pools(
        college_id=who.college_id,
        user_id=who.user_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(rows, query, lambda row: row["conversation_id"])
    return answer({"conversations": rows, "next_cursor": following})


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
