"""By road where a routing server knows the roads, by the estimate where not, and never by both."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise, permutations
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import httpx
import msgspec
import pytest

from tests.conftest import WHERE_IT_IS_NOON, Server, SignUp, StartServer
from tests.people import Rider
from tests.pooling.roads_to_campus import (
    CAMPUS,
    STATION,
    ask,
    go,
    heard_by,
    leaving,
    pair_up,
    ride,
    say,
    sums_hold,
    the_other_way,
    window,
)
from tests.routing.osrm import (
    Behaviour,
    Osrm,
    answers,
    by_road,
    hangs_up,
    is_silent,
    measures,
    running_osrm,
    says,
)
from tests.waiting import until
from tripsync.database import Database
from tripsync.database.retrying import RETRIES, retry
from tripsync.matching.plans import (
    METERS_PER_SECOND,
    ROAD_FACTOR,
    Plan,
    Point,
    Ride,
    Stop,
    Window,
    departs_between,
    is_good_plan,
    plan_for,
    road_meters,
)
from tripsync.pooling.distances import MOST_SURPRISES, DistanceSource
from tripsync.pooling.recurring import open_due
from tripsync.routing.circuit_breaker import FAILURES_IN_A_ROW
from tripsync.routing.osrm import LARGEST_TABLE
from tripsync.routing.roads import Roads
from tripsync.settings import Settings

MINUTE = timedelta(minutes=1)

# A road that bends: four places along it, each next to its corner. As the crow flies nobody
# would go by the two in the middle; on the road there is no other way.
BEND = [Point(19.10, 72.80), Point(19.14, 72.82), Point(19.14, 72.88), Point(19.10, 72.90)]
LEGS = [road_meters(one, other) / ROAD_FACTOR for one, other in pairwise(BEND)]


@pytest.fixture
async def osrm() -> AsyncIterator[Osrm]:
    async with running_osrm() as server:
        yield server


SignUpThere = Callable[[], Awaitable[Rider]]


@pytest.fixture
def routing_timeout_ms() -> int:
    """Long, so that a slow machine does not pass for a slow routing server."""
    return 60_000


@pytest.fixture
async def mapped(
    start_server: StartServer, osrm: Osrm, sign_up: SignUp, routing_timeout_ms: int
) -> AsyncIterator[SignUpThere]:
    """Signs riders up whose server knows the routing server."""
    server = await start_server(
        routing_url=osrm.url,
        routing_timeout_ms=routing_timeout_ms,
        routing_connect_timeout_ms=routing_timeout_ms,
    )
    async with server.client() as there:

        async def sign_up_there() -> Rider:
            return replace(await sign_up(), client=there)

        yield sign_up_there


@pytest.fixture
def estimating(client: httpx.AsyncClient) -> Callable[[Rider], Rider]:
    """The same rider, who asks a server that knows no roads."""
    return lambda rider: replace(rider, client=client)


Estimating = Callable[[Rider], Rider]


def along(stretch: float) -> Callable[[Point, Point], float]:
    """The distances of the road that bends: so many times as long as the lines between."""
    at = {place: stretch * sum(LEGS[:n]) for n, place in enumerate(BEND)}
    return lambda one, other: abs(at[one] - at[other])


def trip(start: Point, destination: Point, **wishes: Any) -> dict[str, Any]:
    return {
        "start_latitude": start.latitude,
        "start_longitude": start.longitude,
        "destination_latitude": destination.latitude,
        "destination_longitude": destination.longitude,
        **wishes,
    }


LONG, SHORT = trip(BEND[0], BEND[3]), trip(BEND[1], BEND[2])


def river(one: Point, other: Point) -> float:
    """Whoever goes from the station's own door is on the other bank, from start to end."""
    bank = {Point(*STATION), Point(*CAMPUS)}
    return by_road(one, other) + (60_000 if (one in bank) != (other in bank) else 0)


def ends_of(body: dict[str, Any]) -> tuple[Point, Point]:
    return (
        Point(body["start_latitude"], body["start_longitude"]),
        Point(body["destination_latitude"], body["destination_longitude"]),
    )


async def matches_of(rider: Rider, request_id: int) -> list[dict[str, Any]]:
    answer = await rider.call("GET", f"/api/pool/requests/{request_id}/matches")
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["matches"]
    return found


