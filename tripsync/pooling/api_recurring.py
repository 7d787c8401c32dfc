"""Riders keep weekly rides, which open requests by themselves."""

from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

from sanic import HTTPResponse, Request

from tripsync.database import Bound, Transaction
from tripsync.database.rows import RecurringListRides
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.identity import EMAIL_NOT_VERIFIED, check_verified
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import NOT_ALLOWED, FieldError, Problem, invalid
from tripsync.http.tokens import Rider
from tripsync.pooling import calendar
from tripsync.pooling.api import blueprint
from tripsync.pooling.calendar import WEEKDAYS, Departure, Pattern
from tripsync.pooling.distances import alone_by_road
from tripsync.pooling.problems import (
    BAD_OFFER,
    DATE_DECIDED,
    NEVER_OCCURS,
    NO_SUCH_DATE,
    NO_SUCH_RECURRING_RIDE,
    SAME_PLACE,
    TOO_MANY_RECURRING,
)
from tripsync.pooling.rides import check_ride, ends_of, ride_values
from tripsync.pooling.schemas_recurring import (
    NewRecurringRide,
    RecurringRide,
    RecurringRideDateEdit,
    RecurringRidePage,
)

MOST_RIDES = 20
DATES_SHOWN = 5
# How far ahead single dates can be edited.
FURTHEST_DATE = timedelta(days=366)


@blueprint.post("/api/pool/recurring")
@endpoint(
    body=NewRecurringRide,
    answer=RecurringRide,
    status=201,
    refuses=(
        NOT_ALLOWED,
        EMAIL_NOT_VERIFIED,
        NEVER_OCCURS,
        BAD_OFFER,
        SAME_PLACE,
        TOO_MANY_RECURRING,
    ),
    idempotent=True,
)
async def create_recurring_ride(request: Request, body: NewRecurringRide) -> HTTPResponse:
    """Ride every week: a request is opened by itself two hours before each window.

    Times are those of the college's clocks. When these are changed, a time that does not exist
    moves on as the clocks do, and of one that exists twice the first counts. Each request is told
    of by `recurring_ride_opened`. Where another open request of one's own may leave in the same
    window, that one stays: the ride waits for it to end until its own window begins, and is skipped
    then, which `recurring_ride_skipped` tells."""
    who = rider(request)
    check_ride(body)
    alone = await alone_by_road(request, *ends_of(body))

    async def keep(db: Transaction) -> dict[str, Any]:
        own: dict[str, Any] = {"college_id": who.college_id, "user_id": who.user_id}
        verified = await db.requests.lock_rider(**own)
        if verified is None:
            raise Problem(NOT_ALLOWED)
        check_verified(db, verified)
        if await db.recurring.count_rides(**own) >= MOST_RIDES:
            raise Problem(TOO_MANY_RECURRING)
        pattern = await read_pattern(db, who, body, {})
        recurring_id = await db.recurring.keep_ride(**own, **values_of(body, alone, pattern, set()))
        return await find_own(db, who, recurring_id)

    return await create_once(request, keep)


