"""A timer opens requests for recurring rides ahead of time, each date once.

All workers may run this at the same moment: a pattern is held by one of them, and of each date the
database keeps what became of it. One transaction serves many riders, so it takes its locks in
the order that everybody does: riders, patterns, requests by id, connections, events.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, timedelta
from typing import Literal

from tripsync.database import Transaction
from tripsync.database.rows import RecurringLockDue, RecurringLockOpenRequests
from tripsync.http.identity import may_ride
from tripsync.jobs.timers import Timer
from tripsync.pooling import matches, membership, saved_searches
from tripsync.pooling.calendar import (
    EARLIER_DATES,
    OPENS_AHEAD,
    Departure,
    Obstacle,
    Occurrence,
    Pattern,
    departure_of,
    next_look,
    next_opening,
    occurrences,
    pattern_of,
    verdict,
)
from tripsync.pooling.distances import BY_ESTIMATE
from tripsync.pooling.events import (
    SkippedBecause,
    match_found,
    recurring_ride_opened,
    recurring_ride_skipped,
)
from tripsync.pooling.planning import Departing, departing, overlaps
from tripsync.pooling.states import Act
from tripsync.realtime.events import Addressed, append_many

# Patterns that one transaction takes: in a dense morning each costs a look around of some 50 ms,
# and their riders wait. The rest has the next turn: 300 a minute, and there are two hours.
AT_ONCE = 25
PERIOD_SECONDS = 5


async def open_due(db: Transaction) -> None:
    """Open requests for all dates that are due."""
    user_ids = [row["user_id"] for row in await db.recurring.find_riders_due(size=AT_ONCE)]
    if not user_ids:
        return
    riders = await db.recurring.lock_riders(user_ids=user_ids)
    due = await db.recurring.lock_due(user_ids=user_ids)
    banned = {row["user_id"] for row in riders if row["banned"]}
    unverified = {row["user_id"] for row in riders if not may_ride(db, row["verified"])}
    requests = await db.recurring.lock_open_requests(user_ids=user_ids)
    taken: dict[int, list[Departing]] = defaultdict(list)
    for request in requests:
        if request["lasts"]:
            taken[request["user_id"]].append(departing(request))
    events = await expire(db, [row for row in requests if not row["lasts"]])
    dates = await dates_of(db, due)
    for row in due:
        changes, decided = dates[row["recurring_id"]]
        pattern = pattern_of(row, changes)
        events += await open_ride(
            db, row, pattern, decided, banned=banned, unverified=unverified, taken=taken
        )
    await append_many(db, events)


async def expire(db: Transaction, requests: Sequence[RecurringLockOpenRequests]) -> list[Addressed]:
    """Expire requests whose window has passed, and withdraw their pending connections."""
    events: list[Addressed] = []
    for row in requests:
        await membership.move(db, row["college_id"], row, Act.EXPIRE)
    for college_id in sorted({row["college_id"] for row in requests}):
        passed = [row["request_id"] for row in requests if row["college_id"] == college_id]
        events += await membership.close_pending(db, college_id, passed)
    return events


async def dates_of(
    db: Transaction, rides: Sequence[RecurringLockDue]
) -> dict[int, tuple[dict[date, Departure], set[date]]]:
    """Return, by locked pattern, what differs on single dates and which dates were decided."""
    dates: dict[int, tuple[dict[date, Departure], set[date]]] = {
        row["recurring_id"]: ({}, set()) for row in rides
    }
    if not dates:
        return dates
    since = min(row["next_opens_at"] for row in rides) - EARLIER_DATES - timedelta(days=1)
    for row in await db.recurring.list_dates(recurring_ids=list(dates), since=since.date()):
        changes, decided = dates[row["recurring_id"]]
        if row["decided"]:
            decided.add(row["occurs_on"])
        else:
            changes[row["occurs_on"]] = departure_of(row["departs_at"], row["window_minutes"])
    return dates


async def open_ride(
    db: Transaction,
    row: RecurringLockDue,
    pattern: Pattern,
    decided: Collection[date],
    *,
    banned: Collection[int],
    unverified: Collection[int],
    taken: Mapping[int, list[Departing]],
) -> list[Addressed]:
    """Decide on all dates of a pattern whose time has come.

    `taken` has the windows of each rider's open requests, and gets those of the new ones."""
    now = row["looked_at"]
    events: list[Addressed] = []
    ended = set(decided)
    look_again = None
    for occurrence in occurrences(pattern, row["next_opens_at"], now + OPENS_AHEAD):
        if occurrence.date in ended:
            continue
        user_id = row["user_id"]
        window = (occurrence.depart_after, occurrence.depart_before)
        obstacle: Obstacle | None = None
        if user_id in unverified:
            obstacle = "unverified"
        elif any(overlaps(each, window) for each in taken[user_id]):
            obstacle = "busy"
        word = verdict(occurrence, now, banned=user_id in banned, obstacle=obstacle)
        if word == "wait":
            look_again = next_look(occurrence, now)
            break
        if word == "open":
            events += await put_on_road(db, row, occurrence)
            taken[user_id].append(window)
        else:
            events += await skip(db, row, occurrence, word)
        ended.add(occurrence.date)
    await db.recurring.set_next_opening(
        **named(row), next_opens_at=look_again or next_opening(pattern, now, ended)
    )
    return events


async def put_on_road(
    db: Transaction, row: RecurringLockDue, occurrence: Occurrence
) -> list[Addressed]:
    """Open the request of a date, as if its rider had done so."""
    college_id, user_id = row["college_id"], row["user_id"]
    request_id = await db.requests.open_request(
        college_id=college_id,
        user_id=user_id,
        depart_after=occurrence.depart_after,
        depart_before=occurrence.depart_before,
        start_longitude=row["start_longitude"],
        start_latitude=row["start_latitude"],
        destination_longitude=row["destination_longitude"],
        destination_latitude=row["destination_latitude"],
        start_name=row["start_name"],
        destination_name=row["destination_name"],
        seats=row["seats"],
        detour_percent=row["detour_percent"],
        role=row["role"],
        seats_offered=row["seats_offered"],
        same_gender=row["same_gender"],
        quiet=row["quiet"],
        no_smoking=row["no_smoking"],
        luggage=row["luggage"],
        auto_match=row["auto_match"],
        note=row["note"],
        solo_road_meters=row["solo_road_meters"],
    )
    await db.recurring.record_opening(
        **named(row), occurs_on=occurrence.date, request_id=request_id, skipped_because=None
    )
    # A transaction for many riders waits for no routing server.
    found, news = await matches.find_and_notify(db, college_id, user_id, request_id, BY_ESTIMATE)
    hits = await saved_searches.record_hits(db, college_id, request_id)
    return [
        recurring_ride_opened(row, occurrence, request_id),
        *(match_found(user_id, match) for match in found),
        *news,
        *hits,
    ]


async def skip(
    db: Transaction,
    row: RecurringLockDue,
    occurrence: Occurrence,
    reason: SkippedBecause | Literal["banned"],
) -> list[Addressed]:
    """Skip a date, and notify the rider of the reason, except one who is banned."""
    await db.recurring.record_opening(
        **named(row), occurs_on=occurrence.date, request_id=None, skipped_because=reason
    )
    if reason == "banned":
        return []
    return [recurring_ride_skipped(row, occurrence, reason)]


def named(row: RecurringLockDue) -> dict[str, int]:
    return {"college_id": row["college_id"], "recurring_id": row["recurring_id"]}


timers = (Timer("open recurring rides", PERIOD_SECONDS, open_due),)
