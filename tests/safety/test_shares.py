"""Links to a ride: what they show, to whom, and for how long."""

import asyncio
import io
import logging
import re
from collections.abc import Iterator
from datetime import datetime

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import ask, go, pair_up, ride, say, the_other_way
from tests.safety.conftest import Pair, opens, share
from tests.waiting import until_waiting_for_locks
from tripsync.database import Database
from tripsync.logs import JsonLines
from tripsync.safety.api import MOST_SHARES, forget_shares

HERE = {"latitude": 19.08, "longitude": 72.85}


async def pool_of(rider: Rider) -> int:
    pool = (await rider.call("GET", "/api/pool/pools/current")).json()["pool"]
    number: int = pool["pool_id"]
    return number


async def test_a_link_shows_the_ride_without_an_account(pair: Pair) -> None:
    asha, _ = pair
    link = await share(asha, vehicle_note="  White Dzire, MH 02 ", expires_in_minutes=60)
    assert link["vehicle_note"] == "White Dzire, MH 02"
    assert (await asha.call("PUT", "/api/safety/position", json=HERE)).status_code == 204
    answer = await asha.client.get(str(link["url"]))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    ride = answer.json()
    assert ride["status"] == "open"
    assert ride["rider"] == "Asha"
    assert ride["fellow_riders"] == ["Dev"]
    assert ride["vehicle_note"] == "White Dzire, MH 02"
    assert ride["expires_at"] == link["expires_at"]
    assert ride["started_at"] is None
    assert {name: ride["last_position"][name] for name in HERE} == HERE
    assert ride["last_position"]["at"]
    assert [stop["kind"] for stop in ride["stops"]] == ["pickup", "pickup", "drop", "drop"]
    assert {stop["name"] for stop in ride["stops"]} == {
        "Andheri station",
        "Main gate",
        "Juhu circle",
        "Library",
    }
    assert all(stop["latitude"] > 19 and stop["longitude"] > 72 for stop in ride["stops"])
    expected = [stop["expected_at"] for stop in ride["stops"]]
    assert expected == sorted(expected)
    assert expected[0] < expected[-1]


async def test_a_link_says_when_the_ride_began_and_ended(pair: Pair) -> None:
    asha, dev = pair
    link = await share(asha)
    pool = f"/api/pool/pools/{await pool_of(asha)}"
    assert (await dev.call("POST", f"{pool}/start")).status_code == 200
    ride = (await asha.client.get(str(link["url"]))).json()
    assert ride["status"] == "started"
    assert ride["started_at"]
    assert (await dev.call("POST", f"{pool}/complete")).status_code == 200
    ride = (await asha.client.get(str(link["url"]))).json()
    assert ride["status"] == "completed"
    assert ride["ended_at"]


async def test_a_link_tells_no_id_no_address_and_no_number(pair: Pair) -> None:
    asha, dev = pair
    for rider, number in ((asha, "+919820012345"), (dev, "+919820054321")):
        profile = {"phone_number": number, "bio": "Third bench"}
        assert (await rider.call("PUT", "/api/profile/me", json=profile)).status_code == 200
    link = await share(asha)
    shown = (await asha.client.get(str(link["url"]))).text
    for secret in (asha.email, dev.email, "98200", "Rao", "Gupta", "Third bench"):
        assert secret not in shown
    assert not re.search(r'"\w*id":', shown)


async def test_two_links_have_nothing_in_common(pair: Pair, db: asyncpg.Connection) -> None:
    asha, _ = pair
    one, other = await share(asha), await share(asha)
    assert one["url"] != other["url"]
    secret = str(one["url"]).rpartition("/")[2]
    assert len(secret) == 43
    kept = await db.fetchval("select s::text from ride_shares s where share_id = $1", one["id"])
    assert secret not in kept
    listed = (await asha.call("GET", "/api/safety/shares")).text
    assert secret not in listed


async def test_no_key_keeps_the_secret_of_a_link(pair: Pair, db: asyncpg.Connection) -> None:
    asha, _ = pair
    answer = await asha.call(
        "POST", "/api/safety/share", json={}, headers={"Idempotency-Key": "a-key"}
    )
    assert answer.status_code == 201
    scope = f"{asha.id} %"
    assert not await db.fetchval(
        "select count(*) from idempotency_keys where scope like $1 and key = 'a-key'", scope
    )


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    loggers = [logging.getLogger(name) for name in ("tripsync", "sanic", "asyncio")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.DEBUG)
    yield stream
    for each, level in zip(loggers, before, strict=True):
        each.removeHandler(handler)
        each.setLevel(level)