@blueprint.get("/api/pool/recurring")
@endpoint(query=Page, answer=RecurringRidePage)
async def list_recurring_rides(request: Request, query: Page) -> object:
    """List one's weekly rides, the latest first."""
    who = rider(request)
    rows = await reading(request).recurring.list_rides(
        college_id=who.college_id,
        user_id=who.user_id,
        recurring_id=None,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(rows, query, lambda row: row["recurring_id"])
    return {"items": [shown(row) for row in rows], "next_cursor": following}


@blueprint.get("/api/pool/recurring/<recurring_id:id>")
@endpoint(answer=RecurringRide, refuses=(NO_SUCH_RECURRING_RIDE,))
async def show_recurring_ride(request: Request, recurring_id: int) -> object:
    """Show a weekly ride: when it takes place next, and what became of the last dates."""
    return await find_own(reading(request), rider(request), recurring_id)


@blueprint.put("/api/pool/recurring/<recurring_id:id>")
@endpoint(
    body=NewRecurringRide,
    answer=RecurringRide,
    refuses=(NO_SUCH_RECURRING_RIDE, NEVER_OCCURS, BAD_OFFER, SAME_PLACE),
)
async def change_recurring_ride(
    request: Request, body: NewRecurringRide, recurring_id: int
) -> object:
    """Change a weekly ride as a whole.

    A date that was given another time keeps that one where the pattern still has the date. A
    request that is on the road already stays as it is, and its date is not opened again."""
    who = rider(request)
    check_ride(body)
    alone = await alone_by_road(request, *ends_of(body))

    async def change(db: Transaction) -> dict[str, Any]:
        before, decided = await hold(db, who, recurring_id)
        pattern = await read_pattern(db, who, body, before.changes)
        await db.recurring.change_ride(
            college_id=who.college_id,
            recurring_id=recurring_id,
            **values_of(body, alone, pattern, decided),
        )
        return await find_own(db, who, recurring_id)

    return await run_in_transaction(request, change)


@blueprint.delete("/api/pool/recurring/<recurring_id:id>")
@endpoint(status=204, refuses=(NO_SUCH_RECURRING_RIDE,))
async def delete_recurring_ride(request: Request, recurring_id: int) -> None:
    """End a weekly ride; a request that is on the road already stays."""
    who = rider(request)

    async def end(db: Transaction) -> int:
        return await db.recurring.delete_ride(
            college_id=who.college_id, user_id=who.user_id, recurring_id=recurring_id
        )

    ended = await run_in_transaction(request, end)
    if not ended:
        raise Problem(NO_SUCH_RECURRING_RIDE)


@blueprint.post("/api/pool/recurring/<recurring_id:id>/pause")
@endpoint(answer=RecurringRide, refuses=(NO_SUCH_RECURRING_RIDE,))
async def pause_recurring_ride(request: Request, recurring_id: int) -> object:
    """Open nothing until it is resumed; to pause twice is no error."""
    who = rider(request)

    async def pause(db: Transaction) -> dict[str, Any]:
        await hold(db, who, recurring_id)
        await db.recurring.pause_ride(college_id=who.college_id, recurring_id=recurring_id)
        return await find_own(db, who, recurring_id)

    return await run_in_transaction(request, pause)


@blueprint.post("/api/pool/recurring/<recurring_id:id>/resume")
@endpoint(answer=RecurringRide, refuses=(NO_SUCH_RECURRING_RIDE,))
async def resume_recurring_ride(request: Request, recurring_id: int) -> object:
    """Open requests again, from now on; what the pause left out stays left out."""
    who = rider(request)

    async def resume(db: Transaction) -> dict[str, Any]:
        pattern, decided = await hold(db, who, recurring_id)
        await db.recurring.resume_ride(
            college_id=who.college_id,
            recurring_id=recurring_id,
            next_opens_at=calendar.next_opening(pattern, datetime.now(UTC), decided),
        )
        return await find_own(db, who, recurring_id)

    return await run_in_transaction(request, resume)


@blueprint.put("/api/pool/recurring/<recurring_id:id>/dates")
@endpoint(
    body=RecurringRideDateEdit,
    answer=RecurringRide,
    refuses=(NO_SUCH_RECURRING_RIDE, NO_SUCH_DATE, DATE_DECIDED),
)
async def edit_recurring_ride_date(
    request: Request, body: RecurringRideDateEdit, recurring_id: int
) -> object:
    """Change one date: skip it, give it another time, or have it as the pattern says again.

    `skip` makes it an exception date; `departs_at` or `window_minutes` give it a time of its own,
    and what is left out of the two is the pattern's; neither of them undoes both."""
    who = rider(request)
    if body.skip and (body.departs_at or body.window_minutes):
        raise invalid(FieldError("skip", "A date that is skipped has no time of its own."))

    async def edit(db: Transaction) -> dict[str, Any]:
        pattern, decided = await hold(db, who, recurring_id)
        today = datetime.now(UTC).astimezone(pattern.zone).date()
        if not (
            calendar.is_meant(pattern, body.date) and today <= body.date <= today + FURTHEST_DATE
        ):
            raise Problem(NO_SUCH_DATE)
        if body.date in decided:
            raise Problem(DATE_DECIDED)
        await write_date(db, who, recurring_id, body, pattern, today)
        edited, decided = await hold(db, who, recurring_id)
        await db.recurring.set_next_opening(
            college_id=who.college_id,
            recurring_id=recurring_id,
            next_opens_at=calendar.next_opening(edited, datetime.now(UTC), decided),
        )
        return await find_own(db, who, recurring_id)

    return await run_in_transaction(request, edit)


async def write_date(
    db: Transaction,
    who: Rider,
    recurring_id: int,
    body: RecurringRideDateEdit,
    pattern: Pattern,
    today: date,
) -> None:
    held = {"college_id": who.college_id, "recurring_id": recurring_id}
    # What has passed is let go, so that nothing grows for years.
    exceptions = {each for each in pattern.exception_dates if each >= today} - {body.date}
    if body.skip:
        exceptions.add(body.date)
    await db.recurring.set_exceptions(**held, exception_dates=sorted(exceptions))
    await db.recurring.forget_changes(**held, occurs_on=body.date, before=today)
    if body.departs_at or body.window_minutes:
        own = pattern.departure
        await db.recurring.change_date(
            **held,
            occurs_on=body.date,
            departs_at=time.fromisoformat(body.departs_at) if body.departs_at else own.at,
            window_minutes=body.window_minutes or own.window // timedelta(minutes=1),
        )


async def hold(db: Transaction, who: Rider, recurring_id: int) -> tuple[Pattern, set[date]]:
    """Lock a weekly ride of the rider; return its pattern and the dates that were decided."""
    held = await db.recurring.lock_ride(
        college_id=who.college_id, user_id=who.user_id, recurring_id=recurring_id
    )
    if held is None:
        raise Problem(NO_SUCH_RECURRING_RIDE)
    row = await find_row(db, who, recurring_id)
    return calendar.pattern_of(row, changes_of(row)), decided_of(row)


async def find_own(db: Bound, who: Rider, recurring_id: int) -> dict[str, Any]:
    return shown(await find_row(db, who, recurring_id))


async def find_row(db: Bound, who: Rider, recurring_id: int) -> RecurringListRides:
    rows = await db.recurring.list_rides(
        college_id=who.college_id,
        user_id=who.user_id,
        recurring_id=recurring_id,
        before=None,
        skip=0,
        size=1,
    )
    if not rows:
        raise Problem(NO_SUCH_RECURRING_RIDE)
    return rows[0]


async def read_pattern(
    db: Transaction, who: Rider, body: NewRecurringRide, changes: Mapping[date, Departure]
) -> Pattern:
    """Return the pattern that a client sent, in the time zone of the college."""
    zone = await db.recurring.find_time_zone(college_id=who.college_id)
    return Pattern(
        zone=ZoneInfo(zone),
        weekdays=frozenset(body.weekdays),
        departure=calendar.departure_of(body.departs_at, body.window_minutes),
        ends_on=body.ends_on,
        exception_dates=frozenset(body.exception_dates),
        changes=changes,
    )


def values_of(
    body: NewRecurringRide, alone: float | None, pattern: Pattern, decided: Collection[date]
) -> dict[str, Any]:
    """Return the columns of a pattern, which is refused when it has no date to come."""
    opens_at = calendar.next_opening(pattern, datetime.now(UTC), decided)
    if opens_at is None:
        raise Problem(NEVER_OCCURS)
    return {
        **ride_values(body, alone),
        "weekdays": sorted(pattern.weekdays, key=WEEKDAYS.index),
        "departs_at": pattern.departure.at,
        "window_minutes": body.window_minutes,
        "ends_on": body.ends_on,
        "exception_dates": sorted(pattern.exception_dates),
        "next_opens_at": opens_at,
    }


def changes_of(row: RecurringListRides) -> dict[date, Departure]:
    return {
        date.fromisoformat(each["date"]): calendar.departure_of(
            each["departs_at"], each["window_minutes"]
        )
        for each in row["changes"]
    }


def decided_of(row: RecurringListRides) -> set[date]:
    # The last ten hold all that lie ahead or have just passed.
    return {date.fromisoformat(each["date"]) for each in row["recent"]}


def shown(row: RecurringListRides) -> dict[str, Any]:
    """Return a pattern as its rider sees it, with the dates to come."""
    pattern = calendar.pattern_of(row, changes_of(row))
    coming = calendar.upcoming(pattern, datetime.now(UTC), decided_of(row))
    return {
        **row,
        "upcoming": [
            {
                "date": each.date,
                "depart_after": each.depart_after,
                "depart_before": each.depart_before,
                "changed": each.changed,
            }
            for each in islice(coming, 0 if row["paused"] else DATES_SHOWN)
        ],
    }
