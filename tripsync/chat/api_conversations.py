"""Conversations are begun and listed: those with others, and those of one's pools.

Two riders have one conversation, whoever begins it, and however often. There are two lists, because
the mobile app expects a partner in each conversation of the first.
"""

from typing import Any

from sanic import Request

from tripsync.chat.api import blueprint
from tripsync.chat.conversations import count_opening, open_conversation, refuse_oneself
from tripsync.chat.problems import NO_SUCH_RIDER, NOT_CONNECTED, OWN_CHAT
from tripsync.chat.schemas import (
    ConversationList,
    ConversationQuery,
    OpenedConversation,
    PartnerQuery,
    PoolConversationPage,
)
from tripsync.database import Transaction
from tripsync.http.context import reading, resources, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import next_cursor
from tripsync.http.problems import TOO_MANY


@blueprint.get("/api/chat/conversations")
@endpoint(query=ConversationQuery, answer=ConversationList)
async def list_conversations(request: Request, query: ConversationQuery) -> object:
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
    return {"conversations": rows, "next_cursor": following}


@blueprint.get("/api/chat/pools")
@endpoint(query=ConversationQuery, answer=PoolConversationPage)
async def list_pool_conversations(request: Request, query: ConversationQuery) -> object:
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
    return {"items": rows, "next_cursor": following}


@blueprint.get("/api/chat/conversations/find-or-create")
@endpoint(
    query=PartnerQuery,
    answer=OpenedConversation,
    refuses=(NO_SUCH_RIDER, NOT_CONNECTED, OWN_CHAT, TOO_MANY),
)
async def find_or_create_conversation(request: Request, query: PartnerQuery) -> object:
    """Find the conversation with a rider, or begin it.

    One begins it with riders one shares a ride with, or shared one to its end within 48 hours, or
    with the whole college where `CHAT_OPEN_TO` says so; what was begun may go on. Until something
    is written, it is in nobody's list."""
    who = rider(request)
    refuse_oneself(who, query.partner_id, "partner_id")
    await count_opening(resources(request), who, query.partner_id)

    async def open_it(db: Transaction) -> dict[str, Any]:
        return await open_conversation(resources(request), db, who, query.partner_id)

    return await run_in_transaction(request, open_it)
