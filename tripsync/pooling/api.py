"""Riders open, list, change and cancel pooling requests."""

from datetime import datetime
from functools import partial
from typing import Any

from msgspec import UNSET
from sanic import Blueprint, Request

from tripsync.database import Transaction
from tripsync.database.retrying import MovedError, retry
from tripsync.database.rows import MatchingShowMatches, RequestsListOwn
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.identity import EMAIL_NOT_VERIFIED
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import NOT_ALLOWED, Problem
from tripsync.http.responses import Confirmation
from tripsync.http.tokens import Rider
from tripsync.pooling import matches, membership, places, planning, saved_searches
from tripsync.pooling.distances import DistanceSource, alone_by_road, distance_source, trip_of
from tripsync.pooling.problems import (
    ALREADY_MATCHED,
    BAD_OFFER,
    BAD_WINDOW,
    NO_SUCH_REQUEST,
    OVERLAPPING_REQUEST,
    POOL_CLOSED,
    REQUEST_CLOSED,
    SAME_PLACE,
    TOO_MANY_REQUESTS,
    UNDER_WAY,
)
from tripsync.pooling.rides import check_ride, ends_of, ride_values, window_of
from tripsync.pooling.schemas import (
    MatchList,
    NewRideRequest,
    OpenedRideRequest,
    RideRequest,
    RideRequestChange,
    RideRequestPage,
)
from tripsync.pooling.states import Act
from tripsync.realtime.events import Addressed, append_many

blueprint = Blueprint("pooling")


@blueprint.post("/api/pool/requests")
@endpoint(
    body=NewRideRequest,
    answer=OpenedRideRequest,
    refuses=(
        EMAIL_NOT_VERIFIED,
        ALREADY_MATCHED,
        TOO_MANY_REQUESTS,
        BAD_WINDOW,
        BAD_OFFER,
        SAME_PLACE,
        NOT_ALLOWED,
    ),
    idempotent=True,
)
async def open_ride_request(request: Request, body: NewRideRequest) -> object:
    """Look for company on a ride.

    Several rides can be planned. Of one's own older requests those that still look for company and
    may leave at the same time are cancelled by it; beside a ride that is shared then it is refused.
    Windows that only touch count as the same time. Those who wait and fit learn of it at once, and
    so do those whose saved search it fits."""
    who = rider(request)
    window = window_of(body)
    check_ride(body)
    alone = await alone_by_road(request, *ends_of(body))

    source = distance_source(
        request, partial(places.around_new, reading(request), who, window, ride_values(body, alone))
    )

    async def put(db: Transaction) -> dict[str, Any]:
        replaced, events = await planning.cancel_overlapping(db, who, window)
        request_id = await insert(db, who, body, window, alone)
        if replaced:
            await db.requests.note_replacement(
                college_id=who.college_id, request_ids=replaced, replaced_by=request_id
            )
        found, news = await matches.find_and_notify(
            db, who.college_id, who.user_id, request_id, source
        )
        hits = await saved_searches.record_hits(db, who.college_id, request_id)
        await append_many(db, events + news + hits)
        return {"request_id": request_id, "matches": found}

    return await create_once(request, put, before=source.measure)


async def insert(
    db: Transaction,
    who: Rider,
    body: NewRideRequest,
    window: tuple[datetime, datetime],
    alone: float | None,
) -> int:
    request_id: int = await db.requests.open_request(
        college_id=who.college_id,
        user_id=who.user_id,
        depart_after=window[0],
        depart_before=window[1],
        **ride_values(body, alone),
    )
    return request_id


