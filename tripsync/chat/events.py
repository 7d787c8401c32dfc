"""Events of chat: messages, and that they were read."""

from typing import Annotated

from msgspec import Meta

from tripsync.chat.schemas import Content
from tripsync.http.fields import FullName, Id, Moment
from tripsync.realtime.events import Event, Pushed


class ChatMessageEvent(Event, type="chat_message", pushed=Pushed.BY_DAY):
    """Somebody wrote to one, or one wrote on another device."""

    message_id: Id
    conversation_id: Id
    connection_id: Annotated[
        Id | None, Meta(description="the latest by which the two shared a ride")
    ]
    sender_id: Id
    sender_name: FullName
    content: Content
    created_at: Moment


class PoolMessage(Event, pushed=Pushed.BY_DAY):
    """Somebody wrote in the conversation of a pool."""

    message_id: Id
    conversation_id: Id
    pool_id: Id
    sender_id: Id
    sender_name: FullName
    content: Content
    created_at: Moment


class MessagesRead(Event):
    """Somebody read what was written, or one did on another device."""

    conversation_id: Id
    reader_id: Id
    message_id: Annotated[Id, Meta(description="the last one read, and all before it")]
