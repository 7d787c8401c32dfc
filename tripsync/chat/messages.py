"""A message is stored, and all who take part are told in the same transaction."""

from typing import Any

from tripsync.chat.conversations import is_open_to_college, open_conversation
from tripsync.chat.events import ChatMessageEvent, MessagesRead, PoolMessage
from tripsync.chat.problems import (
    CHAT_CLOSED,
    NO_SUCH_CONVERSATION,
)
from tripsync.database import Transaction
from tripsync.database.rows import ChatWriteMessage
from tripsync.http.problems import Problem
from tripsync.http.rate_limits import RateLimits
from tripsync.http.tokens import Rider
from tripsync.realtime.events import append_many
from tripsync.resources import Resources

# As fast as anybody types, for as long as they like.
MESSAGES = "60/minute"
SHOWN = ("id", "conversation_id", "sender_id", "sender_name", "content", "created_at")


async def count_message(resources: Resources, who: Rider) -> None:
    """Count one message; a 429 when it is one too many."""
    await resources[RateLimits].count(MESSAGES, "chat message", "account", str(who.user_id))


async def write_to(
    resources: Resources, db: Transaction, who: Rider, receiver_id: int, content: str
) -> dict[str, Any]:
    """Store a message to a rider, and open the conversation where there is none."""
    opened = await open_conversation(resources, db, who, receiver_id)
    return await write(resources, db, who, opened["conversation_id"], content)


async def write(
    resources: Resources, db: Transaction, who: Rider, conversation_id: int | None, content: str
) -> dict[str, Any]:
    """Store a message in a conversation, and append its event for all who take part."""
    where = {"college_id": who.college_id, "conversation_id": conversation_id}
    held = await db.chat.lock_conversation(**where, user_id=who.user_id)
    if held is None:
        raise Problem(NO_SUCH_CONVERSATION)
    if held["pool_id"] is not None:
        await db.chat.update_participants(**where, pool_id=held["pool_id"])
    written = await db.chat.write_message(
        **where,
        user_id=who.user_id,
        content=content.strip(),
        open_to_college=is_open_to_college(resources),
    )
    if written is None:
        raise Problem(CHAT_CLOSED)
    news = event_of(written)
    await append_many(db, [(hearer, news) for hearer in written["hearers"]])
    shown = {name: value for name, value in written.items() if name in SHOWN}
    return {**shown, "is_read": False}


def event_of(written: ChatWriteMessage) -> ChatMessageEvent | PoolMessage:
    """Return the event of a message. The mobile app shows every ChatMessageEvent as a message
    between two, so those of a pool are another class."""
    if written["pool_id"] is None:
        return ChatMessageEvent(
            message_id=written["id"],
            conversation_id=written["conversation_id"],
            connection_id=written["connection_id"],
            sender_id=written["sender_id"],
            sender_name=written["sender_name"],
            content=written["content"],
            created_at=written["created_at"],
        )
    return PoolMessage(
        message_id=written["id"],
        conversation_id=written["conversation_id"],
        pool_id=written["pool_id"],
        sender_id=written["sender_id"],
        sender_name=written["sender_name"],
        content=written["content"],
        created_at=written["created_at"],
    )


async def mark(db: Transaction, who: Rider, conversation_id: int, up_to: int | None) -> int:
    """Mark messages as read, notify all who take part, and return how many there were."""
    where = {
        "college_id": who.college_id,
        "user_id": who.user_id,
        "conversation_id": conversation_id,
    }
    if await db.chat.lock_conversation(**where) is None:
        raise Problem(NO_SUCH_CONVERSATION)
    read = await db.chat.mark_read(**where, up_to=up_to)
    if read["marked_read"]:
        news = MessagesRead(
            conversation_id=conversation_id,
            reader_id=who.user_id,
            message_id=read["message_id"],
        )
        await append_many(db, [(hearer, news) for hearer in read["hearers"]])
    return int(read["marked_read"])
