"""Messages are written and read; all who take part in a conversation are told of both.

A message is stored, and they are told in the same transaction.
"""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.chat.conversations import count_opening, refuse_oneself
from tripsync.chat.messages import (
    NewMessage,
    NothingWritten,
    count_message,
    mark,
    write,
    write_at_once,
)
from tripsync.chat.problems import (
    CHAT_CLOSED,
    NO_SUCH_CONVERSATION,
    NO_SUCH_RIDER,
    NOT_CONNECTED,
    OWN_CHAT,
)
from tripsync.chat.schemas import (
    ChatMessage,
    ChatMessagePage,
    ChatMessageQuery,
    MarkedRead,
    NewChatMessage,
    ReadReceipt,
)
from tripsync.database import Transaction
from tripsync.http.context import reading, resources, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.problems import TOO_MANY, FieldError, Problem, invalid

blueprint = Blueprint("chat")


@blueprint.post("/api/chat/messages")
@endpoint(
    body=NewChatMessage,
    answer=ChatMessage,
    refuses=(
        NOT_CONNECTED,
        CHAT_CLOSED,
        NO_SUCH_RIDER,
        NO_SUCH_CONVERSATION,
        OWN_CHAT,
        TOO_MANY,
    ),
    idempotent=True,
)
async def send_chat_message(request: Request, body: NewChatMessage) -> HTTPResponse:
    """Write to a rider, or in a conversation one takes part in.

    Between two: whoever may begin a conversation, and in one that was begun both, until one blocks
    the other. In a pool's: who rides along, until 48 hours after the ride; two with a block between
    them do not hear each other there."""
    who, opened = rider(request), resources(request)
    receiver_id, conversation_id = body.receiver_id, body.conversation_id
    if (receiver_id is None) == (conversation_id is None):
        raise invalid(FieldError("receiver_id", "Send either receiver_id or conversation_id."))
    if receiver_id is not None:
        refuse_oneself(who, receiver_id, "receiver_id")
    await count_message(opened, who)
    message = NewMessage(body.content, receiver_id, conversation_id)

    async def store_at_once(db: Transaction) -> dict[str, Any]:
        return await write_at_once(opened, db, who, message)

    async def store(db: Transaction) -> dict[str, Any]:
        return await write(opened, db, who, message)

    try:
        return await create_once(request, store_at_once, is_one_statement=True)
    except NothingWritten:
        if receiver_id is not None:
            await count_opening(opened, who, receiver_id)
        return await create_once(request, store)


LISTED = (
    "id",
    "conversation_id",
    "sender_id",
    "sender_name",
    "content",
    "created_at",
    "is_read",
)


@blueprint.get("/api/chat/messages/<conversation_id:id>")
@endpoint(query=ChatMessageQuery, answer=ChatMessagePage, refuses=(NO_SUCH_CONVERSATION,))
async def list_chat_messages(
    request: Request, conversation_id: int, query: ChatMessageQuery
) -> object:
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
    found = [row for row in rows if row["id"] is not None]
    # Who asks for the head alone has read nothing.
    is_read = request.method == "GET" and query.before is None
    if found and is_read and found[-1]["any_unread"]:

        async def mark_all(db: Transaction) -> None:
            await mark(db, who, conversation_id, up_to=found[-1]["id"])

        await run_in_transaction(request, mark_all)
    is_full = len(found) == query.limit
    messages = [{name: value for name, value in row.items() if name in LISTED} for row in found]
    return {"messages": messages, "next_before": found[0]["id"] if is_full else None}


@blueprint.post("/api/chat/messages/<conversation_id:id>/read")
@endpoint(body=ReadReceipt, answer=MarkedRead, refuses=(NO_SUCH_CONVERSATION,))
async def mark_conversation_read(
    request: Request, conversation_id: int, body: ReadReceipt
) -> object:
    """Say that one has read a conversation, to its end or up to a message.

    It never goes back, and to say it twice is no error."""

    async def mark_some(db: Transaction) -> int:
        return await mark(db, rider(request), conversation_id, up_to=body.message_id)

    number = await run_in_transaction(request, mark_some)
    return {"marked_read": number}