async def test_no_log_shows_the_secret_of_a_link(pair: Pair, log: io.StringIO) -> None:
    asha, _ = pair
    url = str((await share(asha))["url"])
    secret = url.rpartition("/")[2]
    assert (await asha.client.get(url)).status_code == 200
    assert (await asha.client.get(f"{url}/")).status_code in (200, 404)
    assert (await asha.client.get(f"{url}x")).status_code == 404
    assert (await asha.client.get(f"/app{url}/more?token={secret}")).status_code == 404
    assert (await asha.client.post(url)).status_code == 405
    written = log.getvalue()
    assert written.count("/api/safety/shared/<secret>") >= 5
    assert secret not in written


async def test_a_link_that_was_ended_shows_nothing(pair: Pair, db: asyncpg.Connection) -> None:
    asha, _ = pair
    link, kept = await share(asha), await share(asha)
    ended = await asha.call("DELETE", f"/api/safety/share/{link['id']}")
    assert ended.status_code == 204
    assert not await opens(asha, link)
    assert await opens(asha, kept)
    again = await asha.call("DELETE", f"/api/safety/share/{link['id']}")
    assert again.status_code == 404
    assert again.json()["code"] == "no_share"


async def test_a_link_that_has_expired_shows_nothing(pair: Pair, db: asyncpg.Connection) -> None:
    asha, _ = pair
    link = await share(asha, expires_in_minutes=5)
    assert await opens(asha, link)
    await db.execute("update ride_shares set expires_at = now() where share_id = $1", link["id"])
    assert not await opens(asha, link)
    assert (await asha.call("GET", "/api/safety/shares")).json()["items"] == []


async def test_a_link_outlives_the_ride_by_two_hours(pair: Pair, db: asyncpg.Connection) -> None:
    asha, dev = pair
    link, pool = await share(asha, expires_in_minutes=1440), await pool_of(asha)
    assert (await dev.call("POST", f"/api/pool/pools/{pool}/complete")).status_code == 200
    for minutes, shown in ((119, True), (121, False)):
        await db.execute(
            "update pools set closed_at = now() - make_interval(mins => $1) where pool_id = $2",
            minutes,
            pool,
        )
        assert await opens(asha, link) is shown


async def test_a_link_ends_when_its_rider_leaves_the_ride(sign_up: SignUp) -> None:
    asha, dev = await sign_up(), await sign_up()
    await pair_up(asha, dev)
    link, other = await share(asha), await share(dev)
    left = await asha.call("POST", f"/api/pool/pools/{await pool_of(asha)}/leave")
    assert left.status_code == 200
    assert not await opens(asha, link)
    # The ride of two is no more either.
    assert not await opens(dev, other)


async def test_a_link_names_nobody_who_has_left(pair: Pair, sign_up: SignUp) -> None:
    asha, dev = pair
    eve = await sign_up(full_name="Eve Pinto")
    await go(eve, ride(2))
    active = (await dev.call("GET", "/api/pool/connections/active")).json()["connection"]
    sent = (await ask(eve, active["user_request_id"])).json()
    assert (await say(dev, sent["connection_id"])).status_code == 200
    link = str((await share(asha))["url"])
    assert (await asha.client.get(link)).json()["fellow_riders"] == ["Dev", "Eve"]
    left = await eve.call("POST", f"/api/pool/pools/{await pool_of(eve)}/leave")
    assert left.status_code == 200
    assert (await asha.client.get(link)).json()["fellow_riders"] == ["Dev"]


@pytest.mark.parametrize("secret", ["x" * 43, "x", "x" * 44, "%00", "a.b", "' or true --"])
async def test_a_made_up_link_shows_nothing(campus: Campus, secret: str) -> None:
    answer = await campus.client.get(f"/api/safety/shared/{secret}")
    assert answer.status_code == 404


async def test_there_is_no_link_without_a_ride(sign_up: SignUp) -> None:
    answer = await (await sign_up()).call("POST", "/api/safety/share", json={})
    assert answer.status_code == 404
    assert answer.json()["code"] == "no_ride"


