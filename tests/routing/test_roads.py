"""Distances come by road where a routing server answers, and at once where it does not."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack
from math import inf

import msgspec
import pytest

from tests.routing.osrm import (
    Behaviour,
    Osrm,
    answers,
    by_road,
    hangs_up,
    is_silent,
    never_ends,
    running_osrm,
    says,
    trickles,
)
from tests.waiting import PATIENCE, until
from tripsync.matching.plans import METERS_PER_SECOND, Point, road_meters
from tripsync.routing.circuit_breaker import FAILURES_IN_A_ROW, PAUSE_SECONDS
from tripsync.routing.osrm import CONNECTIONS, LARGEST_ANSWER, LARGEST_TABLE
from tripsync.routing.roads import DrivingRoute, Roads
from tripsync.settings import Settings

CAMPUS = Point(latitude=19.1075, longitude=72.8372)
STATION = Point(latitude=19.1197, longitude=72.8464)
HARBOUR = Point(latitude=18.9489, longitude=72.8397)
PUNE = Point(latitude=18.5204, longitude=73.8567)

OpenRoads = Callable[..., Roads]


@pytest.fixture
async def osrm() -> AsyncIterator[Osrm]:
    async with running_osrm() as server:
        yield server


@pytest.fixture
async def open_roads(settings: Settings) -> AsyncIterator[OpenRoads]:
    """Roads as a server process has them: `open_roads(osrm.url)`."""
    async with AsyncExitStack() as opened:

        def open_them(url: str, **changes: object) -> Roads:
            patient = {"routing_timeout_ms": 5000, **changes}
            roads = Roads(msgspec.structs.replace(settings, routing_url=url, **patient))
            opened.push_async_callback(roads.close)
            return roads

        yield open_them


class Clock:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    clock = Clock()
    monkeypatch.setattr("tripsync.routing.circuit_breaker.monotonic", clock)
    return clock


def is_estimate(route: DrivingRoute, start: Point, end: Point) -> bool:
    meters = road_meters(start, end)
    return route == DrivingRoute(
        polyline=[(start.longitude, start.latitude), (end.longitude, end.latitude)],
        distance_meters=round(meters),
        duration_seconds=round(meters / METERS_PER_SECOND),
        is_fallback=True,
    )


async def test_a_route_follows_the_road(osrm: Osrm, open_roads: OpenRoads) -> None:
    route = await open_roads(osrm.url).route(CAMPUS, STATION)
    assert route == DrivingRoute(
        polyline=[(72.8372, 19.1075), (72.8464, 19.1075), (72.8464, 19.1197)],
        distance_meters=round(by_road(CAMPUS, STATION)),
        duration_seconds=round(by_road(CAMPUS, STATION) / 10),
        is_fallback=False,
    )


async def test_the_servers_own_path_is_kept(osrm: Osrm, open_roads: OpenRoads) -> None:
    osrm.behaviour = says(404, {})
    await open_roads(f"{osrm.url}/maps/india/").route(CAMPUS, STATION)
    assert [each.partition("?")[0] for each in osrm.asked] == [
        "/maps/india/route/v1/driving/72.837200,19.107500;72.846400,19.119700"
    ]


async def test_a_table_has_every_distance_there_and_back(osrm: Osrm, open_roads: OpenRoads) -> None:
    places = [CAMPUS, STATION, HARBOUR]
    matrix = await open_roads(osrm.url).distances([*places, CAMPUS])
    assert not matrix.is_fallback
    for one in places:
        for other in places:
            assert matrix(one, other) == pytest.approx(by_road(one, other), abs=1)
    assert matrix(CAMPUS, STATION) != matrix(STATION, CAMPUS)
    [asked] = osrm.asked
    assert asked.count(";") == 2 * (len(places) - 1), "the campus was asked for twice"


async def test_without_a_server_all_is_estimated(open_roads: OpenRoads) -> None:
    roads = open_roads("")
    assert not roads.has_server
    assert is_estimate(await roads.route(CAMPUS, STATION), CAMPUS, STATION)
    matrix = await roads.distances([CAMPUS, HARBOUR])
    assert matrix.is_fallback
    assert matrix(CAMPUS, HARBOUR) == road_meters(CAMPUS, HARBOUR)


@pytest.mark.parametrize("number", [0, 1, LARGEST_TABLE + 1])
async def test_what_makes_no_table_is_not_asked_for(
    osrm: Osrm, open_roads: OpenRoads, number: int
) -> None:
    places = [Point(latitude=19.0, longitude=72.6 + at / 1000) for at in range(number)]
    assert (await open_roads(osrm.url).distances(places)).is_fallback
    assert osrm.asked == []


async def test_the_largest_table_is_answered(osrm: Osrm, open_roads: OpenRoads) -> None:
    places = [Point(latitude=19.0, longitude=72.6 + at / 1000) for at in range(LARGEST_TABLE)]
    matrix = await open_roads(osrm.url).distances(places)
    assert matrix(places[0], places[-1]) == pytest.approx(by_road(places[0], places[-1]), abs=1)


DRIVE = {
    "geometry": {"coordinates": [[72.8, 19.1], [72.9, 19.2]]},
    "distance": 100.0,
    "duration": 10.0,
}


def drive(**changes: object) -> Behaviour:
    return says(200, {"code": "Ok", "routes": [{**DRIVE, **changes}]})


def table(*rows: list[object]) -> Behaviour:
    return says(200, {"code": "Ok", "distances": rows})


@pytest.mark.parametrize(
    "behaviour",
    [
        hangs_up,
        never_ends,
        says(500, {"code": "Ok"}),
        says(502, b"<html>Bad Gateway</html>"),
        says(429, {"message": "Too Many Requests"}),
        says(400, b"<html>Bad Request</html>"),
        says(400, {"code": "InvalidQuery"}),
        says(200, b""),
        says(200, b"[]"),
        says(200, b"\xff\xfe"),
        says(200, b"[" * 100_000),
        says(200, b"nonsense", "Content-Encoding: gzip"),
        says(200, {"code": "Ok"}),
        says(200, {"code": "NoRoute", "routes": [DRIVE], "distances": [[0, 1], [1, 0]]}),
        says(200, {"code": "Ok", "routes": [], "distances": []}),
    ],
)
async def test_a_server_that_fails_leaves_estimates(
    osrm: Osrm, open_roads: OpenRoads, behaviour: Behaviour
) -> None:
    osrm.behaviour = behaviour
    roads = open_roads(osrm.url)
    assert is_estimate(await roads.route(CAMPUS, STATION), CAMPUS, STATION)
    matrix = await roads.distances([CAMPUS, STATION])
    assert matrix.is_fallback
    assert matrix(CAMPUS, STATION) == road_meters(CAMPUS, STATION)
    assert len(osrm.asked) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"distance": -1},
        {"duration": -1},
        {"distance": None},
        {"distance": "100"},
        {"distance": 1e12},
        {"geometry": None},
        {"geometry": "_p~iF~ps|U_ulLnnqC"},
        {"geometry": {"coordinates": []}},
        {"geometry": {"coordinates": [[72.8, 19.1]]}},
        {"geometry": {"coordinates": [[72.8, 19.1], [72.9]]}},
        {"geometry": {"coordinates": [[19.1, 172.8], [19.2, 172.9]]}},
    ],
)
async def test_a_route_that_makes_no_sense_is_not_believed(
    osrm: Osrm, open_roads: OpenRoads, changes: dict[str, object]
) -> None:
    roads = open_roads(osrm.url)
    osrm.behaviour = drive()
    assert not (await roads.route(CAMPUS, STATION)).is_fallback
    osrm.behaviour = drive(**changes)
    assert is_estimate(await roads.route(CAMPUS, STATION), CAMPUS, STATION)


@pytest.mark.parametrize(
    "rows",
    [
        [[0, -1], [1, 0]],
        [[0, "1"], [1, 0]],
        [[0, 1]],
        [[0, 1], [1]],
        [[0, 1], [1, 0], [1, 1]],
        [[0, 1, 1], [1, 0, 1]],
    ],
)
async def test_a_table_that_makes_no_sense_is_not_believed(
    osrm: Osrm, open_roads: OpenRoads, rows: list[list[object]]
) -> None:
    roads = open_roads(osrm.url)
    osrm.behaviour = table([0, 1], [1, 0])
    assert not (await roads.distances([CAMPUS, STATION])).is_fallback
    osrm.behaviour = table(*rows)
    assert (await roads.distances([CAMPUS, STATION])).is_fallback


@pytest.mark.parametrize("behaviour", [is_silent, trickles])
async def test_nobody_waits_for_a_slow_server(
    osrm: Osrm, open_roads: OpenRoads, behaviour: Behaviour
) -> None:
    osrm.behaviour = behaviour
    roads = open_roads(osrm.url, routing_timeout_ms=1000)
    async with asyncio.timeout(PATIENCE):
        assert is_estimate(await roads.route(CAMPUS, STATION), CAMPUS, STATION)
        assert (await roads.distances([CAMPUS, STATION])).is_fallback
    assert len(osrm.asked) == 2


async def test_a_server_that_is_not_there_leaves_estimates(open_roads: OpenRoads) -> None:
    async with running_osrm() as gone:
        roads = open_roads(gone.url)
        assert not (await roads.route(CAMPUS, STATION)).is_fallback
    assert is_estimate(await roads.route(CAMPUS, STATION), CAMPUS, STATION)


async def test_no_more_is_read_than_a_map_can_need(osrm: Osrm, open_roads: OpenRoads) -> None:
    osrm.behaviour = never_ends
    assert (await open_roads(osrm.url).route(CAMPUS, STATION)).is_fallback
    # What lay in the sockets' buffers comes on top.
    assert osrm.bytes_sent < 4 * LARGEST_ANSWER
    assert osrm.headers["Accept-Encoding"] == "identity", "packed, it could grow on arrival"


async def test_only_the_server_that_was_configured_is_asked(
    osrm: Osrm, open_roads: OpenRoads, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_osrm() as elsewhere:
        monkeypatch.setenv("HTTP_PROXY", elsewhere.url)
        monkeypatch.setenv("ALL_PROXY", elsewhere.url)
        osrm.behaviour = says(302, b"", f"Location: {elsewhere.url}/route/v1/driving/1,1;2,2")
        assert (await open_roads(osrm.url).route(CAMPUS, STATION)).is_fallback
        assert elsewhere.asked == []
    assert len(osrm.asked) == 1


async def test_places_off_its_map_are_estimated_and_are_no_failure(
    osrm: Osrm, open_roads: OpenRoads
) -> None:
    roads = open_roads(osrm.url)
    for _ in range(FAILURES_IN_A_ROW + 1):
        assert is_estimate(await roads.route(CAMPUS, PUNE), CAMPUS, PUNE)
        assert (await roads.distances([CAMPUS, PUNE])).is_fallback
    assert not (await roads.route(CAMPUS, STATION)).is_fallback


@pytest.mark.parametrize(
    "behaviour", [says(400, {"code": "NoRoute"}), says(400, {"code": "NoTable"})]
)
async def test_places_without_a_road_between_them_are_no_failure(
    osrm: Osrm, open_roads: OpenRoads, behaviour: Behaviour
) -> None:
    roads = open_roads(osrm.url)
    osrm.behaviour = behaviour
    for _ in range(FAILURES_IN_A_ROW + 1):
        assert (await roads.distances([CAMPUS, STATION])).is_fallback
    osrm.behaviour = answers
    assert not (await roads.distances([CAMPUS, STATION])).is_fallback


async def test_where_no_road_leads_it_is_infinitely_far(osrm: Osrm, open_roads: OpenRoads) -> None:
    osrm.behaviour = table([0, None], [9000, 0])
    matrix = await open_roads(osrm.url).distances([CAMPUS, STATION])
    assert matrix(CAMPUS, STATION) == inf
    assert matrix(STATION, CAMPUS) == 9000
    assert matrix.for_trips([(STATION, CAMPUS)]) is matrix
    assert matrix.for_trips([(STATION, CAMPUS), (CAMPUS, STATION)]).is_fallback


async def test_no_road_is_shorter_than_the_great_circle(osrm: Osrm, open_roads: OpenRoads) -> None:
    """The server measures from the nearest road, which for both may be the same."""
    osrm.behaviour = table([0, 1], [1, 0])
    matrix = await open_roads(osrm.url).distances([CAMPUS, STATION])
    assert not matrix.is_fallback
    assert matrix(CAMPUS, STATION) == pytest.approx(road_meters(CAMPUS, STATION) / 1.3)
    assert matrix(CAMPUS, CAMPUS) == 0


async def fail_in_a_row(roads: Roads, osrm: Osrm, times: int = FAILURES_IN_A_ROW) -> None:
    osrm.behaviour = says(500, b"")
    for _ in range(times):
        assert (await roads.route(CAMPUS, STATION)).is_fallback


async def test_a_server_that_keeps_failing_is_left_alone(
    osrm: Osrm, open_roads: OpenRoads, clock: Clock
) -> None:
    roads = open_roads(osrm.url)
    await fail_in_a_row(roads, osrm)
    osrm.behaviour = answers
    for _ in range(20):
        assert is_estimate(await roads.route(CAMPUS, STATION), CAMPUS, STATION)
        assert (await roads.distances([CAMPUS, STATION])).is_fallback
    clock.now += PAUSE_SECONDS - 0.1
    assert (await roads.route(CAMPUS, STATION)).is_fallback
    assert len(osrm.asked) == FAILURES_IN_A_ROW


async def test_failures_between_answers_are_forgiven(osrm: Osrm, open_roads: OpenRoads) -> None:
    roads = open_roads(osrm.url)
    for _ in range(3):
        await fail_in_a_row(roads, osrm, FAILURES_IN_A_ROW - 1)
        osrm.behaviour = answers
        assert not (await roads.route(CAMPUS, STATION)).is_fallback


async def test_after_a_pause_one_call_probes_and_all_go_on(
    osrm: Osrm, open_roads: OpenRoads, clock: Clock
) -> None:
    roads = open_roads(osrm.url)
    await fail_in_a_row(roads, osrm)
    osrm.asked.clear()
    clock.now += PAUSE_SECONDS
    osrm.behaviour = answers
    both = await asyncio.gather(*(roads.route(CAMPUS, STATION) for _ in range(20)))
    assert sorted(each.is_fallback for each in both) == [False] + [True] * 19
    assert len(osrm.asked) == 1
    both = await asyncio.gather(*(roads.route(CAMPUS, STATION) for _ in range(20)))
    assert not any(each.is_fallback for each in both)


async def test_a_probe_that_fails_begins_another_pause(
    osrm: Osrm, open_roads: OpenRoads, clock: Clock
) -> None:
    roads = open_roads(osrm.url)
    await fail_in_a_row(roads, osrm)
    osrm.asked.clear()
    for probes in range(1, 4):
        clock.now += PAUSE_SECONDS
        for _ in range(3):
            assert (await roads.route(CAMPUS, STATION)).is_fallback
        assert len(osrm.asked) == probes


async def test_a_probe_that_nobody_waits_for_blocks_no_later_one(
    osrm: Osrm, open_roads: OpenRoads, clock: Clock
) -> None:
    roads = open_roads(osrm.url)
    await fail_in_a_row(roads, osrm)
    osrm.asked.clear()
    osrm.behaviour = is_silent
    clock.now += PAUSE_SECONDS
    probe = asyncio.create_task(roads.route(CAMPUS, STATION))
    await until(lambda: osrm.asked)
    probe.cancel()
    with pytest.raises(asyncio.CancelledError):
        await probe
    osrm.behaviour = answers
    assert (await roads.route(CAMPUS, STATION)).is_fallback
    clock.now += PAUSE_SECONDS
    assert not (await roads.route(CAMPUS, STATION)).is_fallback


async def test_callers_who_leave_are_no_failure_of_the_server(
    osrm: Osrm, open_roads: OpenRoads
) -> None:
    roads = open_roads(osrm.url)
    osrm.behaviour = is_silent
    leaving = [asyncio.create_task(roads.route(CAMPUS, STATION)) for _ in range(CONNECTIONS)]
    await until(lambda: len(osrm.asked) == CONNECTIONS)
    for each in leaving:
        each.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    osrm.behaviour = answers
    assert not (await roads.route(CAMPUS, STATION)).is_fallback


async def test_many_at_once_share_a_few_connections(osrm: Osrm, open_roads: OpenRoads) -> None:
    roads = open_roads(osrm.url)
    routes = await asyncio.gather(*(roads.route(CAMPUS, STATION) for _ in range(100)))
    assert not any(each.is_fallback for each in routes)
    assert len(osrm.asked) == 100
    assert osrm.connections <= CONNECTIONS


async def test_calls_in_a_row_share_one_connection(osrm: Osrm, open_roads: OpenRoads) -> None:
    roads = open_roads(osrm.url)
    for _ in range(10):
        await roads.route(CAMPUS, STATION)
    assert osrm.connections == 1


async def test_the_log_tells_each_change_once_and_no_secret(
    osrm: Osrm, open_roads: OpenRoads, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    roads = open_roads(osrm.url.replace("//", "//rider:hush@"))
    await fail_in_a_row(roads, osrm)
    clock.now += PAUSE_SECONDS
    await fail_in_a_row(roads, osrm, 1)
    clock.now += PAUSE_SECONDS
    osrm.behaviour = answers
    for _ in range(3):
        await roads.route(CAMPUS, STATION)
    assert osrm.headers["Authorization"] == "Basic cmlkZXI6aHVzaA=="
    assert "hush" not in caplog.text
    assert [
        (each.levelname, each.getMessage())
        for each in caplog.records
        if each.name.startswith("tripsync.pooling")
    ] == [
        (
            "WARNING",
            f"the routing server failed {FAILURES_IN_A_ROW} times in a row, at last with status "
            "500; it is left alone, and probed every 30 seconds",
        ),
        ("INFO", "the routing server answers again"),
    ]
