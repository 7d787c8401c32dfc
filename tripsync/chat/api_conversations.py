"""The lists of one's conversations: those with others, and those of one's pools.

They are two, because the mobile app expects a partner in each conversation of the first.
"""

from sanic import Blueprint, HTTPResponse, Request

from tripsync.chat.schemas import ConversationPage, Conversations, PoolConversations
from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.paging import next_cursor
from tripsync.http.responses import answer

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
