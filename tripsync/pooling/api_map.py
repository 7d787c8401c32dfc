"""The app asks for a route between two places, to draw it on its map."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from sanic import Request

from tripsync.http.context import resources, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import TOO_MANY, FieldError, Problem, Refusal
from tripsync.http.rate_limits import limits_of
from tripsync.http.schemas import Schema
from tripsync.matching.plans import Point
from tripsync.pooling.api import blueprint
from tripsync.routing.roads import DrivingRoute, Roads

# A routing server may search a whole country for one answer, and all riders share it. What is
# estimated costs less than counting it would.
ROUTES_PER_ACCOUNT = "60/minute"

OFF_THE_GLOBE = Refusal(
    400,
    "off_the_globe",
    "Off the globe",
    "There is no such place: latitudes go from -90 to 90, longitudes from -180 to 180.",
)

# Bounds that are told but not checked on reading: beyond them the app expects a 400.
Latitude = Annotated[
    float, Meta(extra_json_schema={"minimum": -90, "maximum": 90}, examples=[19.1075])
]
Longitude = Annotated[
    float, Meta(extra_json_schema={"minimum": -180, "maximum": 180}, examples=[72.8372])
]


class RouteQuery(Schema):
    """From where to where."""

    start_lat: Latitude
    start_lng: Longitude
    end_lat: Annotated[Latitude, Meta(examples=[19.1197])]
    end_lng: Annotated[Longitude, Meta(examples=[72.8347])]


class RouteAnswer(msgspec.Struct):
    """The way to drive."""

    route: DrivingRoute
    status: Literal["success"] = "success"


@blueprint.post("/api/map/route")
@endpoint(body=RouteQuery, answer=RouteAnswer, refuses=(OFF_THE_GLOBE, TOO_MANY))
async def find_route(request: Request, body: RouteQuery) -> object:
    """Find the way to drive from one place to another.

    Where no routing server answers it is a straight line with estimated figures, and
    `is_fallback` is true."""
    refuse_off_the_globe(body)
    roads = resources(request)[Roads]
    if roads.has_server:
        account = str(rider(request).user_id)
        await limits_of(request).count(ROUTES_PER_ACCOUNT, "map route", "account", account)
    start = Point(latitude=body.start_lat, longitude=body.start_lng)
    end = Point(latitude=body.end_lat, longitude=body.end_lng)
    return RouteAnswer(await roads.route(start, end))


def refuse_off_the_globe(trip: RouteQuery) -> None:
    errors = [
        FieldError(field, f"The field {field!r} must be from -{bound} to {bound}.")
        for field, degrees, bound in (
            ("start_lat", trip.start_lat, 90),
            ("start_lng", trip.start_lng, 180),
            ("end_lat", trip.end_lat, 90),
            ("end_lng", trip.end_lng, 180),
        )
        if not -bound <= degrees <= bound
    ]
    if errors:
        raise Problem(OFF_THE_GLOBE, errors=errors)
