"""The way on the map, as the app asks for it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from tests.conftest import StartServer
from tests.people import Campus, Rider
from tests.routing.osrm import Osrm, by_road, is_silent, running_osrm, says
from tripsync.matching.plans import METERS_PER_SECOND, Point, road_meters
from tripsync.routing.circuit_breaker import FAILURES_IN_A_ROW

ROUTE = "/api/map/route"
TRIP = {"start_lat": 19.1075, "start_lng": 72.8372, "end_lat": 19.1197, "end_lng": 72.8464}
START = Point(latitude=19.1075, longitude=72.8372)
END = Point(latitude=19.1197, longitude=72.8464)


@pytest.fixture
async def osrm() -> AsyncIterator[Osrm]:
    async with running_osrm() as server:
        yield server


@pytest.fixture
async def mapped(start_server: StartServer, osrm: Osrm) -> AsyncIterator[httpx.AsyncClient]:
    """A client of a server that knows the routing server."""
    server = await start_server(
        routing_url=osrm.url, routing_timeout_ms=2000, routing_connect_timeout_ms=2000
    )
    async with server.client() as client:
        yield client


async def ask(client: httpx.AsyncClient, rider: Rider) -> dict[str, Any]:
    answer = await client.post(ROUTE, json=TRIP, headers=rider.headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def test_the_contract_without_a_routing_server(campus: Campus) -> None:
    rider = await campus.sign_up()
    meters = road_meters(START, END)
    assert await ask(campus.client, rider) == {
        "status": "success",
        "route": {
            "polyline": [[72.8372, 19.1075], [72.8464, 19.1197]],
            "distance_meters": round(meters),
            "duration_seconds": round(meters / METERS_PER_SECOND),
            "is_fallback": True,
        },
    }


async def test_the_contract_with_a_routing_server(
    campus: Campus, mapped: httpx.AsyncClient
) -> None:
    rider = await campus.sign_up()
    assert await ask(mapped, rider) == {
        "status": "success",
        "route": {
            "polyline": [[72.8372, 19.1075], [72.8464, 19.1075], [72.8464, 19.1197]],
            "distance_meters": round(by_road(START, END)),
            "duration_seconds": round(by_road(START, END) / 10),
            "is_fallback": False,
        },
    }


async def test_a_slow_routing_server_keeps_nobody_waiting(
    campus: Campus, mapped: httpx.AsyncClient, osrm: Osrm
) -> None:
    rider = await campus.sign_up()
    osrm.behaviour = is_silent
    answers = await asyncio.gather(*(ask(mapped, rider) for _ in range(5)))
    assert all(each["route"]["is_fallback"] for each in answers)


async def test_a_broken_routing_server_is_left_alone(
    campus: Campus, mapped: httpx.AsyncClient, osrm: Osrm
) -> None:
    rider = await campus.sign_up()
    osrm.behaviour = says(500, b"")
    for _ in range(FAILURES_IN_A_ROW + 5):
        assert (await ask(mapped, rider))["route"]["is_fallback"]
    assert len(osrm.asked) == FAILURES_IN_A_ROW


@pytest.mark.parametrize(
    ("field", "degrees"),
    [
        ("start_lat", 90.000001),
        ("start_lat", -91),
        ("end_lat", 1e308),
        ("start_lng", 180.000001),
        ("end_lng", -181),
    ],
)
async def test_off_the_globe_is_the_contracts_400(
    campus: Campus, field: str, degrees: float
) -> None:
    rider = await campus.sign_up()
    answer = await rider.call("POST", ROUTE, json={**TRIP, field: degrees})
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "off_the_globe"
    assert problem["detail"].startswith("There is no such place")
    assert [each["field"] for each in problem["errors"]] == [field]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999"])
async def test_what_is_no_finite_number_is_400_too(campus: Campus, number: str) -> None:
    rider = await campus.sign_up()
    body = f'{{"start_lat": {number}, "start_lng": 72, "end_lat": 19, "end_lng": 72}}'
    headers = {"Content-Type": "application/json"}
    answer = await rider.call("POST", ROUTE, content=body, headers=headers)
    assert answer.status_code == 400
    assert answer.json()["detail"]


async def test_every_place_off_the_globe_is_named(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await rider.call("POST", ROUTE, json=dict.fromkeys(TRIP, 500))
    assert [each["field"] for each in answer.json()["errors"]] == list(TRIP)


@pytest.mark.parametrize("lat", [-90, 0, 90])
@pytest.mark.parametrize("lng", [-180, 180])
async def test_the_edges_of_the_globe_are_on_it(campus: Campus, lat: float, lng: float) -> None:
    rider = await campus.sign_up()
    answer = await rider.call("POST", ROUTE, json={**TRIP, "end_lat": lat, "end_lng": lng})
    assert answer.status_code == 200
    assert answer.json()["route"]["polyline"][1] == [lng, lat]


@pytest.mark.parametrize(
    "changes",
    [{"start_lat": None}, {"start_lat": "19.1"}, {"end_lng": [72]}, {"mode": "walking"}],
)
async def test_other_mistakes_are_422_as_everywhere(
    campus: Campus, changes: dict[str, object]
) -> None:
    rider = await campus.sign_up()
    answer = await rider.call("POST", ROUTE, json={**TRIP, **changes})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == list(changes)


async def test_every_field_is_needed(campus: Campus) -> None:
    rider = await campus.sign_up()
    answer = await rider.call("POST", ROUTE, json={})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == list(TRIP)


async def test_a_stranger_gets_no_way(client: httpx.AsyncClient) -> None:
    answer = await client.post(ROUTE, json=TRIP)
    assert answer.status_code == 401
    assert answer.json()["detail"] == "Could not validate credentials"


async def test_each_account_asks_the_routing_server_so_often_and_no_more(
    campus: Campus,
    start_server: StartServer,
    osrm: Osrm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tripsync.pooling.api_map.ROUTES_PER_ACCOUNT", "2/minute")
    rider, other = await campus.sign_up(), await campus.sign_up()
    server = await start_server(routing_url=osrm.url, rate_limits="on")
    async with server.client() as client:
        for _ in range(2):
            await ask(client, rider)
        refused = await client.post(ROUTE, json=TRIP, headers=rider.headers)
        await ask(client, other)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["retry-after"]
    assert len(osrm.asked) == 3


async def test_estimates_are_not_counted(
    campus: Campus, start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tripsync.pooling.api_map.ROUTES_PER_ACCOUNT", "1/minute")
    rider = await campus.sign_up()
    server = await start_server(rate_limits="on")
    async with server.client() as client:
        for _ in range(3):
            await ask(client, rider)


async def test_the_document_tells_the_bounds_and_the_refusals(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    fields = document["components"]["schemas"]["RouteQuery"]["properties"]
    bounds = {name: (each["minimum"], each["maximum"]) for name, each in fields.items()}
    assert bounds == {
        "start_lat": (-90, 90),
        "start_lng": (-180, 180),
        "end_lat": (-90, 90),
        "end_lng": (-180, 180),
    }
    responses = document["paths"][ROUTE]["post"]["responses"]
    refused = document["components"]["responses"][responses["400"]["$ref"].rpartition("/")[2]]
    assert "off_the_globe" in refused["description"]
    assert "429" in responses
    example = responses["200"]["content"]["application/json"]["example"]
    assert set(example) == {"status", "route"}
    assert len(example["route"]["polyline"][0]) == 2
