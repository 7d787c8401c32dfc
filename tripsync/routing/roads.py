"""Roads give distances and ways, from the routing server or by an estimate.

Nobody has to wait for a routing server that is slow, broken or not there: then distances
are great-circle times a road factor, and say so in `is_fallback`.
"""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from itertools import chain, product
from math import inf
from types import MappingProxyType
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta

from tripsync.matching.plans import METERS_PER_SECOND, ROAD_FACTOR, Point, road_meters
from tripsync.routing.circuit_breaker import Circuit
from tripsync.routing.osrm import LARGEST_TABLE, NoRoadError, RoutingError, RoutingServer
from tripsync.settings import Settings

Answer = TypeVar("Answer")

NOTHING: Mapping[tuple[Point, Point], float] = MappingProxyType({})


class DrivingRoute(msgspec.Struct, frozen=True):
    """A way from one place to another."""

    polyline: Annotated[
        list[tuple[float, float]],
        Meta(
            description="longitude and latitude of each bend",
            examples=[[[72.8372, 19.1075], [72.8361, 19.1129], [72.8347, 19.1197]]],
        ),
    ]
    distance_meters: Annotated[int, Meta(ge=0, examples=[1840])]
    duration_seconds: Annotated[int, Meta(ge=0, examples=[265])]
    is_fallback: Annotated[
        bool, Meta(description="estimated from a straight line", examples=[False])
    ]


class Matrix:
    """A distance matrix: metres from each of some points to every other, `matrix(one, other)`;
    infinite where the routing server knows both and no road between them."""

    def __init__(self, by_road: Mapping[tuple[Point, Point], float] = NOTHING) -> None:
        self._by_road = by_road
        self.is_fallback = not by_road
        self.places = frozenset(chain.from_iterable(by_road))

    def __call__(self, one: Point, other: Point) -> float:
        estimate = road_meters(one, other)
        if self.is_fallback:
            return estimate
        # The server measures from the nearest road: of two places off the road that may be less
        # than between them. No way is shorter than the great circle, and matching builds on it.
        return max(self._by_road[one, other], estimate / ROAD_FACTOR)

    def for_trips(self, trips: Iterable[tuple[Point, Point]]) -> "Matrix":
        """What these trips can be compared by: this, where each of them has a road at all; else
        the estimate."""
        return self if all(self(*ends) < inf for ends in trips) else ESTIMATE


ESTIMATE = Matrix()


class Roads:
    """Routes and distances. Without ROUTING_URL, all of them are estimates."""

    def __init__(self, settings: Settings) -> None:
        self._server = RoutingServer(settings) if settings.routing_url else None
        self._circuit = Circuit("the routing server")

    @property
    def has_server(self) -> bool:
        return self._server is not None

    async def close(self) -> None:
        if self._server:
            await self._server.close()

    async def route(self, start: Point, end: Point) -> DrivingRoute:
        """The way to drive from one place to another."""
        drive = await self._ask(lambda server: server.drive(start, end))
        if drive is None:
            return straight_line(start, end)
        return DrivingRoute(
            polyline=drive.geometry.coordinates,
            distance_meters=round(drive.distance),
            duration_seconds=round(drive.duration),
            is_fallback=False,
        )

    async def distances(self, points: Collection[Point]) -> Matrix:
        """How far it is between any two of these places.

        All of them are measured by road or all are estimated: a detour told from a mixture of
        both would be wrong. More than LARGEST_TABLE places are estimated."""
        places = list(dict.fromkeys(points))
        if not 2 <= len(places) <= LARGEST_TABLE:
            return ESTIMATE
        table = await self._ask(lambda server: server.table(places))
        if table is None:
            return ESTIMATE
        return Matrix(dict(zip(product(places, places), chain.from_iterable(table), strict=True)))

    async def _ask(self, question: Callable[[RoutingServer], Awaitable[Answer]]) -> Answer | None:
        """What the server says to it, if there is one, it may be asked, and it knows."""
        if self._server is None or not self._circuit.admits():
            return None
        try:
            answer = await question(self._server)
        except RoutingError as reason:
            self._circuit.failed(str(reason))
            return None
        except NoRoadError:
            self._circuit.succeeded()
            return None
        self._circuit.succeeded()
        return answer


def straight_line(start: Point, end: Point) -> DrivingRoute:
    meters = road_meters(start, end)
    return DrivingRoute(
        polyline=[(each.longitude, each.latitude) for each in (start, end)],
        distance_meters=round(meters),
        duration_seconds=round(meters / METERS_PER_SECOND),
        is_fallback=True,
    )