@pytest.mark.parametrize(
    "body",
    [
        {"expires_in_minutes": 4},
        {"expires_in_minutes": 1441},
        {"expires_in_minutes": "60"},
        {"vehicle_note": "x" * 201},
        {"vehicle_note": " "},
        {"vehicle_note": "two\nlines"},
        {"pool_id": 1},
    ],
)
async def test_a_link_is_made_of_sane_input(campus: Campus, body: dict[str, object]) -> None:
    answer = await (await campus.sign_up()).call("POST", "/api/safety/share", json=body)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(body))


async def test_links_are_listed_page_by_page_and_only_to_their_rider(pair: Pair) -> None:
    asha, dev = pair
    first, second = await share(asha), await share(asha)
    page = (await asha.call("GET", "/api/safety/shares?limit=1")).json()
    assert [each["id"] for each in page["items"]] == [second["id"]]
    rest = await asha.call("GET", f"/api/safety/shares?limit=5&cursor={page['next_cursor']}")
    assert [each["id"] for each in rest.json()["items"]] == [first["id"]]
    assert rest.json()["next_cursor"] is None
    assert (await dev.call("GET", "/api/safety/shares")).json()["items"] == []


@pytest.mark.parametrize("college_name", ["the same", "VJTI"])
async def test_nobody_ends_the_link_of_another(
    pair: Pair, sign_up: SignUp, college_name: str
) -> None:
    asha, dev = pair
    link = await share(asha)
    changes = {} if college_name == "the same" else {"college_name": college_name}
    for other in (dev, await sign_up(**changes), await sign_up("admin", **changes)):
        answer = await other.call("DELETE", f"/api/safety/share/{link['id']}")
        assert answer.status_code == 404
    assert await opens(asha, link)


async def test_links_have_an_end_in_number_also_in_a_race(
    pair: Pair, db: asyncpg.Connection
) -> None:
    asha, _ = pair
    async with db.transaction():
        await db.fetchval("select 1 from users where user_id = $1 for no key update", asha.id)
        calls = [
            asyncio.create_task(asha.call("POST", "/api/safety/share", json={}))
            for _ in range(MOST_SHARES + 2)
        ]
        await until_waiting_for_locks(db, 2)
    answers = [await each for each in calls]
    codes = sorted(each.status_code for each in answers)
    assert codes == [201] * MOST_SHARES + [409] * 2
    refused = next(each for each in answers if each.status_code == 409)
    assert refused.json()["code"] == "too_many_shares"


async def test_only_the_last_position_is_kept_and_only_for_ones_own_links(
    pair: Pair, db: asyncpg.Connection
) -> None:
    asha, dev = pair
    links, of_dev = [await share(asha), await share(asha)], await share(dev)
    for latitude in (19.01, 19.02, 19.03):
        there = {"latitude": latitude, "longitude": 72.85}
        assert (await asha.call("PUT", "/api/safety/position", json=there)).status_code == 204
    for link in links:
        ride = (await asha.client.get(str(link["url"]))).json()
        assert ride["last_position"]["latitude"] == 19.03
    ride = (await asha.client.get(str(of_dev["url"]))).json()
    assert ride["last_position"] is None
    kept = await db.fetch(
        "select distinct position::text from ride_shares where user_id = $1", asha.id
    )
    assert [row[0] for row in kept] == ["(72.85,19.03)"]


async def test_no_position_is_kept_where_nobody_follows(pair: Pair) -> None:
    asha, dev = pair
    refused = await asha.call("PUT", "/api/safety/position", json=HERE)
    assert refused.status_code == 404
    assert refused.json()["code"] == "nobody_follows"
    link = await share(asha)
    await dev.call("POST", f"/api/pool/pools/{await pool_of(asha)}/complete")
    assert (await asha.call("PUT", "/api/safety/position", json=HERE)).status_code == 404
    ride = (await asha.client.get(str(link["url"]))).json()
    assert ride["last_position"] is None


