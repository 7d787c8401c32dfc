"""What riders may say on a socket, and what a server says to them: each feature lists its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from msgspec import Struct

from tripsync.http.schemas import Schema
from tripsync.http.tokens import Rider
from tripsync.resources import Resources


@dataclass(frozen=True, slots=True)
class Frame:
    """A message that riders send: `{"type": name, ...the fields of the schema}`.

    The act answers the one socket, or nobody when it gives None. A Problem that it raises becomes
    an `error` message; the socket stays open.
    """

    name: str
    schema: type[Schema]
    act: Callable[[Resources, Rider, Any], Awaitable[Mapping[str, Any] | None]]


class Pushed(Enum):
    """When phones are told what nobody acknowledges on a socket."""

    # At night too.
    AT_ONCE = "at once"
    # Not in the rider's quiet hours: when they end.
    BY_DAY = "by day"


@dataclass(frozen=True, slots=True)
class Message:
    """A message that riders get; a durable one is an event and carries `seq`.

    What the schema says of itself and its fields is what client authors read in /asyncapi.json.
    """

    name: str
    schema: type[Struct]
    durable: bool = True
    # None: it is seen when the app is opened, and wakes nobody.
    pushed: Pushed | None = None
