"""A ride that a client sends is checked and turned into the columns it is kept in."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tripsync.http.problems import FieldError, Problem
from tripsync.matching.plans import Point, road_meters
from tripsync.pooling.problems import BAD_OFFER, BAD_WINDOW, SAME_PLACE
from tripsync.pooling.schemas import NewRideRequest, RideToShare

# What a request without times means.
USUAL_WINDOW = timedelta(minutes=15)
LONGEST_WINDOW = timedelta(hours=24)
FURTHEST_AHEAD = timedelta(days=14)
# Whoever "departs now" sent the request a moment ago, by a clock that may be slow.
CLOCK_TOLERANCE = timedelta(minutes=5)
# Below this nobody takes a cab, and a detour in percent means nothing.
SHORTEST_RIDE_METERS = 100


def window_of(body: NewRideRequest) -> tuple[datetime, datetime]:
    """Return the departure window; where an end is left out, it lasts a quarter of an hour."""
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
    if road_meters(*ends_of(body)) < SHORTEST_RIDE_METERS:
        raise Problem(SAME_PLACE)
    if (body.role == "driver") != (body.seats_offered is not None):
        raise Problem(BAD_OFFER, errors=[FieldError("seats_offered", BAD_OFFER.detail)])


def ends_of(body: RideToShare) -> tuple[Point, Point]:
    return (
        Point(body.start_latitude, body.start_longitude),
        Point(body.destination_latitude, body.destination_longitude),
    )


def ride_values(body: RideToShare, alone: float | None) -> dict[str, Any]:
    """Return the columns that a request and a recurring ride have; `alone` is the distance by
    road, where that is known."""
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
        "solo_road_meters": alone,
    }
