"""A decision measures by road where a routing server knows it, else by the estimate.

What is compared with each other is measured in one way: detours, savings, the ride alone. A ride
is compared by road if it could be measured when it was opened; that tells a place off the map,
which no table may have among others, from a server that does not answer.

A decision is one transaction, and nobody waits for a routing server under its locks. So what it is
going to compare is read and measured before it begins (tripsync/pooling/places.py). Where another
ride has come meanwhile, the transaction begins again as after any race, and that one is measured
first; after a few tries the decision is made by the estimate.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from itertools import chain

from sanic import Request

from tripsync.database.retrying import MovedError
from tripsync.database.rows import (
    ConnectionsListSides,
    MatchingListPlacesAround,
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

# Requests that are compared with each other, by road or by the estimate; all who ride in a pool.
Compared = RequestsLockRequests | RequestsListAsking | RequestsFindAsked | PoolsListMembers
# What says from where to where a ride goes, and what its rider puts up with.
RideRow = Compared | RequestsListOwn | RoundsListRides
# What says no more than from where to where.
PlacesRow = RideRow | ConnectionsListSides | MatchingListPlacesAround
# What says when it leaves.
WindowRow = (
    RequestsLockRequests
    | RequestsListAsking
    | RequestsFindAsked
    | RequestsListOwn
    | RoundsListRides
)

# Reads the places that are going to be compared with each other; each group needs one table.
ReadPlaces = Callable[[], Awaitable[Sequence[Collection[Point]]]]

# Fewer than a transaction has tries.
MOST_SURPRISES = 3


class UnmeasuredError(MovedError):
    """A place came that was not there when the distances were asked for."""


class DistanceSource:
    """The distances that a decision may use."""

    def __init__(self, roads: Roads | None = None, read_places: ReadPlaces | None = None) -> None:
        self._roads = roads if roads and roads.has_server else None
        self._read_places = read_places
        self._tables: list[Matrix] = []
        self._unmeasured: list[Collection[Point]] = []
        self._surprises = 0

    @property
    def is_by_road(self) -> bool:
        return self._roads is not None

    async def measure(self) -> None:
        """Ask for the distances that the next try needs; no transaction is open meanwhile."""
        if self._roads and self._read_places and not self._tables and not self._unmeasured:
            # The table of many places is often that of fewer, too.
            self._unmeasured = sorted(await self._read_places(), key=len, reverse=True)
        for places in self._unmeasured:
            if self._roads and self._table_of(places) is None:
                table = await self._roads.distances(places)
                self._tables.append(table)
                if table.is_fallback:
                    self._roads = None
        self._unmeasured = []

    def among(self, places: Collection[Point]) -> Matrix:
        """How far it is between any two of these."""
        if self._roads is None:
            return ESTIMATE
        if table := self._table_of(places):
            return table
        if self._surprises == MOST_SURPRISES:
            self._roads = None
        self._surprises += 1
        self._unmeasured = [places]
        raise UnmeasuredError

    def of_rides(self, rows: Sequence[Compared]) -> Matrix:
        """What these requests are compared by."""
        if not all(row["road_is_known"] for row in rows):
            return ESTIMATE
        trips = [trip_of(row) for row in rows]
        return self.among(list(chain.from_iterable(trips))).for_trips(trips)

    def _table_of(self, places: Collection[Point]) -> Matrix | None:
        return next((each for each in self._tables if each.places.issuperset(places)), None)


BY_ESTIMATE = DistanceSource()


def distance_source(request: Request, read_places: ReadPlaces) -> DistanceSource:
    """For a decision that compares what lies at these places."""
    return DistanceSource(resources(request)[Roads], read_places)


async def alone_by_road(request: Request, start: Point, destination: Point) -> float | None:
    """How far a ride is by road; None where no road is known."""
    roads = resources(request)[Roads]
    trip = (start, destination)
    matrix = (await roads.distances(trip)).for_trips([trip])
    return None if matrix.is_fallback else matrix(*trip)


def trip_of(row: PlacesRow) -> tuple[Point, Point]:
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
