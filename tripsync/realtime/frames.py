"""Frames are the messages that riders send on a socket; each feature lists its own."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

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
