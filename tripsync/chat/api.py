"""Messages are written and read; all who take part in a conversation are told of both.

A message is stored, and they are told in the same transaction.
"""

from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, HTTPResponse, Request, Sanic

from tripsync.chat.api_conversations import is_open_to_college, open_conversation, refuse_oneself
from tripsync.chat.limits import count_message, count_opening
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
    ChatMessages,
    MarkedRead,
    NewChatMessage,
    ReadUpTo,
)
from tripsync.database import Transaction
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.problems import TOO_MANY, FieldError, Problem, invalid
from tripsync.http.responses import answer
from tripsync.http.tokens import Rider
from tripsync.realtime.events import Event, append_many

blueprint = Blueprint("writing_messages")

SHOWN = ("id", "conversation_id", "sender_id", "sender_name", "content", "created_at")
TOLD = ("conversation_id", "sender_id", "sender_name", "content", "created_at")


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
async def send_message(request: Request, body: NewChatMessage) -> HTTPResponse:
    """Write to a rider, or in a conversation one takes part in.

    Between two: whoever may begin a conversation, and in one that was begun both, until one blocks
    the other. In a pool's: who rides along, until 48 hours after the ride; two with a block between
    them do not hear each other there."""
    who, app = rider(request), request.app
    receiver_id, conversation_id = body.receiver_id, body.conversation_id
    if (receiver_id is None) == (conversation_id is None):
        raise invalid(FieldError("receiver_id", "Send either receiver_id or conversation_id."))
    await count_message(app, who)
    if receiver_id is not None:
        refuse_oneself(who, receiver_id, "receiver_id")
        await count_opening(app, who, receiver_id)

    async def store(db: Transaction) -> Any:
        if receiver_id is not None:
            return await write_to(app, db, who, receiver_id, body.content)
        return await write(app, db, who, conversation_id, body.content)

    return await create_once(request, store, status=200)


async def write_to(
    app: Sanic, db: Transaction, who: Rider, receiver_id: int, content: str
) -> dict[str, Any]:
    """A message to a rider, who may hear from this one for the first time."""
    opened = await open_conversation(app, db, who, receiver_id)
    return await write(app, db, who, opened["conversation_id"], content)


async def write(
    app: Sanic, db: Transaction, who: Rider, conversation_id: int | None, content: str
) -> dict[str, Any]:
    """The next message of a conversation."""
    where = {"college_id": who.college_id, "conversation_id": conversation_id}
    held = await db.chat.lock_conversation(**where, user_id=who.user_id)
    if held is None:
        raise Problem(NO_SUCH_CONVERSATION)
    if held["pool_id"] is not None:
        await db.chat.settle_company(**where, pool_id=held["pool_id"])
    written = await db.chat.write_message(
        **where,
        user_id=who.user_id,
        content=content.strip(),
        open_to_college=is_open_to_college(app),
    )
    if written is None:
        raise Problem(CHAT_CLOSED)
    await append_many(db, [heard(written, hearer) for hearer in written["hearers"]])
    shown = {name: value for name, value in written.items() if name in SHOWN}
    return {**shown, "is_read": False}


def heard(written: Mapping[str, Any], hearer_id: int) -> Event:
    """To one who takes part. The mobile app shows every `chat_message` as one between two."""
    told = {"message_id": written["id"], **{name: written[name] for name in TOLD}}
    if written["pool_id"] is None:
        return Event(hearer_id, "chat_message", {**told, "connection_id": written["connection_id"]})
    return Event(hearer_id, "pool_message", {**told, "pool_id": written["pool_id"]})


LISTED = (*SHOWN, "is_read")


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
    messages: list[dict[str, Any]] = [
        {name: value for name, value in row.items() if name in LISTED}
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
