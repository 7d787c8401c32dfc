"""What clients send about posts that should not be there, and get back."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.schemas import Schema, says
from tripsync.services.schemas import Id, Poster

Reason = Annotated[
    Literal["harassment", "fraud", "false_identity", "offensive_content", "other"],
    Meta(examples=["fraud"]),
]
Details = Annotated[
    str,
    Meta(max_length=2000, description="in one's own words", examples=["It asks for a deposit."]),
]


class NewPostReport(Schema):
    """What is wrong with a post."""

    reason: Reason
    details: Details = ""


class PostReport(msgspec.Struct):
    """A report of a post, as its reporter sees it."""

    id: Id
    post_id: Id
    reason: Reason
    details: Details
    created_at: datetime


class Why(Schema):
    """Why a post is closed."""

    note: Annotated[
        str,
        Meta(
            max_length=1000,
            pattern=r"\S",
            description="it stays in the audit trail",
            examples=["It asks for a deposit."],
            extra=says("must say something"),
        ),
    ]


class ClosedForGood(msgspec.Struct):
    """A post that is gone, the line of the audit trail, and who wrote it."""

    post_id: Id
    act_id: Id
    poster: Poster
