"""Reading a conversation, which tells those who wrote that it was read."""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.chat.problems import NO_SUCH_CONVERSATION
from tripsync.chat.schemas import ChatMessagePage, ChatMessages, MarkedRead, ReadUpTo
from tripsync.database import Transaction
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import Problem
from tripsync.http.responses import answer
from tripsync.http.tokens import Rider
from tripsync.realtime.events import Event, append_many

blueprint = Blueprint("reading_messages")

SHOWN = ("id", "conversation_id", "sender_id", "sender_name", "content", "created_at", "is_read")


@blueprint.get("/api/chat/messages/<conversation_id:id>")
@endpoint(query=ChatMessagePage, answer=ChatMessages, refuses=(NO_SUCH_CONVERSATION,))
async def list_messages(
    request: Request, conversation_id: int, query: ChatMessagePage
) -> HTTPResponse:
    """Read a conversation, oldest message first: the latest, or those before a message.

    The latest count as read from now on, and who wrote them is told. Who joined a pool later reads
    from then on; who left it, up to then. While a block stands between two there is no conversation
    between them, and in a pool's they do not see each other's messages."""
    who = rider(request)
    rows = await reading(request).chat.list_messages(
        college_id=who.college_id,
        user_id=who.user_id,
        conversation_id=conversation_id,
        before=query.before,
        size=query.limit,
    )
    if not rows:
        raise Problem(NO_SUCH_CONVERSATION)
    messages = [
        {name: value for name, value in row.items() if name in SHOWN}
        for row in rows
        if row["id"] is not None
    ]
    # Who asks for the head alone has read nothing.
    is_read = request.method == "GET" and query.before is None
    if messages and is_read and rows[-1]["any_unread"]:

        async def mark_all(db: Transaction) -> None:
            await mark(db, who, conversation_id, up_to=messages[-1]["id"])

        await run_in_transaction(request, mark_all)
    is_full = len(messages) == query.limit
    return answer({"messages": messages, "next_before": messages[0]["id"] if is_full else None})


@blueprint.post("/api/chat/messages/<conversation_id:id>/read")
@endpoint(body=ReadUpTo, answer=MarkedRead, refuses=(NO_SUCH_CONVERSATION,))
async def mark_read(request: Request, conversation_id: int, body: ReadUpTo) -> HTTPResponse:
    """Say that one has read a conversation, to its end or up to a message.

    It never goes back, and to say it twice is no error."""

    async def mark_some(db: Transaction) -> Any:
        return await mark(db, rider(request), conversation_id, up_to=body.message_id)

    number = await run_in_transaction(request, mark_some)
    return answer({"marked_read": number})


async def mark(db: Transaction, who: Rider, conversation_id: int, up_to: int | None) -> int:
    """How many messages of others that were; all who take part are told, if any."""
    where: dict[str, Any] = {
        "college_id": who.college_id,
        "user_id": who.user_id,
        "conversation_id": conversation_id,
    }
    if await db.chat.lock_conversation(**where) is None:
        raise Problem(NO_SUCH_CONVERSATION)
    read = await db.chat.mark_read(**where, up_to=up_to)
    if read["marked_read"]:
        told = {
            "conversation_id": conversation_id,
            "reader_id": who.user_id,
            "message_id": read["message_id"],
        }
        await append_many(db, [Event(each, "messages_read", told) for each in read["hearers"]])
    return int(read["marked_read"])
