"""Pooling requests: on the road, and off it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from msgspec import UNSET
from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.answers import Message, answer
from tripsync.http.context import reading, rider, transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import CONFLICT, NOT_ALLOWED, FieldError, Problem
from tripsync.http.tokens import Rider
from tripsync.pooling import announcements, company, watching
from tripsync.pooling.refusals import (
    ALREADY_MATCHED,
    BAD_OFFER,
    BAD_WINDOW,
    NO_SUCH_REQUEST,
    POOL_CLOSED,
    REQUEST_CLOSED,
    SAME_PLACE,
    UNDER_WAY,
)
from tripsync.pooling.routes import Point, road_meters
from tripsync.pooling.schemas import (
    ChangedRequest,
    Matches,
    NewRequest,
    Opened,
    PoolingRequest,
    PoolingRequests,
    RideToShare,
)
from tripsync.pooling.states import Act
from tripsync.realtime.events import Event, append_many

blueprint = Blueprint("requests")

# What a request without times means.
USUAL_WINDOW = timedelta(minutes=15)
LONGEST_WINDOW = timedelta(hours=24)
FURTHEST_AHEAD = timedelta(days=14)
# Whoever "departs now" sent the request a moment ago, by a clock that may be slow.
CLOCK_TOLERANCE = timedelta(minutes=5)
# Below this nobody takes a cab, and a detour in percent means nothing.
SHORTEST_RIDE_METERS = 100


@blueprint.post("/api/pool/requests")
@endpoint(
    body=NewRequest,
    answer=Opened,
    refuses=(ALREADY_MATCHED, BAD_WINDOW, BAD_OFFER, SAME_PLACE, NOT_ALLOWED),
    idempotent=True,
)
async def open_request(request: Request, body: NewRequest) -> HTTPResponse:
    """Look for company on a ride.

    An older request of one's own that is still active is cancelled by it. Those who wait and fit
    learn of it at once, and so do those whose saved search it fits."""
    who = rider(request)
    window = window_of(body)
    check_ride(body)

    async def put_on_road(db: Transaction) -> Any:
        events = await clear_the_road(db, who)
        request_id = await insert(db, who, body, window)
        matches, news = await company.look_around(db, who.college_id, who.user_id, request_id)
        heard = await watching.tell(db, who.college_id, request_id, asked_by=request)
        await append_many(db, events + news + heard)
        return {"request_id": request_id, "matches": matches}

    return await create_once(request, put_on_road, status=200)


def window_of(body: NewRequest) -> tuple[datetime, datetime]:
    """When the rider wants to leave; with only one end given, or none, a quarter of an hour."""
    now = datetime.now(UTC)
    after = body.depart_after or min(now, body.depart_before or now)
    before = body.depart_before or max(after, now) + USUAL_WINDOW
    if after < now - CLOCK_TOLERANCE and body.depart_before is None:
        raise window_problem("depart_after", "The window to depart in must not lie behind us.")
    check_window(after, before)
    return after, before


def check_window(after: datetime, before: datetime) -> None:
    now = datetime.now(UTC)
    if before <= now or before <= after:
        raise window_problem("depart_before", "The window must end later, and after it begins.")
    if before - after > LONGEST_WINDOW:
        raise window_problem("depart_before", "The window must be 24 hours at most.")
    if before > now + FURTHEST_AHEAD:
        raise window_problem("depart_before", "The window must lie within the next 14 days.")


def window_problem(field: str, sentence: str) -> Problem:
    return Problem(BAD_WINDOW, sentence, errors=[FieldError(field, sentence)])


def check_ride(body: RideToShare) -> None:
    start = Point(body.start_latitude, body.start_longitude)
    destination = Point(body.destination_latitude, body.destination_longitude)
    if road_meters(start, destination) < SHORTEST_RIDE_METERS:
        raise Problem(SAME_PLACE)
    if (body.role == "driver") != (body.seats_offered is not None):
        raise Problem(BAD_OFFER, errors=[FieldError("seats_offered", BAD_OFFER.detail)])


async def clear_the_road(db: Transaction, who: Rider) -> list[Event]:
    """One open request a rider: an active one makes place, a matched one does not."""
    own = {"college_id": who.college_id, "user_id": who.user_id}
    if await db.requests.lock_rider(**own) is None:
        raise Problem(NOT_ALLOWED)
    events: list[Event] = []
    for older in await db.requests.lock_open_requests(**own):
        if older["status"] == "matched":
            raise Problem(ALREADY_MATCHED)
        act = Act.CANCEL if older["lasts"] else Act.EXPIRE
        await company.move(db, who.college_id, older, act)
        events += await company.close_pending(
            db, who.college_id, [older["request_id"]], told=who.user_id
        )
    return events


async def insert(
    db: Transaction, who: Rider, body: NewRequest, window: tuple[datetime, datetime]
) -> int:
    request_id: int = await db.requests.open_request(
        college_id=who.college_id,
        user_id=who.user_id,
        depart_after=window[0],
        depart_before=window[1],
        **ride_values(body),
    )
    return request_id


def ride_values(body: RideToShare) -> dict[str, Any]:
    """The columns of a ride, as a request has them and a recurring ride."""
    return {
        "start_longitude": body.start_longitude,
        "start_latitude": body.start_latitude,
        "destination_longitude": body.destination_longitude,
        "destination_latitude": body.destination_latitude,
        "start_name": body.start_name or "",
        "destination_name": body.destination_name or "",
        "seats": body.seats,
        "detour_percent": body.detour_percent,
        "role": body.role,
        "seats_offered": body.seats_offered,
        "same_gender": body.preferences.same_gender,
        "quiet": body.preferences.quiet,
        "no_smoking": body.preferences.no_smoking,
        "luggage": body.preferences.luggage,
        "auto_match": body.auto_match,
        "note": body.note or "",
    }


@blueprint.get("/api/pool/requests")
@endpoint(query=Page, answer=PoolingRequests)
async def list_requests(request: Request, query: Page) -> HTTPResponse:
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
    return answer({"requests": rows, "next_cursor": following})


@blueprint.get("/api/pool/requests/<request_id:id>")
@endpoint(answer=PoolingRequest, refuses=(NO_SUCH_REQUEST,))
async def show_request(request: Request, request_id: int) -> HTTPResponse:
    """Show one request of one's own."""
    return answer(await find_own(request, request_id))