async def current(rider: Rider) -> dict[str, Any]:
    answer = await rider.call("GET", "/api/pool/pools/current")
    assert answer.status_code == 200, answer.text
    pool: dict[str, Any] = answer.json()["pool"]
    return pool


@pytest.mark.parametrize("bodies", [(LONG, SHORT), (SHORT, LONG)], ids=["long", "short"])
async def test_a_pair_that_only_the_road_makes_good(
    mapped: SignUpThere,
    estimating: Estimating,
    osrm: Osrm,
    db: asyncpg.Connection,
    bodies: tuple[dict[str, Any], dict[str, Any]],
) -> None:
    """Whichever of the two waits, and whichever comes."""
    osrm.behaviour = measures(along(1))
    now = datetime.now(UTC)
    times = {"depart_after": now.isoformat(), "depart_before": (now + 15 * MINUTE).isoformat()}
    waiting, coming = await mapped(), await mapped()
    waits = (await go(waiting, {**bodies[0], **times}))["request_id"]
    opened = await go(coming, {**bodies[1], **times})
    comes = opened["request_id"]
    [match] = opened["matches"]

    long, short = (waits, comes) if bodies[0] is LONG else (comes, waits)
    saved = 100 * LEGS[1] / (sum(LEGS) + LEGS[1])
    assert match["saving_percent"] == pytest.approx(saved, abs=0.05)
    assert (match["detour_percent"], match["partner_detour_percent"]) == (0, 0)
    assert match["pickup_distance_meters"] == round(LEGS[0])
    assert match["drop_distance_meters"] == round(LEGS[2])
    stops = [(stop["request_id"], stop["kind"]) for stop in match["route"]]
    assert stops == [(long, "pickup"), (short, "pickup"), (short, "drop"), (long, "drop")]
    assert [Point(stop["latitude"], stop["longitude"]) for stop in match["route"]] == BEND
    meters = [sum(LEGS[:n]) for n in range(4)]
    assert [stop["meters"] for stop in match["route"]] == pytest.approx(meters)
    until_then = datetime.fromisoformat(match["departs_between"][1])
    driven = timedelta(seconds=LEGS[0] / METERS_PER_SECOND)
    assert abs(until_then - (now + 15 * MINUTE - driven)) < timedelta(seconds=1)
    assert match["is_fallback"] is False
    [(kind, told)] = await heard_by(db, waiting)
    assert (kind, told["match"]["request_id"]) == ("match_found", comes)
    assert told["match"]["saving_percent"] == match["saving_percent"]
    assert told["match"]["route"] == match["route"]
    assert told["match"]["is_fallback"] is False
    [listed] = await matches_of(coming, comes)
    assert {**listed, "departs_between": None} == {**match, "departs_between": None}
    assert await matches_of(estimating(coming), comes) == []

    connection_id = (await ask(coming, waits)).json()["connection_id"]
    assert (await say(estimating(waiting), connection_id)).json()["code"] == "no_fit"
    assert (await say(waiting, connection_id)).status_code == 200
    pool = await current(coming)
    assert pool["is_fallback"] is False
    members = {member["request_id"]: member for member in pool["members"]}
    alone = {long: sum(LEGS), short: LEGS[1]}
    for request_id, member in members.items():
        assert member["solo_meters"] == member["shared_meters"] == round(alone[request_id])
        assert member["detour_percent"] == 0
        share = 100 * alone[request_id] / sum(alone.values())
        assert member["fare_percent"] == pytest.approx(share, abs=0.001)
    assert [stop["meters"] for stop in pool["stops"]] == [round(each) for each in meters]


