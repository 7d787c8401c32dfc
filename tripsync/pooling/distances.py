"""A decision measures by road where a routing server knows it, else by the estimate.

What is compared with each other is measured in one way: detours, savings, the ride alone. A ride
is compared by road if it could be measured when it was opened; that tells a place off the map,
which no table may have among others, from a server that does not answer.

A decision is one transaction, and nobody waits for a routing server under its locks. So one that
comes upon distances it does not know is given up, they are asked for, and it is made again from
its beginning; by then there may be others, hence it is tried a few times and at last made by the
estimate. Without a routing server nothing is ever given up.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from itertools import chain
from typing import TypeVar

from sanic import Request

from tripsync.database.rows import (
    PoolsListMembers,
    RequestsFindAsked,
    RequestsListAsking,
    RequestsListOwn,
    RequestsLockRequests,
    RoundsListRides,
)
from tripsync.http.context import resources
from tripsync.matching.plans import Distance, Point, Ride, Window, road_meters
from tripsync.resources import Resources
from tripsync.routing.roads import ESTIMATE, Matrix, Roads
from tripsync.settings import Settings

Decision = TypeVar("Decision")

# Requests that are compared with each other, by road or by the estimate; all who ride in a pool.
Compared = RequestsLockRequests | RequestsListAsking | RequestsFindAsked | PoolsListMembers
# What says from where to where a ride goes, and what its rider puts up with.
RideRow = Compared | RequestsListOwn | RoundsListRides
# What says when it leaves.
WindowRow = (
    RequestsLockRequests
    | RequestsListAsking
    | RequestsFindAsked
    | RequestsListOwn
    | RoundsListRides
)

# Where a ride falls apart, those who stay need a table, and what is around each of them another.
MOST_TABLES = 6


class UnmeasuredError(Exception):
    """A decision needs to know how far it is between these places."""

    def __init__(self, places: Collection[Point]) -> None:
        super().__init__(f"{len(places)} places")
        self.places = places


class DistanceSource:
    """The distances that a decision may use."""

    def __init__(self, tables: Sequence[Matrix] | None = None) -> None:
        self._tables = tables

    @property
    def is_by_road(self) -> bool:
        return self._tables is not None

    def among(self, places: Collection[Point]) -> Matrix:
        """How far it is between any two of these."""
        if self._tables is None:
            return ESTIMATE
        for table in self._tables:
            if table.places.issuperset(places):
                return table
        raise UnmeasuredError(places)

    def of_rides(self, rows: Sequence[Compared]) -> Matrix:
        """What these requests are compared by."""
        if not all(row["road_is_known"] for row in rows):
            return ESTIMATE
        trips = [trip_of(row) for row in rows]
        return self.among(list(chain.from_iterable(trips))).for_trips(trips)


BY_ESTIMATE = DistanceSource()


async def decide(
    request: Request, act: Callable[[DistanceSource], Awaitable[Decision]]
) -> Decision:
    """Make a decision, with the distances it asks for."""
    roads = resources(request)[Roads]
    tables: list[Matrix] = []
    while roads.has_server:
        try:
            return await act(DistanceSource(tables))
        except UnmeasuredError as unmeasured:
            places = unmeasured.places
        if len(tables) == MOST_TABLES:
            break
        table = await roads.distances(places)
        if table.is_fallback:
            break
        tables.append(table)
    return await act(BY_ESTIMATE)


async def alone_by_road(request: Request, start: Point, destination: Point) -> float | None:
    """How far a ride is by road; None where no road is known."""
    roads = resources(request)[Roads]
    trip = (start, destination)
    matrix = (await roads.distances(trip)).for_trips([trip])
    return None if matrix.is_fallback else matrix(*trip)


def trip_of(row: RideRow) -> tuple[Point, Point]:
    """From where to where a ride goes."""
    return (
        Point(row["start_latitude"], row["start_longitude"]),
        Point(row["destination_latitude"], row["destination_longitude"]),
    )


def ride_of(row: RideRow, distance: Distance = road_meters) -> Ride:
    start, destination = trip_of(row)
    return Ride(
        request_id=row["request_id"],
        start=start,
        destination=destination,
        solo_meters=distance(start, destination),
        detour_percent=row["detour_percent"],
        drives=row["role"] == "driver",
    )


def window_of(row: WindowRow) -> Window:
    return Window(moment(row["depart_after"]), moment(row["depart_before"]))


def moment(value: datetime | str) -> float:
    """Seconds; a time inside a jsonb column comes as text."""
    return (datetime.fromisoformat(value) if isinstance(value, str) else value).timestamp()


def open_roads(resources: Resources) -> None:
    roads = Roads(resources[Settings])
    resources.add(roads, closed_by=roads.close)
