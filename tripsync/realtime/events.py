"""Durable events: appended in the transaction that causes them, so rolled back with it.

await events.append(db, partner_id, "ride_cancelled", {"by_user": ..., "message": ...})
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from tripsync.database import Transaction


class Event(NamedTuple):
    """What one rider is to learn."""

    user_id: int
    type: str
    payload: Mapping[str, Any]


async def append(db: Transaction, user_id: int, type: str, payload: Mapping[str, Any]) -> None:
    """Tell one rider."""
    await append_many(db, [Event(user_id, type, payload)])


async def append_many(db: Transaction, events: Sequence[Event]) -> None:
    """Tell several riders, or one several things; each rider hears in the order given."""
    if not events:
        return
    await db.events.append_events(
        user_ids=[event.user_id for event in events],
        types=[event.type for event in events],
        payloads=[event.payload for event in events],
    )
