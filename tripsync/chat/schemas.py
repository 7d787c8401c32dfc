"""Schemas of the chat endpoints."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.fields import (
    EmailAddress,
    FullName,
    Id,
    Moment,
    NonBlankText,
    Person,
    PhoneNumber,
)
from tripsync.http.paging import LARGEST_PAGE, ItemPage, NextCursor, Page
from tripsync.http.schemas import Schema
from tripsync.http.urls import LARGEST_ID

Content = Annotated[
    NonBlankText, Meta(max_length=4000, examples=["I am at the gate, in a red jacket."])
]
UnreadCount = Annotated[int, Meta(ge=0, description="by others, since one read", examples=[2])]


class NewChatMessage(Schema):
    """What to say, and where: to a rider, or in a conversation one takes part in."""

    content: Content
    receiver_id: Annotated[Id | None, Meta(description="this, or conversation_id")] = None
    conversation_id: Annotated[
        Id | None, Meta(description="a pool's, or one with a rider", examples=[None])
    ] = None


class ChatMessage(msgspec.Struct):
    """A message, as those who take part read it."""

    id: Id
    conversation_id: Id
    sender_id: Id
    sender_name: FullName
    content: Content
    created_at: Moment
    is_read: Annotated[
        bool,
        Meta(
            description="of one's own: whether all who hear it have read it; of others': true",
            examples=[True],
        ),
    ]


class ChatMessageQuery(Schema):
    """Which part of a conversation."""

    limit: Annotated[
        int, Meta(ge=1, le=LARGEST_PAGE, description="how many at most", examples=[100])
    ] = LARGEST_PAGE
    before: Annotated[Id, Meta(description="only messages before this one")] | None = None


class ChatMessagePage(msgspec.Struct):
    """A page of a conversation."""

    messages: list[ChatMessage]
    next_before: Annotated[
        Id | None, Meta(description="`before` of the page that is older; null: there is none")
    ]


class ReadReceipt(Schema):
    """How far somebody has read."""

    message_id: Annotated[Id, Meta(description="the last one read")] | None = None


class MarkedRead(msgspec.Struct):
    """How much that was."""

    marked_read: Annotated[int, Meta(ge=0, examples=[3])]


class ChatPartner(msgspec.Struct):
    """The other one. How to reach them is for those who share a ride."""

    id: Id
    full_name: FullName
    phone_number: PhoneNumber | None
    email: Annotated[EmailAddress, Meta(description="empty where it is not to be shown")]
    year_of_study: Annotated[str | None, Meta(examples=["Third year"])]
    bio: Annotated[str | None, Meta(examples=["Window seat, please."])]


class LastMessage(msgspec.Struct):
    """What was said last."""

    id: Id
    content: Content
    created_at: Moment
    sender_id: Id


class OpenedConversation(msgspec.Struct):
    """A conversation, and with whom it is."""

    conversation_id: Id
    partner: ChatPartner


class PartnerQuery(Schema):
    """Whom to write to."""

    partner_id: Annotated[Id, Meta(description="whom to write to")]


class ConversationQuery(Page):
    """Which part of the conversations."""

    # The mobile app asks once, and shows what it gets.
    limit: Annotated[
        int, Meta(ge=1, le=LARGEST_PAGE, description="how many at most", examples=[100])
    ] = LARGEST_PAGE


class Conversation(msgspec.Struct):
    """A conversation with another rider, in a list."""

    conversation_id: Id
    partner: ChatPartner
    last_message: LastMessage | None
    unread_count: UnreadCount


class ConversationList(msgspec.Struct):
    """A page of one's conversations with others."""

    conversations: list[Conversation]
    next_cursor: NextCursor


class PoolConversation(msgspec.Struct):
    """The conversation of a pool, in a list."""

    conversation_id: Id
    pool_id: Id
    status: Annotated[
        Literal["open", "started", "completed", "cancelled"],
        Meta(description="of the pool", examples=["open"]),
    ]
    members: list[Person]
    last_message: LastMessage | None
    unread_count: UnreadCount


class PoolConversationPage(ItemPage[PoolConversation]):
    """A page of the conversations of one's pools."""


class ChatMessageFrame(Schema):
    """A message that comes on a socket."""

    receiver_id: Id
    content: Content
    connection_id: Annotated[
        Id | None,
        Meta(
            description="a connection's or a conversation's id, or null: `receiver_id` decides "
            "who hears it, and the event names the latest connection"
        ),
    ] = None
    message_id: (
        Annotated[
            int,
            Meta(
                ge=-LARGEST_ID,
                le=LARGEST_ID,
                description="one's own message to this receiver that is stored already; "
                "whatever else it is, the message is new",
                examples=[815],
            ),
        ]
        | Annotated[str, Meta(max_length=100, examples=["local-7"])]
        | None
    ) = None
    created_at: (
        Annotated[
            str,
            Meta(
                max_length=40,
                description="of the client's clock; ours counts",
                examples=["2026-11-20T08:30:00Z"],
            ),
        ]
        | None
    ) = None
