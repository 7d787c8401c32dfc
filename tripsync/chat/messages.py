"""A message is stored, and all who take part are told in the same transaction."""

from dataclasses import dataclass
from typing import Any

from tripsync.chat.conversations import is_open_to_college, open_conversation
from tripsync.chat.events import MessagesRead
from tripsync.chat.problems import CHAT_CLOSED, NO_SUCH_CONVERSATION
from tripsync.database import Transaction
from tripsync.http.problems import Problem
from tripsync.http.rate_limits import RateLimits
from tripsync.http.tokens import Rider
from tripsync.realtime.events import CHANNEL, append_many
from tripsync.resources import Resources

# As fast as anybody types, for as long as they like.
MESSAGES = "60/minute"


class NothingWritten(Exception):  # noqa: N818 - it is no error: the longer way follows
    """One statement found nowhere to write; what the longer way does, or why it refuses, is seen
    there."""


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What somebody writes, to a rider or in a conversation."""

    content: str
    receiver_id: int | None = None
    conversation_id: int | None = None


async def count_message(resources: Resources, who: Rider) -> None:
    """Count one message; a 429 when it is one too many."""
    await resources[RateLimits].count(MESSAGES, "chat message", "account", str(who.user_id))


async def write_at_once(
    resources: Resources, db: Transaction, who: Rider, message: NewMessage
) -> dict[str, Any]:
    """Store a message by one statement, in a conversation that needs nothing done before."""
    written = await db.chat.write_message(
        college_id=who.college_id,
        user_id=who.user_id,
        receiver_id=message.receiver_id,
        conversation_id=message.conversation_id,
        content=message.content.strip(),
        open_to_college=is_open_to_college(resources),
    )
    if written is None:
        raise NothingWritten
    stored = dict(written)
    db.publish(CHANNEL, stored.pop("news"))
    return stored


async def write(
    resources: Resources, db: Transaction, who: Rider, message: NewMessage
) -> dict[str, Any]:
    """Store a message, and before it open a conversation with a rider, or let into a pool's and
    out of it who came and went."""
    if message.receiver_id is not None:
        opened = await open_conversation(resources, db, who, message.receiver_id)
        message = NewMessage(message.content, conversation_id=opened["conversation_id"])
    where = {"college_id": who.college_id, "conversation_id": message.conversation_id}
    held = await db.chat.lock_conversation(**where, user_id=who.user_id)
    if held is None:
        raise Problem(NO_SUCH_CONVERSATION)
    if held["pool_id"] is not None:
        await db.chat.update_participants(**where, pool_id=held["pool_id"])
    try:
        return await write_at_once(resources, db, who, message)
    except NothingWritten:
        raise Problem(CHAT_CLOSED) from None


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
