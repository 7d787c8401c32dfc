"""The outbox of events: appended in the transaction that causes them, so rolled back with it.

await events.append(db, partner_id, "ride_cancelled", {"by_user": ..., "message": ...})
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tripsync.database import Transaction
from tripsync.database.rows import EventsAppendEvent, EventsAppendEvents, EventsExportEvents
from tripsync.jobs.timers import Timer
from tripsync.own_data import Erase, Section
from tripsync.realtime import event_classes

# Says whose events, and up to which number: `17:4,23:118`.
CHANNEL = "events"
SLOTS_ARE_EMPTIED_EVERY = 3600


class Event(NamedTuple):
    """What one rider is to learn."""

    user_id: int
    type: str
    payload: Mapping[str, Any]


# A rider's id, and what that rider is to learn.
Addressed = tuple[int, event_classes.Event]


async def append(
    db: Transaction, user_id: int, event: event_classes.Event | str, payload: Any = None
) -> None:
    """Tell one rider."""
    await append_rows(db, [row_of(user_id, event, payload)])


async def append_many(db: Transaction, events: Sequence[Addressed | Event]) -> None:
    """Tell several riders, or one several things; each rider hears in the order given."""
    await append_rows(db, [row_of(*each) for each in events])


def row_of(
    user_id: int, event: event_classes.Event | str, payload: Any = None
) -> tuple[int, str, Any]:
    return (user_id, event, payload) if isinstance(event, str) else (user_id, event.type, event)


async def append_rows(db: Transaction, rows: Sequence[tuple[int, str, Any]]) -> None:
    """Append what is written as rider, type and payload."""
    if len(rows) == 1:
        [(user_id, type, payload)] = rows
        announce(db, await db.events.append_event(user_id=user_id, type=type, payload=payload))
    elif rows:
        user_ids, types, payloads = zip(*rows, strict=True)
        announce(
            db,
            await db.events.append_events(user_ids=user_ids, types=types, payloads=payloads),
        )


def announce(db: Transaction, appended: Iterable[EventsAppendEvent | EventsAppendEvents]) -> None:
    """Say after the commit how far the events of each rider go now."""
    heads: dict[int, int] = {}
    for row in appended:
        heads[row["user_id"]] = max(row["seq"], heads.get(row["user_id"], 0))
    db.publish(CHANNEL, [f"{user_id}:{seq}" for user_id, seq in heads.items()])


async def forget_old(db: Transaction) -> None:
    """Empty the day that is needed next."""
    await db.events.empty_next_day()


timers = (Timer("forget old events", SLOTS_ARE_EMPTIED_EVERY, forget_old),)


CONTACTS = frozenset({"email", "phone_number", "bio", "year_of_study", "profile_image_url"})


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
