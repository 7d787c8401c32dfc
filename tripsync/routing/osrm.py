"""A routing server is asked over HTTP, by OSRM's API.

It is a neighbour, not a part of us: every answer is bounded in time and in size and is
checked before anybody calculates with it.
"""

import asyncio
from collections.abc import Sequence
from math import inf
from typing import Annotated, Literal, TypeVar

import httpx
import msgspec
from msgspec import Meta

from tripsync.matching.plans import Point
from tripsync.settings import Settings

Shape = TypeVar("Shape")

# More points than this in one table are refused by a server as it comes (max-table-size).
LARGEST_TABLE = 100
# A drive across a continent in full detail has about a megabyte.
LARGEST_ANSWER = 4_000_000
# Without a bound the nearest road may be a town away, and two places off the map nowhere apart.
FARTHEST_FROM_A_ROAD = 1000
CONNECTIONS = 10

# Answers about the places, not about the server: others will get theirs.
NO_WAY_CODES = frozenset({"NoRoute", "NoTable", "NoSegment"})

Meters = Annotated[float, Meta(ge=0, le=100_000_000)]
Seconds = Annotated[float, Meta(ge=0, le=100_000_000)]
Longitude = Annotated[float, Meta(ge=-180, le=180)]
Latitude = Annotated[float, Meta(ge=-90, le=90)]


class RoutingError(Exception):
    """No answer, or none that can be believed. The message names no address."""


class NoRoadError(Exception):
    """The server works and knows no road between these places."""


class Verdict(msgspec.Struct):
    """What every answer says, whatever else is in it."""

    code: str


class Line(msgspec.Struct):
    coordinates: Annotated[list[tuple[Longitude, Latitude]], Meta(min_length=2)]


class Drive(msgspec.Struct):
    """A way to drive."""

    geometry: Line
    distance: Meters
    duration: Seconds


class RouteAnswer(msgspec.Struct):
    code: Literal["Ok"]
    routes: Annotated[list[Drive], Meta(min_length=1)]


class TableAnswer(msgspec.Struct):
    """Row by row from each point to every one; null where no road leads."""

    code: Literal["Ok"]
    distances: list[list[Meters | None]]


class RoutingServer:
    """The server at ROUTING_URL, over connections that are kept."""

    def __init__(self, settings: Settings) -> None:
        url = httpx.URL(settings.routing_url.rstrip("/"))
        self._seconds = settings.routing_timeout_ms / 1000
        self._client = httpx.AsyncClient(
            # Name and password go into a header, so that no text about the address has them.
            base_url=url.copy_with(username=None, password=None),
            auth=(url.username, url.password) if url.userinfo else None,
            timeout=httpx.Timeout(
                self._seconds, connect=settings.routing_connect_timeout_ms / 1000
            ),
            limits=httpx.Limits(max_connections=CONNECTIONS),
            # What is unpacked on arrival has no bound before it has arrived.
            headers={"Accept-Encoding": "identity"},
            # Only the server that was configured: no redirect and no proxy leads elsewhere.
            follow_redirects=False,
            trust_env=False,
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def drive(self, start: Point, end: Point) -> Drive:
        """The way from one place to another."""
        answer = await self._ask(
            RouteAnswer, "route", [start, end], "overview=full&geometries=geojson"
        )
        return answer.routes[0]

    async def table(self, points: Sequence[Point]) -> list[list[float]]:
        """Metres by road, row by row from each point to every one; infinite where none leads."""
        answer = await self._ask(TableAnswer, "table", points, "annotations=distance")
        size = len(points)
        if [len(row) for row in answer.distances] != [size] * size:
            raise RoutingError("a table of another size")
        return [[inf if meters is None else meters for meters in row] for row in answer.distances]

    async def _ask(
        self, shape: type[Shape], service: str, points: Sequence[Point], wishes: str
    ) -> Shape:
        places = ";".join(f"{each.longitude:.6f},{each.latitude:.6f}" for each in points)
        radiuses = ";".join([str(FARTHEST_FROM_A_ROAD)] * len(points))
        question = f"{service}/v1/driving/{places}?{wishes}&radiuses={radiuses}"
        try:
            async with asyncio.timeout(self._seconds):
                status, body = await self._get(question)
        except (httpx.HTTPError, OSError) as reason:
            raise RoutingError(type(reason).__name__) from None
        return read(shape, status, body)

    async def _get(self, question: str) -> tuple[int, bytes]:
        body = bytearray()
        async with self._client.stream("GET", question) as response:
            async for part in response.aiter_raw():
                body += part
                if len(body) > LARGEST_ANSWER:
                    raise RoutingError("an answer without end")
        return response.status_code, bytes(body)


def read(shape: type[Shape], status: int, body: bytes) -> Shape:
    """The answer, if it is one."""
    try:
        if status == httpx.codes.OK:
            return msgspec.json.decode(body, type=shape)
        if status == httpx.codes.BAD_REQUEST:
            code = msgspec.json.decode(body, type=Verdict).code
            if code in NO_WAY_CODES:
                raise NoRoadError
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise RoutingError("an answer that makes no sense") from None
    raise RoutingError(f"status {status}")
