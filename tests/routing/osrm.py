"""A routing server that speaks OSRM's API, as far as TripSync does, and misbehaves on demand.

Its map is a square around Mumbai. Every way is twice as long there as TripSync would
estimate, and 100 metres longer towards the east, so that no answer can be taken for an
estimate, nor for the way back.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tripsync.matching.plans import Point, road_meters

SOUTH, WEST, NORTH, EAST = 18.5, 72.5, 19.5, 73.5
METERS_PER_SECOND = 10

Distance = Callable[[Point, Point], float | None]
Behaviour = Callable[["Osrm", asyncio.StreamWriter, str], Awaitable[None]]


def by_road(one: Point, other: Point) -> float:
    return 2 * road_meters(one, other) + (100 if other.longitude > one.longitude else 0)


class Osrm:
    """A running server: what it was asked, and how it behaves from now on."""

    def __init__(self, behaviour: Behaviour) -> None:
        self.behaviour = behaviour
        self.asked: list[str] = []
        self.headers: dict[str, str] = {}
        self.connections = 0
        self.bytes_sent = 0
        self.url = ""
        self._serving = set[asyncio.Task[None]]()

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def stop(self, server: asyncio.Server) -> None:
        """Hang up on everybody and refuse whoever comes."""
        server.close()
        for task in self._serving:
            task.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        await server.wait_closed()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._serving.add(task)
        self.connections += 1
        try:
            await self._serve(reader, writer)
        except (asyncio.CancelledError, OSError, asyncio.IncompleteReadError):
            pass
        finally:
            self._serving.discard(task)
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            target = head.split()[1]
            self.headers = dict(re.findall(r"^([\w-]+): (.*)\r$", head, re.M))
            self.asked.append(target)
            await self.behaviour(self, writer, target)
            await writer.drain()


def reply(writer: asyncio.StreamWriter, status: int, body: object, *headers: str) -> None:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} -", f"Content-Length: {len(content)}", *headers, "", ""]
    writer.write("\r\n".join(lines).encode() + content)


def solve(target: str, distance: Distance = by_road) -> tuple[int, Any]:
    """What OSRM would say, on the small map."""
    url = urlsplit(target)
    wishes = {name: values[0] for name, values in parse_qs(url.query).items()}
    found = re.fullmatch(r"/(route|table)/v1/driving/(\S+)", url.path)
    if not found:
        return 400, {"code": "InvalidUrl", "message": "URL string malformed"}
    places = [
        Point(latitude=float(latitude), longitude=float(longitude))
        for longitude, latitude in (pair.split(",") for pair in found[2].split(";"))
    ]
    off = [not (SOUTH <= at.latitude <= NORTH and WEST <= at.longitude <= EAST) for at in places]
    # Without a radius OSRM takes the nearest road, however far that is.
    if any(off) and len(wishes.get("radiuses", "").split(";")) == len(places):
        return 400, {"code": "NoSegment", "message": "Could not find a matching segment"}
    return 200, route(places, wishes) if found[1] == "route" else table(places, wishes, distance)


def route(places: list[Point], wishes: dict[str, str]) -> dict[str, Any]:
    assert wishes["overview"] == "full"
    assert wishes["geometries"] == "geojson"
    start, end = places
    bend = [end.longitude, start.latitude]
    line = [[start.longitude, start.latitude], bend, [end.longitude, end.latitude]]
    meters = by_road(start, end)
    found = {
        "geometry": {"type": "LineString", "coordinates": line},
        "distance": meters,
        "duration": meters / METERS_PER_SECOND,
        "weight_name": "routability",
        "legs": [],
    }
    return {"code": "Ok", "routes": [found], "waypoints": []}


def table(places: list[Point], wishes: dict[str, str], distance: Distance) -> dict[str, Any]:
    meters = [[distance(one, other) for other in places] for one in places]
    seconds = [[each and each / METERS_PER_SECOND for each in row] for row in meters]
    wanted = wishes.get("annotations", "duration").split(",")
    measured = {"distance": ("distances", meters), "duration": ("durations", seconds)}
    return {"code": "Ok", "sources": [], **dict(measured[each] for each in wanted)}


async def answers(osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
    reply(writer, *solve(target))


def measures(distance: Distance) -> Behaviour:
    """Has these ways instead of the usual ones; None is no road."""

    async def behaviour(osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
        reply(writer, *solve(target, distance))

    return behaviour


async def is_silent(osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
    """Takes the question and never answers."""
    await asyncio.Event().wait()


async def trickles(osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
    """Never pauses for long, and is never done either."""
    writer.write(b"HTTP/1.1 200 -\r\nContent-Length: 3000000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.01)


async def hangs_up(osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
    """Drops the line in the middle of an answer."""
    writer.write(b'HTTP/1.1 200 -\r\nContent-Length: 1000\r\n\r\n{"code": "Ok", ')
    await writer.drain()
    writer.close()


async def never_ends(osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
    """Sends an answer without end, as fast as it is taken."""
    writer.write(b"HTTP/1.1 200 -\r\nTransfer-Encoding: chunked\r\n\r\n")
    while True:
        writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        await writer.drain()
        osrm.bytes_sent += 0x10000


def says(status: int, body: object, *headers: str) -> Behaviour:
    """Gives this answer to whatever it is asked."""

    async def behaviour(osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
        reply(writer, status, body, *headers)

    return behaviour


@asynccontextmanager
async def running_osrm(behaviour: Behaviour = answers) -> AsyncIterator[Osrm]:
    osrm = Osrm(behaviour)
    server = await osrm.start()
    try:
        yield osrm
    finally:
        await osrm.stop(server)