@pytest.mark.parametrize("bodies", [(LONG, SHORT), (SHORT, LONG)], ids=["long", "short"])
async def test_who_is_on_a_long_road_meets_who_leaves_late(
    mapped: SignUpThere, osrm: Osrm, bodies: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    """At a time when by the estimate the first would have arrived long ago."""
    osrm.behaviour = measures(along(6))
    now = datetime.now(UTC)
    late = {
        "depart_after": (now + 70 * MINUTE).isoformat(),
        "depart_before": (now + 80 * MINUTE).isoformat(),
    }
    assert 70 * 60 < 6 * LEGS[0] / METERS_PER_SECOND < 75 * 60
    assert 1.25 * road_meters(BEND[0], BEND[3]) / METERS_PER_SECOND < 50 * 60
    one, other = await mapped(), await mapped()
    bodies = tuple({**body, **late} if body is SHORT else body for body in bodies)  # type: ignore[assignment]
    await go(one, bodies[0])
    [match] = (await go(other, bodies[1]))["matches"]
    assert match["is_fallback"] is False


async def test_a_pair_that_only_looks_good_is_none_by_road(
    mapped: SignUpThere, estimating: Estimating, osrm: Osrm, db: asyncpg.Connection
) -> None:
    osrm.behaviour = measures(river)
    one, other = await mapped(), await mapped()
    waits = (await go(one, ride(0)))["request_id"]
    opened = await go(other, ride(1))
    assert opened["matches"] == []
    assert await heard_by(db, one) == []
    [seen] = await matches_of(estimating(other), opened["request_id"])
    assert (seen["request_id"], seen["is_fallback"]) == (waits, True)

    connection_id = (await ask(other, waits)).json()["connection_id"]
    said = await say(one, connection_id)
    assert (said.status_code, said.json()["code"]) == (409, "no_fit")
    assert (await say(estimating(one), connection_id)).status_code == 200
    assert (await current(one))["is_fallback"] is True


async def test_the_order_that_suits_both_windows_counts(mapped: SignUpThere) -> None:
    """Shorter would be to take the first one up first, who is not there yet."""
    now = datetime.now(UTC)

    def leaving(after: int, before: int) -> dict[str, str]:
        return {
            "depart_after": (now + after * MINUTE).isoformat(),
            "depart_before": (now + before * MINUTE).isoformat(),
        }

    starts = [ends_of(ride(n))[0] for n in (5, 0)]
    assert 6 * 60 < by_road(*starts) / METERS_PER_SECOND < 8 * 60
    upstream, downstream = await mapped(), await mapped()
    await go(upstream, ride(0, **leaving(6, 20)))
    opened = await go(downstream, ride(5, detour_percent=60, **leaving(0, 5)))
    [match] = opened["matches"]
    assert match["route"][0]["request_id"] == opened["request_id"]
    assert match["is_fallback"] is False


async def test_new_wishes_are_looked_at_by_road(
    mapped: SignUpThere, osrm: Osrm, db: asyncpg.Connection
) -> None:
    """The reach grows with the cap by road too."""
    osrm.behaviour = measures(along(1.05))
    one, other = await mapped(), await mapped()
    path = f"/api/pool/requests/{(await go(one, {**LONG, 'seats': 3}))['request_id']}"
    assert (await go(other, {**SHORT, "seats": 2}))["matches"] == []
    changed = await one.call("PUT", path, json={"seats": 1, "detour_percent": 0})
    assert [match["is_fallback"] for match in changed.json()["matches"]] == [False]
    assert [kind for kind, _ in await heard_by(db, other)] == ["match_found"]


async def test_matches_by_road_are_the_good_pairs_and_no_others(
    mapped: SignUpThere, osrm: Osrm
) -> None:
    """Every pair tried one by one, in every order, on roads that are as they please: by no rule
    that an index could know, and another one there than back."""
    dice = random.Random(5)

    def as_they_please(one: Point, other: Point) -> float:
        stretch = 1 + random.Random(f"{one} {other}").random() ** 2
        return stretch * road_meters(one, other) / ROAD_FACTOR

    osrm.behaviour = measures(as_they_please)
    soon = datetime.now(UTC) + timedelta(hours=3)
    riders: dict[int, Rider] = {}
    rides: dict[int, Ride] = {}
    windows: dict[int, Window] = {}
    for _ in range(44):
        start, destination = (
            Point(round(19.1 + dice.uniform(0, 0.1), 6), round(72.8 + dice.uniform(0, 0.1), 6))
            for _ in range(2)
        )
        cap, opens = dice.choice([10, 25, 60, 100]), soon + dice.choice([0, 10, 25, 40]) * MINUTE
        drives = dice.random() < 0.15
        window = {
            "depart_after": opens.isoformat(),
            "depart_before": (opens + 15 * MINUTE).isoformat(),
        }
        wishes = {"role": "driver", "seats_offered": 3} if drives else {}
        rider = await mapped()
        body = trip(start, destination, detour_percent=cap, **window, **wishes)
        request_id = (await go(rider, body))["request_id"]
        riders[request_id] = rider
        solo = as_they_please(start, destination)
        rides[request_id] = Ride(request_id, start, destination, solo, cap, drives)
        windows[request_id] = Window(opens.timestamp(), opens.timestamp() + 900)

    def best_of(one: Ride, other: Ride) -> Plan | None:
        both = (one, other)
        stops = [Stop(each.request_id, kind) for each in both for kind in ("pickup", "drop")]  # type: ignore[arg-type]
        good = []
        for order in permutations(stops):
            if all(order.index(stops[n]) < order.index(stops[n + 1]) for n in (0, 2)):
                outer = {order[0].request_id, order[3].request_id}
                plan = plan_for(both, order, as_they_please)
                if (
                    is_good_plan(plan, both)
                    and all(outer == {each.request_id} for each in both if each.drives)
                    and departs_between(plan, windows)
                ):
                    good.append(plan)
        return min(good, key=lambda plan: plan.total_meters, default=None)

    good = {
        (one, other): plan
        for one in rides
        for other in rides
        if one != other and (plan := best_of(rides[one], rides[other]))
    }
    found = {}
    for request_id, rider in riders.items():
        matches = await matches_of(rider, request_id)
        assert len(matches) < 20
        savings = [match["saving_percent"] for match in matches]
        assert savings == sorted(savings, reverse=True)
        found |= {(request_id, match["request_id"]): match for match in matches}
    assert found.keys() == good.keys()
    assert len(good) > 60
    for pair, match in found.items():
        assert not match["is_fallback"]
        assert match["saving_percent"] == pytest.approx(good[pair].saving_percent, abs=0.051)
        assert [stop["meters"] for stop in match["route"]] == pytest.approx(good[pair].meters)


@pytest.mark.parametrize("routing_timeout_ms", [500])
@pytest.mark.parametrize(
    "behaviour",
    [is_silent, hangs_up, says(500, b""), says(400, {"code": "NoSegment"})],
    ids=["slow", "hangs up", "fails", "off its map"],
)
async def test_without_an_answer_all_is_by_the_estimate_and_says_so(
    mapped: SignUpThere, estimating: Estimating, osrm: Osrm, behaviour: Behaviour
) -> None:
    osrm.behaviour = behaviour
    one, other = await mapped(), await mapped()
    target = (await go(one, ride(0)))["request_id"]
    opened = await go(other, ride(1))
    [match] = opened["matches"]
    assert match["is_fallback"] is True
    [seen] = await matches_of(estimating(other), opened["request_id"])
    assert {**match, "departs_between": None} == {**seen, "departs_between": None}
    connection_id = (await ask(other, target)).json()["connection_id"]
    assert (await say(one, connection_id)).status_code == 200
    pool = await current(one)
    assert pool["is_fallback"] is True
    assert {member["solo_meters"] for member in pool["members"]} == {
        round(road_meters(*ends_of(ride(n)))) for n in (0, 1)
    }


async def test_a_server_that_is_left_alone_costs_nothing(mapped: SignUpThere, osrm: Osrm) -> None:
    osrm.behaviour = says(500, b"")
    for _ in range(FAILURES_IN_A_ROW):
        await go(await mapped(), ride(0))
    asked = len(osrm.asked)
    osrm.behaviour = answers
    [match, *_] = (await go(await mapped(), ride(1)))["matches"]
    assert match["is_fallback"] is True
    assert len(osrm.asked) == asked


async def test_a_pool_is_by_road_altogether_or_not_at_all(
    mapped: SignUpThere, osrm: Osrm, db: asyncpg.Connection, college: str
) -> None:
    """Who joins, and who leaves, has all the others measured anew."""
    riders = [await mapped() for _ in range(4)]
    await pair_up(*riders[:2])
    await is_measured(riders[0], by_road, is_fallback=False)

    third = (await go(riders[2], ride(2)))["request_id"]
    osrm.behaviour = says(500, b"")
    assert [pool["is_fallback"] for pool in await passing(riders[2], third)] == [True]
    osrm.behaviour = answers
    [pool] = await passing(riders[2], third)
    assert pool["is_fallback"] is False
    osrm.behaviour = says(500, b"")
    await join(riders[2], riders[:2], pool)
    await is_measured(riders[0], road_meters, is_fallback=True)

    osrm.behaviour = answers
    fourth = (await go(riders[3], ride(3)))["request_id"]
    [pool] = await passing(riders[3], fourth)
    await join(riders[3], riders[:3], pool)
    await is_measured(riders[0], by_road, is_fallback=False)

    osrm.behaviour = says(500, b"")
    left = await riders[3].call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
    assert left.status_code == 200
    await is_measured(riders[0], road_meters, is_fallback=True)
    osrm.behaviour = answers
    left = await riders[2].call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
    assert left.status_code == 200
    await is_measured(riders[0], by_road, is_fallback=False)
    await sums_hold(db, college)


async def passing(rider: Rider, request_id: int) -> list[dict[str, Any]]:
    answer = await rider.call("GET", f"/api/pool/requests/{request_id}/pools")
    assert answer.status_code == 200, answer.text
    pools: list[dict[str, Any]] = answer.json()["pools"]
    return pools


async def join(newcomer: Rider, members: list[Rider], pool: dict[str, Any]) -> None:
    connection_id = (await ask(newcomer, pool["ask_request_id"])).json()["connection_id"]
    said = [(await say(member, connection_id)).status_code for member in members]
    assert said.count(200) == 1, said


async def is_measured(
    member: Rider, distance: Callable[[Point, Point], float], *, is_fallback: bool
) -> None:
    """Every distance of a pool comes from here, and the promise holds by it."""
    pool = await current(member)
    assert pool["is_fallback"] is is_fallback
    stops = [Point(stop["latitude"], stop["longitude"]) for stop in pool["stops"]]
    meters = [0.0]
    for here, there in pairwise(stops):
        meters.append(meters[-1] + distance(here, there))
    assert [stop["meters"] for stop in pool["stops"]] == [round(each) for each in meters]
    at = {
        (stop["request_id"], stop["kind"]): (place, way)
        for stop, place, way in zip(pool["stops"], stops, meters, strict=True)
    }
    alone = {}
    for each in pool["members"]:
        (start, begins), (end, ends) = (at[each["request_id"], kind] for kind in ("pickup", "drop"))
        alone[each["request_id"]] = distance(start, end)
        assert each["solo_meters"] == round(distance(start, end))
        assert each["shared_meters"] == round(ends - begins)
        assert each["detour_percent"] <= 25
    for each in pool["members"]:
        share = 100 * alone[each["request_id"]] / sum(alone.values())
        assert each["fare_percent"] == pytest.approx(share, abs=0.001)
    assert meters[-1] < sum(alone.values())


async def test_those_who_stay_part_where_by_road_they_save_nothing(
    mapped: SignUpThere, osrm: Osrm, db: asyncpg.Connection, college: str
) -> None:
    riders = [await mapped() for _ in range(3)]
    await pair_up(*riders[:2])
    third = (await go(riders[2], ride(2)))["request_id"]
    [pool] = await passing(riders[2], third)
    await join(riders[2], riders[:2], pool)
    osrm.behaviour = measures(river)
    left = await riders[2].call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
    assert left.status_code == 200
    for rider in riders[:2]:
        [request] = (await rider.call("GET", "/api/pool/requests")).json()["items"]
        assert request["status"] == "active"
        assert "match_found" not in [kind for kind, _ in (await heard_by(db, rider))[-1:]]
    await sums_hold(db, college)


async def test_who_is_back_on_the_road_is_matched_by_road(
    mapped: SignUpThere, osrm: Osrm, db: asyncpg.Connection
) -> None:
    one, other, third = [await mapped() for _ in range(3)]
    await pair_up(one, other)
    waits = (await go(third, ride(2)))["request_id"]
    pool_id = (await current(one))["pool_id"]
    assert (await other.call("POST", f"/api/pool/pools/{pool_id}/leave")).status_code == 200
    kind, told = (await heard_by(db, one))[-1]
    assert (kind, told["match"]["request_id"]) == ("match_found", waits)
    assert told["match"]["is_fallback"] is False
    assert "match_found" in [kind for kind, _ in await heard_by(db, third)]


async def test_all_who_are_back_on_the_road_are_matched_by_road(
    mapped: SignUpThere, osrm: Osrm, db: asyncpg.Connection
) -> None:
    """What is around each of them is a table of its own."""
    driver, one, other, waiting = [await mapped() for _ in range(4)]
    await pair_up(one, driver, ride(0, role="driver", seats_offered=3), ride(1))
    request_id = (await go(other, ride(2)))["request_id"]
    [pool] = await passing(other, request_id)
    await join(other, [driver, one], pool)
    waits = (await go(waiting, ride(3)))["request_id"]
    osrm.asked.clear()
    left = await driver.call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
    assert left.status_code == 200
    for rider in (one, other):
        told = [
            payload["match"] for kind, payload in await heard_by(db, rider) if kind == "match_found"
        ]
        assert {match["request_id"]: match["is_fallback"] for match in told}[waits] is False
    assert len(osrm.asked) == 1, "the first table had the places of the second"


async def test_a_decision_that_never_knows_enough_is_made_by_the_estimate(
    settings: Settings, osrm: Osrm
) -> None:
    roads = Roads(msgspec.structs.replace(settings, routing_url=osrm.url))

    async def expected() -> list[list[Point]]:
        return [list(BEND)]

    source = DistanceSource(roads, expected)
    tries = 0

    async def look() -> bool:
        nonlocal tries
        tries += 1
        await source.measure()
        return source.among([BEND[0], Point(19.0, 72.8 + tries / 100)]).is_fallback

    assert await retry(look)
    await roads.close()
    assert (tries, len(osrm.asked)) == (MOST_SURPRISES + 2, MOST_SURPRISES + 1)


async def test_whatever_is_decided_has_been_measured_before(
    mapped: SignUpThere, osrm: Osrm
) -> None:
    """Only who comes meanwhile makes a decision begin again."""
    surprises = RETRIES.labels("UnmeasuredError")
    before = surprises._value.get()
    driver, one, other, waiting = [await mapped() for _ in range(4)]
    await pair_up(one, driver, ride(0, role="driver", seats_offered=3), ride(1))
    request_id = (await go(other, ride(2)))["request_id"]
    [pool] = await passing(other, request_id)
    await join(other, [driver, one], pool)
    waits = (await go(waiting, ride(3)))["request_id"]
    later = {"depart_before": (datetime.now(UTC) + 40 * MINUTE).isoformat()}
    changed = await waiting.call("PUT", f"/api/pool/requests/{waits}", json=later)
    assert changed.status_code == 200
    left = await driver.call("POST", f"/api/pool/pools/{pool['pool_id']}/leave")
    assert left.status_code == 200
    matches = await matches_of(waiting, waits)
    assert [match["is_fallback"] for match in matches] == [False, False]
    assert surprises._value.get() == before


async def test_only_what_lies_around_a_request_is_measured_for_it(
    mapped: SignUpThere, osrm: Osrm
) -> None:
    """Not what lies around another of the same rider."""
    rider, near, elsewhere = await mapped(), await mapped(), await mapped()
    await go(near, leaving(0, 60, 1))
    doors_away = {"start_latitude": CAMPUS[0] + 0.003, "destination_latitude": STATION[0] - 0.003}
    await go(elsewhere, the_other_way(**window(600, 660), **doors_away))
    request_id = (await go(rider, leaving(0, 60)))["request_id"]
    await go(rider, the_other_way(**window(600, 660)))
    osrm.asked.clear()
    [match] = await matches_of(rider, request_id)
    assert match["is_fallback"] is False
    [table] = osrm.asked
    assert table.partition("?")[0].count(";") + 1 == 4


async def test_where_no_road_leads_nobody_is_met(mapped: SignUpThere, osrm: Osrm) -> None:
    """Neither is it a failure for the others."""
    island = ends_of(ride(0))

    def ferry(one: Point, other: Point) -> float | None:
        return None if (one in island) != (other in island) else by_road(one, other)

    osrm.behaviour = measures(ferry)
    on_island, near = await mapped(), await mapped()
    away = (await go(on_island, ride(0)))["request_id"]
    waits = (await go(near, ride(1)))["request_id"]
    rider = await mapped()
    [match] = (await go(rider, ride(2)))["matches"]
    assert (match["request_id"], match["is_fallback"]) == (waits, False)
    connection_id = (await ask(rider, away)).json()["connection_id"]
    assert (await say(on_island, connection_id)).json()["code"] == "no_fit"


async def test_a_ride_without_a_road_is_compared_by_the_estimate(
    mapped: SignUpThere, osrm: Osrm
) -> None:
    """It alone; the others go by road all the same."""
    lost = ends_of(ride(0))
    osrm.behaviour = measures(
        lambda one, other: None if {one, other} == set(lost) else by_road(one, other)
    )
    without, near = await mapped(), await mapped()
    odd = (await go(without, ride(0)))["request_id"]
    even = (await go(near, ride(1)))["request_id"]
    matches = (await go(await mapped(), ride(2)))["matches"]
    assert {match["request_id"]: match["is_fallback"] for match in matches} == {
        odd: True,
        even: False,
    }


async def test_who_goes_off_the_map_is_compared_by_the_estimate(
    mapped: SignUpThere, estimating: Estimating, osrm: Osrm
) -> None:
    """A table has all of its places on the map or is none: it must not be asked for this one."""
    far, near, rider = await mapped(), await mapped(), await mapped()
    off = {**ride(0), "destination_latitude": 18.45, "destination_longitude": 72.86}
    odd = (await go(far, off))["request_id"]
    even = (await go(near, ride(1)))["request_id"]
    opened = await go(rider, ride(2))
    assert {match["request_id"]: match["is_fallback"] for match in opened["matches"]} == {
        odd: True,
        even: False,
    }
    connection_id = (await ask(rider, odd)).json()["connection_id"]
    assert (await say(far, connection_id)).status_code == 200
    assert (await current(rider))["is_fallback"] is True
    last = await mapped()
    joining = (await go(last, ride(3)))["request_id"]
    assert [pool["is_fallback"] for pool in await passing(last, joining)] == [True]


async def test_a_ride_that_was_opened_without_roads_finds_them_when_it_is_changed(
    mapped: SignUpThere, osrm: Osrm
) -> None:
    one, other = await mapped(), await mapped()
    await go(one, ride(0))
    osrm.behaviour = says(500, b"")
    opened = await go(other, ride(1))
    osrm.behaviour = answers
    for found in (opened["matches"], await matches_of(other, opened["request_id"])):
        assert [match["is_fallback"] for match in found] == [True]
    third = await mapped()
    await go(third, ride(2))
    asked = len(osrm.asked)
    connection_id = (await ask(third, opened["request_id"])).json()["connection_id"]
    assert (await say(other, connection_id)).status_code == 200
    assert (await current(other))["is_fallback"] is True
    assert len(osrm.asked) == asked, "they agreed on what they had been shown"
    pool_id = (await current(third))["pool_id"]
    assert (await third.call("POST", f"/api/pool/pools/{pool_id}/leave")).status_code == 200
    path = f"/api/pool/requests/{opened['request_id']}"
    changed = await other.call("PUT", path, json={"note": "By the clock."})
    for found in (changed.json()["matches"], await matches_of(other, opened["request_id"])):
        assert [match["is_fallback"] for match in found] == [False]


async def test_a_weekly_ride_is_measured_when_it_is_kept(
    mapped: SignUpThere, server: Server, db: asyncpg.Connection
) -> None:
    """The timer that opens it waits for no routing server; who looks afterwards goes by road."""
    waiting, rider = await mapped(), await mapped()
    leaves = datetime.now(ZoneInfo(WHERE_IT_IS_NOON)) + 30 * MINUTE
    weekly = {
        "weekdays": [leaves.strftime("%A").lower()],
        "departs_at": leaves.strftime("%H:%M"),
        "window_minutes": 30,
    }
    later = {"depart_before": (leaves + 30 * MINUTE).isoformat()}
    waits = (await go(waiting, ride(1, **later)))["request_id"]
    kept = await rider.call("POST", "/api/pool/recurring", json=ride(0, **weekly))
    assert kept.status_code == 201, kept.text
    async with server.app.ctx.resources[Database].transaction() as transaction:
        await open_due(transaction)
    told = [
        payload["match"] for kind, payload in await heard_by(db, rider) if kind == "match_found"
    ]
    assert [(match["request_id"], match["is_fallback"]) for match in told] == [(waits, True)]
    [opened] = (await rider.call("GET", "/api/pool/requests")).json()["items"]
    [match] = await matches_of(rider, opened["request_id"])
    assert (match["request_id"], match["is_fallback"]) == (waits, False)

    path = f"/api/pool/recurring/{kept.json()['recurring_id']}"
    assert (await rider.call("PUT", path, json=ride(3, **weekly))).status_code == 200
    alone = await db.fetchval(
        "select solo_road_meters from recurring_rides where user_id = $1", rider.id
    )
    assert alone == pytest.approx(by_road(*ends_of(ride(3))))


class Pause:
    """Lets a routing server stop in the middle of a large table, once."""

    def __init__(self) -> None:
        self.begun, self.over = asyncio.Event(), asyncio.Event()

    async def __call__(self, osrm: Osrm, writer: asyncio.StreamWriter, target: str) -> None:
        # Two places have one semicolon, and one more between their radiuses.
        if target.count(";") > 2 and not self.begun.is_set():
            self.begun.set()
            await self.over.wait()
        await answers(osrm, writer, target)


async def test_nobody_waits_under_locks(
    start_server: StartServer, sign_up: SignUp, osrm: Osrm, db: asyncpg.Connection
) -> None:
    server = await start_server(routing_url=osrm.url, routing_timeout_ms=60_000)
    async with server.client() as there:
        one, other = replace(await sign_up(), client=there), replace(await sign_up(), client=there)
        target = (await go(one, ride(0)))["request_id"]
        await go(other, ride(1))
        connection_id = (await ask(other, target)).json()["connection_id"]
        osrm.behaviour = pause = Pause()
        saying = asyncio.create_task(say(one, connection_id))
        await until(pause.begun.is_set)
        for table in ("connections", "pooling_requests", "users"):
            async with db.transaction():
                await db.execute(
                    f"set local lock_timeout = '30s'; lock table {table} in exclusive mode"
                )
        pause.over.set()
        assert (await saying).status_code == 200
        assert (await current(one))["is_fallback"] is False


async def test_who_comes_while_distances_are_asked_for_is_met_by_road_too(
    start_server: StartServer, sign_up: SignUp, osrm: Osrm, db: asyncpg.Connection
) -> None:
    server = await start_server(routing_url=osrm.url, routing_timeout_ms=60_000)
    async with server.client() as there:
        first, second, third = [replace(await sign_up(), client=there) for _ in range(3)]
        before = (await go(first, ride(0)))["request_id"]
        osrm.behaviour = pause = Pause()
        opening = asyncio.create_task(go(second, ride(1)))
        await until(pause.begun.is_set)
        meanwhile = (await go(third, ride(2)))["request_id"]
        pause.over.set()
        matches = (await opening)["matches"]
    assert {match["request_id"]: match["is_fallback"] for match in matches} == {
        before: False,
        meanwhile: False,
    }
    told = [payload["match"] for _, payload in await heard_by(db, third)]
    assert [match["is_fallback"] for match in told] == [False]
    assert len(await db.fetch("select from pooling_requests where user_id = $1", second.id)) == 1


async def test_of_a_crowd_as_many_are_measured_as_one_table_holds(
    mapped: SignUpThere, osrm: Osrm, db: asyncpg.Connection
) -> None:
    rider = await mapped()
    await db.execute(
        """
        with crowd as (
            insert into users (college_id, email, full_name, password_hash)
            select $1, $2 || n || '@crowd.example', 'Crowd', ''
              from generate_series(1, 70) as n
            returning user_id
        ),
        trips as (
            select user_id,
                   point($4, $3 - row_number() over () * 0.0001) as start,
                   point($6, $5 + row_number() over () * 0.0001) as destination
              from crowd
        )
        insert into pooling_requests
            (college_id, user_id, start, destination, departure, solo_meters, solo_road_meters,
             reach)
        select $1, user_id, start, destination, tstzrange(now(), now() + interval '15 minutes'),
               meters, 2 * meters, reach_box(start, destination, 25, 2 * meters)
          from trips
         cross join lateral road_meters(start, destination) as meters
        """,
        rider.college_id,
        f"crowd{rider.id}.",
        *STATION,
        *CAMPUS,
    )
    matches = (await go(rider, ride(0)))["matches"]
    assert [match["is_fallback"] for match in matches] == [False] * 20
    [alone, crowd] = [target.partition("?")[0].count(";") + 1 for target in osrm.asked]
    assert (alone, crowd) == (2, LARGEST_TABLE)


async def test_a_rider_is_told_once_however_often_distances_are_asked_for(
    mapped: SignUpThere, db: asyncpg.Connection
) -> None:
    """The decision that was given up leaves nothing behind."""
    one, other = await mapped(), await mapped()
    key = {"Idempotency-Key": "ride-4711"}
    await go(one, ride(0))
    first = await other.call("POST", "/api/pool/requests", json=ride(1), headers=key)
    again = await other.call("POST", "/api/pool/requests", json=ride(1), headers=key)
    assert first.status_code == 200
    assert (again.headers["Idempotency-Replayed"], again.json()) == ("true", first.json())
    assert [kind for kind, _ in await heard_by(db, one)] == ["match_found"]