@blueprint.get("/api/pool/requests/<request_id:id>/matches")
@endpoint(answer=Matches, refuses=(NO_SUCH_REQUEST, REQUEST_CLOSED))
async def list_matches(request: Request, request_id: int) -> HTTPResponse:
    """List who fits now, best first, at most twenty."""
    own = await find_own(request, request_id)
    if own["status"] in ("completed", "cancelled"):
        raise Problem(REQUEST_CLOSED)
    found = await reading(request).matching.find_matches(
        college_id=rider(request).college_id,
        request_id=request_id,
        both_sides=False,
        size=company.MOST_MATCHES,
    )
    return answer({"matches": [announcements.matched_user(row) for row in found]})


async def find_own(request: Request, request_id: int) -> Any:
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
    body=ChangedRequest,
    answer=Opened,
    refuses=(NO_SUCH_REQUEST, ALREADY_MATCHED, REQUEST_CLOSED, BAD_WINDOW),
)
async def change_request(request: Request, body: ChangedRequest, request_id: int) -> HTTPResponse:
    """Change one's wishes while one still looks; who fits now learns of it."""
    who = rider(request)
    await find_own(request, request_id)
    async with transaction(request) as db:
        held = await hold_active(db, who, request_id)
        check_window(
            given(body.depart_after) or held["depart_after"],
            given(body.depart_before) or held["depart_before"],
        )
        await db.requests.change_request(
            college_id=who.college_id,
            request_id=request_id,
            depart_after=given(body.depart_after),
            depart_before=given(body.depart_before),
            seats=given(body.seats),
            detour_percent=given(body.detour_percent),
            same_gender=given(body.preferences.same_gender),
            quiet=given(body.preferences.quiet),
            no_smoking=given(body.preferences.no_smoking),
            luggage=given(body.preferences.luggage),
            auto_match=given(body.auto_match),
            note="" if body.note is None else given(body.note),
        )
        matches, news = await company.look_around(db, who.college_id, who.user_id, request_id)
        heard = await watching.tell(db, who.college_id, request_id, asked_by=request)
        await append_many(db, news + heard)
    return answer({"request_id": request_id, "matches": matches})


def given(value: Any) -> Any:
    """What was sent; None for what was left out."""
    return None if value is UNSET else value


async def hold_active(db: Transaction, who: Rider, request_id: int) -> Any:
    """One's own request, held, if it still looks for company."""
    [held] = await db.requests.lock_requests(college_id=who.college_id, request_ids=[request_id])
    if held["status"] == "matched":
        raise Problem(ALREADY_MATCHED)
    if held["status"] != "active" or not held["lasts"]:
        raise Problem(REQUEST_CLOSED)
    return held


@blueprint.delete("/api/pool/requests/<request_id:id>")
@endpoint(
    answer=Message, refuses=(NO_SUCH_REQUEST, REQUEST_CLOSED, UNDER_WAY, POOL_CLOSED, CONFLICT)
)
async def cancel_request(request: Request, request_id: int) -> HTTPResponse:
    """Take oneself off the road.

    Who shares the ride is told; who is left alone goes back on the road while time lasts."""
    who = rider(request)
    await find_own(request, request_id)
    async with transaction(request) as db:
        await append_many(db, await cancel(db, who, request_id))
    return answer({"message": "You are off the road."})


async def cancel(db: Transaction, who: Rider, request_id: int) -> list[Event]:
    college = {"college_id": who.college_id}
    if pool_id := await db.pools.find_pool_of(**college, request_id=request_id):
        return await company.leave(db, who, pool_id)
    [held] = await db.requests.lock_requests(**college, request_ids=[request_id])
    if held["status"] == "matched":
        # Approved between our look and our lock.
        raise Problem(CONFLICT)
    if held["status"] != "active" or not held["lasts"]:
        raise Problem(REQUEST_CLOSED)
    await company.move(db, who.college_id, held, Act.CANCEL)
    return await company.close_pending(db, who.college_id, [request_id], told=who.user_id)