@pytest.mark.parametrize(
    "there",
    [
        {"latitude": 91, "longitude": 0},
        {"latitude": 0, "longitude": -180.5},
        {"latitude": 0},
        {"latitude": None, "longitude": 0},
        {"latitude": 0, "longitude": 0, "speed": 3},
    ],
)
async def test_a_position_is_on_the_globe(campus: Campus, there: dict[str, object]) -> None:
    answer = await (await campus.sign_up()).call("PUT", "/api/safety/position", json=there)
    assert answer.status_code == 422


async def test_two_devices_may_tell_the_position_at_once(pair: Pair) -> None:
    asha, _ = pair
    for _ in range(3):
        await share(asha)
    answers = await asyncio.gather(
        *(asha.call("PUT", "/api/safety/position", json=HERE) for _ in range(8))
    )
    assert {each.status_code for each in answers} == {204}


@pytest.mark.touches_everybody
async def test_links_that_open_nothing_are_forgotten(
    pair: Pair, server: Server, db: asyncpg.Connection
) -> None:
    asha, _ = pair
    over, good = await share(asha), await share(asha)
    await db.execute("update ride_shares set expires_at = now() where share_id = $1", over["id"])
    database: Database = server.app.ctx.resources[Database]
    async with database.transaction() as transaction:
        await forget_shares(transaction)
    kept = await db.fetch("select share_id from ride_shares where user_id = $1", asha.id)
    assert [row[0] for row in kept] == [good["id"]]
    assert await opens(asha, good)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/api/safety/share"),
        ("GET", "/api/safety/shares"),
        ("DELETE", "/api/safety/share/1"),
        ("PUT", "/api/safety/position"),
    ],
)
async def test_only_the_link_itself_needs_no_account(
    campus: Campus, method: str, path: str
) -> None:
    assert (await campus.client.request(method, path, json={})).status_code == 401


async def test_a_link_shows_the_own_ride_alone_and_where_the_rider_was_last(
    pair: Pair, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev = pair
    elsewhere = await sign_up(full_name="Elsewhere Pinto"), await sign_up()
    await pair_up(*elsewhere, the_other_way(), the_other_way())
    link = await share(asha)
    url = str(link["url"])
    of_others = str((await share(elsewhere[0]))["url"])
    assert (await asha.client.get(of_others)).json()["rider"] == "Elsewhere"
    shown = (await asha.client.get(url)).json()
    assert (shown["rider"], shown["fellow_riders"]) == ("Asha", ["Dev"])
    assert shown["last_position"] is None
    names = [stop["name"] for stop in shown["stops"]]
    assert names == ["Andheri station", "Juhu circle", "Library", "Main gate"]
    places = [(stop["latitude"], stop["longitude"]) for stop in shown["stops"]]
    assert places == sorted(places, reverse=True)
    # The car comes when the last window begins, and drives 25 km/h.
    [begins] = await db.fetchrow(
        "select max(lower(departure)) from pooling_requests where user_id in ($1, $2)",
        asha.id,
        dev.id,
    )
    meters = await db.fetch(
        "select meters from pool_stops where pool_id = $1 order by position", await pool_of(asha)
    )
    expected = [datetime.fromisoformat(stop["expected_at"]) for stop in shown["stops"]]
    assert [(at - expected[0]).total_seconds() for at in expected] == pytest.approx(
        [row["meters"] / (25 / 3.6) for row in meters], abs=0.01
    )
    created = await db.fetchval(
        "select created_at from pools where pool_id = $1", await pool_of(asha)
    )
    assert expected[0] == max(begins, created)
    # Of the two places that were told, the later one.
    await asha.call("PUT", "/api/safety/position", json=HERE)
    for seconds, latitude in ((-60, HERE["latitude"]), (60, 19.5)):
        await db.execute(
            "insert into live_positions (college_id, user_id, pool_id, position, seen_at)"
            " values ($1, $2, $3, point(72.85, 19.5), now() + make_interval(secs => $4))"
            " on conflict (user_id) do update set seen_at = excluded.seen_at",
            asha.college_id,
            asha.id,
            await pool_of(asha),
            float(seconds),
        )
        shown = (await asha.client.get(url)).json()
        assert shown["last_position"]["latitude"] == latitude
    # Nor the one of another ride, or of somebody else.
    await db.execute("update live_positions set user_id = $2 where user_id = $1", asha.id, dev.id)
    shown = (await asha.client.get(url)).json()
    assert shown["last_position"]["latitude"] == HERE["latitude"]