@blueprint.get("/api/pool/requests")
@endpoint(query=Page, answer=RideRequestPage)
async def list_ride_requests(request: Request, query: Page) -> object:
    """List one's own requests, the latest first."""
    who = rider(request)
    rows = await reading(request).requests.list_own(
        college_id=who.college_id,
        user_id=who.user_id,
        request_id=None,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(rows, query, lambda row: row["request_id"])
    return {"items": rows, "next_cursor": following}


@blueprint.get("/api/pool/requests/<request_id:id>")
@endpoint(answer=RideRequest, refuses=(NO_SUCH_REQUEST,))
async def show_ride_request(request: Request, request_id: int) -> object:
    """Show one request of one's own."""
    return await find_own(request, request_id)


@blueprint.get("/api/pool/requests/<request_id:id>/matches")
@endpoint(answer=MatchList, refuses=(NO_SUCH_REQUEST, REQUEST_CLOSED))
async def list_matches(request: Request, request_id: int) -> object:
    """List who fits now, best first, at most twenty."""
    own = await find_own(request, request_id)
    if own["status"] in ("completed", "cancelled"):
        raise Problem(REQUEST_CLOSED)
    who = rider(request)
    source = distance_source(request, partial(places.around_own, reading(request), who, own))

    async def look() -> list[MatchingShowMatches]:
        await source.measure()
        return await matches.find_matches(reading(request), who.college_id, request_id, source)

    return {"matches": [matches.matched_user(row) for row in await retry(look)]}


async def find_own(request: Request, request_id: int) -> RequestsListOwn:
    who = rider(request)
    rows = await reading(request).requests.list_own(
        college_id=who.college_id,
        user_id=who.user_id,
        request_id=request_id,
        before=None,
        skip=0,
        size=1,
    )
    if not rows:
        raise Problem(NO_SUCH_REQUEST)
    return rows[0]


@blueprint.put("/api/pool/requests/<request_id:id>")
@endpoint(
    body=RideRequestChange,
    answer=OpenedRideRequest,
    refuses=(
        NO_SUCH_REQUEST,
        ALREADY_MATCHED,
        REQUEST_CLOSED,
        OVERLAPPING_REQUEST,
        EMAIL_NOT_VERIFIED,
        BAD_WINDOW,
        NOT_ALLOWED,
    ),
)
async def change_ride_request(request: Request, body: RideRequestChange, request_id: int) -> object:
    """Change one's wishes while one still looks; who fits now learns of it.

    A window in which another ride of one's own may leave is refused, and the answer says which."""
    who = rider(request)
    own = await find_own(request, request_id)
    alone = await alone_by_road(request, *trip_of(own))

    wishes = {
        "depart_after": given(body.depart_after),
        "depart_before": given(body.depart_before),
        "seats": given(body.seats),
        "detour_percent": given(body.detour_percent),
        "same_gender": given(body.preferences.same_gender),
        "solo_road_meters": alone,
    }
    source = distance_source(
        request, partial(places.around_own, reading(request), who, own, wishes)
    )

    async def rewrite(db: Transaction) -> list[dict[str, Any]]:
        events = await planning.hold_to_change(
            db, who, request_id, wishes["depart_after"], wishes["depart_before"]
        )
        await db.requests.change_request(
            college_id=who.college_id,
            request_id=request_id,
            quiet=given(body.preferences.quiet),
            no_smoking=given(body.preferences.no_smoking),
            luggage=given(body.preferences.luggage),
            auto_match=given(body.auto_match),
            note="" if body.note is None else given(body.note),
            **wishes,
        )
        found, news = await matches.find_and_notify(
            db, who.college_id, who.user_id, request_id, source
        )
        hits = await saved_searches.record_hits(db, who.college_id, request_id)
        await append_many(db, events + news + hits)
        return found

    found = await run_in_transaction(request, rewrite, before=source.measure)
    return {"request_id": request_id, "matches": found}


def given(value: Any) -> Any:
    """Return what was sent, or None for what was left out."""
    return None if value is UNSET else value


@blueprint.delete("/api/pool/requests/<request_id:id>")
@endpoint(answer=Confirmation, refuses=(NO_SUCH_REQUEST, REQUEST_CLOSED, UNDER_WAY, POOL_CLOSED))
async def cancel_ride_request(request: Request, request_id: int) -> object:
    """Take oneself off the road.

    Who shares the ride is told; who is left alone goes back on the road while time lasts."""
    who = rider(request)
    await find_own(request, request_id)
    source = distance_source(
        request, partial(places.left_behind, reading(request), who, request_id)
    )

    async def leave(db: Transaction) -> None:
        await append_many(db, await cancel(db, who, request_id, source))

    await run_in_transaction(request, leave, before=source.measure)
    return {"message": "You are off the road."}


async def cancel(
    db: Transaction, who: Rider, request_id: int, source: DistanceSource
) -> list[Addressed]:
    college = {"college_id": who.college_id}
    if pool_id := await db.pools.find_pool_of(**college, request_id=request_id):
        return await membership.leave(db, who, pool_id, source)
    [held] = await db.requests.lock_requests(**college, request_ids=[request_id])
    if held["status"] == "matched":
        # Approved between our look and our lock.
        raise MovedError
    if held["status"] != "active" or not held["lasts"]:
        raise Problem(REQUEST_CLOSED)
    await membership.move(db, who.college_id, held, Act.CANCEL)
    return await membership.close_pending(db, who.college_id, [request_id], actor_id=who.user_id)
