"""Control messages are about the socket itself, whatever the features say over it."""

from typing import Annotated

from msgspec import Meta

from tripsync.http.schemas import Schema
from tripsync.http.tokens import EXAMPLE_TOKEN

Seq = Annotated[int, Meta(ge=0, le=2**63 - 1, examples=[118])]


# What riders say.


class Authentication(Schema):
    """Who is at this end, or still is: say it again before the token expires."""

    token: Annotated[str, Meta(min_length=1, max_length=4096, examples=[EXAMPLE_TOKEN])]


class Resumption(Schema):
    """Send what came after this event; without a number, after the last one acknowledged."""

    after: Seq | None = None


class Acknowledgement(Schema):
    """This device has taken in every event up to this one."""

    seq: Seq


class Ping(Schema):
    """Is anybody there?"""


# What they hear.


class Ready(Schema):
    """Every event after this one follows, first those of the seconds while the socket opened."""

    seq: Seq


class Resumed(Schema):
    """All that was missed has been sent, up to this event; what follows is new."""

    seq: Seq


class ReloadRequired(Schema):
    """What was missed is not kept any more: load everything anew. Events after this one follow."""

    seq: Seq


class Authenticated(Schema):
    """The token is good; another one is needed before this moment, in seconds since 1970."""

    expires_at: Annotated[int, Meta(examples=[1_767_225_600])]


class Pong(Schema):
    """Somebody is there."""


class FieldMistake(Schema):
    """What is wrong with one field of a message."""

    field: Annotated[str, Meta(examples=["content"])]
    detail: Annotated[str, Meta(examples=["The field 'content' is missing."])]


class ErrorMessage(Schema):
    """A message was refused, as an HTTP call would be; `about` is its type."""

    code: Annotated[str, Meta(description="as in HTTP's problems", examples=["invalid"])]
    detail: Annotated[
        str, Meta(description="to be shown", examples=["The field 'content' is missing."])
    ]
    errors: Annotated[list[FieldMistake], Meta(description="field by field")]
    about: Annotated[
        str, Meta(description="empty where no type could be read", examples=["chat_message"])
    ]


class GoingAway(Schema):
    """The server is about to stop; come back after this time, which differs from socket to
    socket."""

    retry_after_ms: Annotated[int, Meta(ge=0, examples=[1830])]


HEARD: dict[str, type[Schema]] = {
    "auth": Authentication,
    "resume": Resumption,
    "ack": Acknowledgement,
    "ping": Ping,
}

SAID: dict[str, type[Schema]] = {
    "ready": Ready,
    "resumed": Resumed,
    "reload_required": ReloadRequired,
    "authenticated": Authenticated,
    "pong": Pong,
    "error": ErrorMessage,
    "going_away": GoingAway,
}
