"""What an event is: one class for each, which its feature's `events.py` defines."""

import re
from types import ModuleType
from typing import Any, ClassVar

import msgspec

from tripsync.realtime.frames import Message, Pushed

BEFORE_A_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class EventType(msgspec.StructMeta):
    """Reads what stands in the `class` line of an event.

    `type` is its name on the wire, where that is not the name of the class in snake case. An event
    that is not `durable` is not kept: devices that are on the line get it. `pushed` says when
    phones are woken by it, and without it none is."""

    def __new__(
        mcls,
        name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        *,
        type: str | None = None,
        durable: bool = True,
        pushed: Pushed | None = None,
        **config: Any,
    ) -> Any:
        if pushed and not durable:
            raise TypeError(f"{name} is pushed, so it has to be kept")
        made: Any = super().__new__(mcls, name, bases, namespace, **config)
        made.type = type or BEFORE_A_CAPITAL.sub("_", name).lower()
        made.durable = durable
        made.pushed = pushed
        return made


class Event(msgspec.Struct, metaclass=EventType, forbid_unknown_fields=True):
    """What riders learn: `class MatchFound(Event, pushed=Pushed.BY_DAY)`.

    Its fields are its payload. What the class says of itself and of them is what client authors
    read in /asyncapi.json.
    """

    type: ClassVar[str]
    durable: ClassVar[bool]
    pushed: ClassVar[Pushed | None]


def events_in(module: ModuleType) -> tuple[type[Event], ...]:
    """All events that a module defines, in its order."""
    return tuple(
        each
        for each in vars(module).values()
        if isinstance(each, type) and issubclass(each, Event) and each.__module__ == module.__name__
    )


def as_message(event: Event) -> dict[str, Any]:
    """An event that is not kept, as devices hear it."""
    return {"type": event.type, **msgspec.structs.asdict(event)}


def messages_in(module: ModuleType) -> tuple[Message, ...]:
    return tuple(Message(each.type, each, each.durable, each.pushed) for each in events_in(module))
