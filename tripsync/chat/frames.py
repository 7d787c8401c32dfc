"""Riders send chat messages on a socket."""

from tripsync.chat.conversations import count_opening, refuse_oneself
from tripsync.chat.messages import NewMessage, NothingWritten, count_message, write, write_at_once
from tripsync.chat.schemas import ChatMessageFrame
from tripsync.database import Database, Transaction
from tripsync.http.tokens import Rider
from tripsync.realtime.frames import Frame
from tripsync.resources import Resources


async def say(resources: Resources, who: Rider, frame: ChatMessageFrame) -> None:
    """Store a message to a rider, unless it is stored already; the sender gets the event, too."""
    refuse_oneself(who, frame.receiver_id, "receiver_id")
    database = resources[Database]
    # Text is a name that the client chose: it names nothing of ours.
    if isinstance(frame.message_id, int) and await database.reading.chat.is_message_stored(
        college_id=who.college_id,
        user_id=who.user_id,
        receiver_id=frame.receiver_id,
        message_id=frame.message_id,
    ):
        return
    await count_message(resources, who)
    message = NewMessage(frame.content, frame.receiver_id)

    async def store_at_once(db: Transaction) -> None:
        await write_at_once(resources, db, who, message)

    async def store(db: Transaction) -> None:
        await write(resources, db, who, message)

    try:
        await database.run_statement(store_at_once)
    except NothingWritten:
        await count_opening(resources, who, frame.receiver_id)
        await database.run_in_transaction(store)


frames = (Frame("chat_message", ChatMessageFrame, say),)
