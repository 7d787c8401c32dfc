"""A rider may plan several rides, as long as no two of them may leave at the same moment.

The constraint pooling_requests_do_not_overlap (migration 0038) says so too. Whoever opens a request
or changes its window holds the rider first, then the rider's open requests in the order of their
ids, so that two phones of one rider come one after the other.
"""

from collections.abc import Sequence
from datetime import datetime

from tripsync.database import Transaction
from tripsync.database.rows import RecurringLockOpenRequests, RequestsLockOpenRequests
from tripsync.http.identity import check_verified
from tripsync.http.problems import NOT_ALLOWED, Problem
from tripsync.http.tokens import Rider
from tripsync.pooling import membership
from tripsync.pooling.problems import (
    ALREADY_MATCHED,
    OVERLAPPING_REQUEST,
    REQUEST_CLOSED,
    TOO_MANY_REQUESTS,
)
from tripsync.pooling.rides import check_window
from tripsync.pooling.states import Act
from tripsync.realtime.events import Addressed

# More than anybody plans for two weeks; few enough to be held at once.
MOST_OPEN = 20


# When a ride may leave: from the first moment to the last.
Departing = tuple[datetime, datetime]


def departing(row: RequestsLockOpenRequests | RecurringLockOpenRequests) -> Departing:
    return row["depart_after"], row["depart_before"]


def overlaps(one: Departing, other: Departing) -> bool:
    """Tell whether two rides may leave at the same moment; windows that touch share one."""
    return one[0] <= other[1] and other[0] <= one[1]


async def cancel_overlapping(
    db: Transaction, who: Rider, window: Departing
) -> tuple[list[int], list[Addressed]]:
    """Lock the rider, and cancel active requests whose window overlaps this one.

    A matched ride stays, and the window is refused. Returns the cancelled requests, and events."""
    older, events = await hold_open(db, who)
    in_the_way = [row for row in older if overlaps(departing(row), window)]
    if any(row["status"] == "matched" for row in in_the_way):
        raise Problem(ALREADY_MATCHED)
    if len(older) - len(in_the_way) >= MOST_OPEN:
        raise Problem(TOO_MANY_REQUESTS)
    events += await end(db, who, in_the_way, Act.CANCEL)
    return [row["request_id"] for row in in_the_way], events


async def hold_to_change(
    db: Transaction,
    who: Rider,
    request_id: int,
    depart_after: datetime | None,
    depart_before: datetime | None,
) -> list[Addressed]:
    """Lock an active request whose window is to change.

    No other request is cancelled for that."""
    rows, events = await hold_open(db, who)
    own = {row["request_id"]: row for row in rows}
    held = own.pop(request_id, None)
    if held is None:
        raise Problem(REQUEST_CLOSED)
    if held["status"] == "matched":
        raise Problem(ALREADY_MATCHED)
    window = (depart_after or held["depart_after"], depart_before or held["depart_before"])
    check_window(*window)
    for row in own.values():
        if overlaps(departing(row), window):
            raise Problem(
                OVERLAPPING_REQUEST,
                f"Your request {row['request_id']} may leave at that time. "
                "Cancel it first, or choose another time.",
            )
    return events


async def hold_open(
    db: Transaction, who: Rider
) -> tuple[list[RequestsLockOpenRequests], list[Addressed]]:
    """Lock the rider and the rider's open requests, and expire those whose window has passed."""
    own = {"college_id": who.college_id, "user_id": who.user_id}
    verified = await db.requests.lock_rider(**own)
    if verified is None:
        raise Problem(NOT_ALLOWED)
    check_verified(db, verified)
    held = await db.requests.lock_open_requests(**own)
    expired = [row for row in held if not row["lasts"]]
    return [row for row in held if row["lasts"]], await end(db, who, expired, Act.EXPIRE)


async def end(
    db: Transaction, who: Rider, requests: Sequence[RequestsLockOpenRequests], act: Act
) -> list[Addressed]:
    """End locked requests, and withdraw their pending connections."""
    if not requests:
        return []
    await membership.move_all(db, who.college_id, requests, act)
    ended = [row["request_id"] for row in requests]
    return await membership.close_pending(db, who.college_id, ended, actor_id=who.user_id)
