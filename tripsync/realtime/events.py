"""Events: what riders learn, and the outbox that keeps it.

They are appended in the transaction that causes them, so rolled back with it:

    await append(db, user_id, ConnectionWithdrawn(connection_id))
"""

import re
from collections.abc import Iterable, Sequence
from enum import Enum
from types import ModuleType
from typing import Any, ClassVar

import msgspec

from tripsync.database import Transaction
from tripsync.database.rows import EventsAppendEvent, EventsAppendEvents, EventsExportEvents
from tripsync.jobs.timers import Timer
from tripsync.own_data import Erase, Section

# Says whose events, and up to which number: `17:4,23:118`.
CHANNEL = "events"
SLOTS_ARE_EMPTIED_EVERY = 3600
# How riders reach each other, which the events of one ride tell.
CONTACTS = frozenset({"email", "phone_number", "bio", "year_of_study", "profile_image_url"})
BEFORE_A_CAPITAL = re.compile(r"(?<!^)(?=[A-Z])")


class Pushed(Enum):
    """When phones are told what nobody acknowledges on a socket."""

    # At night too.
    AT_ONCE = "at once"
    # Not in the rider's quiet hours: when they end.
    BY_DAY = "by day"


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


# A rider's id, and what that rider is to learn.
Addressed = tuple[int, Event]


async def append(db: Transaction, user_id: int, event: Event) -> None:
    """Tell one rider."""
    notify_after_commit(
        db, await db.events.append_event(user_id=user_id, type=event.type, payload=event)
    )


async def append_many(db: Transaction, events: Sequence[Addressed]) -> None:
    """Tell several riders, or one several things; each rider hears in the order given."""
    if len(events) == 1:
        await append(db, *events[0])
    elif events:
        notify_after_commit(
            db,
            await db.events.append_events(
                user_ids=[user_id for user_id, _ in events],
                types=[event.type for _, event in events],
                payloads=[event for _, event in events],
            ),
        )


def notify_after_commit(
    db: Transaction, appended: Iterable[EventsAppendEvent | EventsAppendEvents]
) -> None:
    """After the commit, notify all processes of the last event of each rider."""
    heads: dict[int, int] = {}
    for row in appended:
        heads[row["user_id"]] = max(row["seq"], heads.get(row["user_id"], 0))
    db.publish(CHANNEL, [f"{user_id}:{seq}" for user_id, seq in heads.items()])


async def forget_old(db: Transaction) -> None:
    """Empty the day that is needed next."""
    await db.events.empty_next_day()


timers = (Timer("forget old events", SLOTS_ARE_EMPTIED_EVERY, forget_old),)


def redact_contacts(told: Any) -> Any:
    """What a phone was told, for where more eyes than its rider's may see it."""
    match told:
        case dict():
            return {
                name: redact_contacts(each) for name, each in told.items() if name not in CONTACTS
            }
        case list():
            return [redact_contacts(each) for each in told]
        case _:
            return told


def without_contacts(row: EventsExportEvents) -> Any:
    return redact_contacts(dict(row))


sections = (Section("events", "events.export_events", shown=without_contacts),)
erasures = (Erase("events.remove_events"),)
