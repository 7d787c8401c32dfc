"""Who saved a search hears of each ride that fits it, once."""

import asyncio
import math
import random
import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from tests.conftest import WHERE_IT_IS_NOON, Server, SignUp
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import (
    CAMPUS,
    STATION,
    go,
    heard_by,
    pair_up,
    ride,
    the_other_way,
    types_heard_by,
)
from tests.waiting import until, until_waiting_for_locks
from tripsync.database import Database
from tripsync.database.files import SQL
from tripsync.database.queries import load_queries
from tripsync.pooling.calendar import WEEKDAYS
from tripsync.pooling.recurring import open_due

PATH = "/api/pool/searches"
ZONE = ZoneInfo(WHERE_IT_IS_NOON)
# Of latitude, on the globe that the schema measures on.
METER = math.degrees(1 / 6371008.8)


def search(**changes: Any) -> dict[str, Any]:
    """From around the station to around the campus."""
    return {
        "name": "To the campus",
        "start_latitude": STATION[0],
        "start_longitude": STATION[1],
        "start_radius_meters": 1000,
        "destination_latitude": CAMPUS[0],
        "destination_longitude": CAMPUS[1],
        "destination_radius_meters": 1000,
        **changes,
    }


async def keep(rider: Rider, **changes: Any) -> dict[str, Any]:
    answer = await rider.call("POST", PATH, json=search(**changes))
    assert answer.status_code == 201, answer.text
    kept: dict[str, Any] = answer.json()
    return kept


async def hits_of(db: asyncpg.Connection, rider: Rider) -> list[Any]:
    return [payload for kind, payload in await heard_by(db, rider) if kind == "saved_search_hit"]


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


async def test_a_search_is_shown_as_it_was_kept(sign_up: SignUp) -> None:
    rider = await sign_up()
    expires_at = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    details = {
        "weekdays": ["friday", "monday", "friday"],
        "day_from": "17:00",
        "day_until": "19:30",
        "mail_me": True,
        "expires_at": expires_at,
        "start_radius_meters": 100,
        "destination_radius_meters": 10_000,
    }
    kept = await keep(rider, name=" Home ", **details)
    [shown] = (await rider.call("GET", PATH)).json()["items"]
    assert shown == kept
    assert (shown["name"], shown["weekdays"]) == ("Home", ["monday", "friday"])
    assert datetime.fromisoformat(shown["expires_at"]) == datetime.fromisoformat(expires_at)
    for name in ("day_from", "day_until", "mail_me", "start_radius_meters", "start_latitude"):
        assert shown[name] == (search() | details)[name]


async def test_who_searches_is_told_of_a_ride_that_fits(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, goer = await sign_up(), await sign_up(full_name="Ravi Iyer")
    kept = await keep(watcher)
    opened = await go(goer, ride(1, start_name="Station", destination_name="Main gate"))
    shown = (await goer.call("GET", f"/api/pool/requests/{opened['request_id']}")).json()
    [hit] = await hits_of(db, watcher)
    for name in ("depart_after", "depart_before"):
        told = datetime.fromisoformat(hit["request"].pop(name))
        assert told == datetime.fromisoformat(shown[name])
    assert hit == {
        "search_id": kept["search_id"],
        "name": "To the campus",
        "request": {
            "request_id": opened["request_id"],
            "from_user": {"id": goer.id, "full_name": "Ravi Iyer"},
            "start_name": "Station",
            "destination_name": "Main gate",
        },
    }
    await go(goer, the_other_way())
    assert len(await hits_of(db, watcher)) == 1


async def test_one_ride_tells_all_whom_it_fits_and_each_search_for_itself(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watchers = [await sign_up() for _ in range(4)]
    for watcher in watchers:
        await keep(watcher, name="one")
        await keep(watcher, name="other", start_radius_meters=2000)
    await go(await sign_up())
    for watcher in watchers:
        assert [hit["name"] for hit in await hits_of(db, watcher)] == ["one", "other"]


@pytest.mark.parametrize("end", ["start", "destination"])
@pytest.mark.parametrize("direction", [(1, 0), (-1, 0), (0, 1), (0, -1), (0.6, 0.8), (-0.8, 0.6)])
async def test_a_circle_ends_where_its_radius_says(
    sign_up: SignUp, db: asyncpg.Connection, end: str, direction: tuple[float, float]
) -> None:
    watcher, goer = await sign_up(), await sign_up()
    await keep(watcher, **{f"{end}_radius_meters": 500})
    for meters, hits in ((505, 0), (495, 1)):
        body = ride()
        north, east = direction
        body[f"{end}_latitude"] += north * meters * METER
        narrowing = math.cos(math.radians(body[f"{end}_latitude"]))
        body[f"{end}_longitude"] += east * meters * METER / narrowing
        await go(goer, body)
        assert len(await hits_of(db, watcher)) == hits


async def test_the_box_of_a_circle_is_never_too_small(db: asyncpg.Connection) -> None:
    dice = random.Random(4)
    places = [
        (dice.uniform(-180, 180), math.degrees(math.asin(dice.uniform(-1, 1)))) for _ in range(300)
    ]
    places += [(179.999, 0), (-180, 60), (0, 89.99), (77, -89.95), (180, -90), (13, 90)]
    for longitude, latitude in places:
        meters = dice.choice((100, 1000, 10_000))
        around = [
            on_the_circle(longitude, latitude, meters, bearing) for bearing in range(0, 360, 5)
        ]
        outside = await db.fetchval(
            "select count(*) from unnest($4::float8[], $5::float8[]) as spot (x, y) "
            "where great_circle_meters(point($1, $2), point(x, y)) <= $3 "
            "and not circle_box(point($1, $2), $3) @> box(point(x, y))",
            float(longitude),
            float(latitude),
            float(meters),
            [spot[0] for spot in around],
            [spot[1] for spot in around],
        )
        assert outside == 0, (longitude, latitude, meters)


def on_the_circle(
    longitude: float, latitude: float, meters: float, bearing: float
) -> tuple[float, float]:
    """The place so many metres away, a hair less, in a direction."""
    far, phi, theta = meters * 0.999999 / 6371008.8, math.radians(latitude), math.radians(bearing)
    there = math.asin(
        math.sin(phi) * math.cos(far) + math.cos(phi) * math.sin(far) * math.cos(theta)
    )
    turned = math.atan2(
        math.sin(theta) * math.sin(far) * math.cos(phi),
        math.cos(far) - math.sin(phi) * math.sin(there),
    )
    return (longitude + math.degrees(turned) + 540) % 360 - 180, math.degrees(there)


async def test_great_circles_are_as_long_as_roads_are_thought_to_be(
    db: asyncpg.Connection,
) -> None:
    one, other = await db.fetchrow(
        "select great_circle_meters(a, b), road_meters(a, b) from (select "
        "point(72.8, 19.1) as a, point(73.1, 18.9) as b) as places"
    )
    assert one == pytest.approx(other / 1.3)


# Monday is 2 November 2026; departures are by the clocks of Mumbai.
@pytest.mark.parametrize(
    ("after", "before", "weekdays", "day_from", "day_until", "fits"),
    [
        ("2026-11-02T08:30", "2026-11-02T09:00", None, None, None, True),
        ("2026-11-02T08:30", "2026-11-02T09:00", ["monday"], None, None, True),
        ("2026-11-02T08:30", "2026-11-02T09:00", ["sunday", "tuesday"], None, None, False),
        # Monday in Mumbai, still Sunday in Greenwich.
        ("2026-11-02T00:10", "2026-11-02T00:20", ["monday"], None, None, True),
        ("2026-11-02T00:10", "2026-11-02T00:20", ["sunday"], None, None, False),
        # A window into the next day counts for both.
        ("2026-11-02T23:50", "2026-11-03T00:20", ["tuesday"], None, None, True),
        ("2026-11-02T23:50", "2026-11-03T00:00", ["tuesday"], None, None, False),
        # It is enough that the rider may leave then.
        ("2026-11-02T08:30", "2026-11-02T09:00", None, "08:50", "12:00", True),
        ("2026-11-02T08:30", "2026-11-02T09:00", None, "07:00", "08:31", True),
        ("2026-11-02T08:30", "2026-11-02T09:00", None, "08:40", "08:50", True),
        ("2026-11-02T08:30", "2026-11-02T09:00", None, "09:00", "12:00", False),
        ("2026-11-02T08:30", "2026-11-02T09:00", None, "07:00", "08:30", False),
        # A night belongs to the weekday on which it begins.
        ("2026-11-02T23:30", "2026-11-02T23:40", ["monday"], "22:00", "02:00", True),
        ("2026-11-03T01:30", "2026-11-03T01:40", ["monday"], "22:00", "02:00", True),
        ("2026-11-03T01:30", "2026-11-03T01:40", ["tuesday"], "22:00", "02:00", False),
        ("2026-11-02T01:30", "2026-11-02T01:40", ["monday"], "22:00", "02:00", False),
        ("2026-11-02T12:00", "2026-11-02T13:00", ["monday"], "22:00", "02:00", False),
        # A day's window meets every time of day.
        ("2026-11-02T08:00", "2026-11-03T08:00", ["tuesday"], "07:00", "07:30", True),
        ("2026-11-02T08:00", "2026-11-03T08:00", ["monday"], "07:00", "07:30", False),
    ],
)
async def test_days_and_times_are_those_of_the_colleges_clocks(
    db: asyncpg.Connection,
    after: str,
    before: str,
    weekdays: list[str] | None,
    day_from: str | None,
    day_until: str | None,
    fits: bool,
) -> None:
    found = await db.fetchval(
        "select departs_within(tstzrange($1, $2, '[]'), $6, $3, $4::text::time, $5::text::time)",
        local(after),
        local(before),
        weekdays,
        day_from,
        day_until,
        ZONE.key,
    )
    assert found is fits


@pytest.mark.parametrize(
    ("night", "day_from", "day_until"),
    [
        # Where 02:30 does not exist, its end comes out before its beginning; where 01:30 exists
        # twice, a window may end before it began, on the dial.
        ("2026-03-08", "02:30", "03:00"),
        ("2026-11-01", "01:15", "01:45"),
    ],
)
async def test_no_night_is_an_error(
    db: asyncpg.Connection, night: str, day_from: str, day_until: str
) -> None:
    midnight = datetime.fromisoformat(f"{night}T05:00").replace(tzinfo=UTC)
    for minutes in range(-60, 300, 15):
        leaves = midnight + timedelta(minutes=minutes)
        await db.fetchval(
            "select departs_within(tstzrange($1, $2), 'America/New_York', null, "
            "$3::text::time, $4::text::time)",
            leaves,
            leaves + timedelta(minutes=45),
            day_from,
            day_until,
        )


async def test_a_search_for_another_weekday_is_not_told(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, goer = await sign_up(), await sign_up()
    leaves = datetime.now(ZONE) + timedelta(days=1)
    leaves = leaves.replace(hour=12, minute=0)
    weekday = WEEKDAYS[leaves.weekday()]
    await keep(watcher, name="that day", weekdays=[weekday], day_from="11:00", day_until="13:00")
    await keep(watcher, name="other days", weekdays=[each for each in WEEKDAYS if each != weekday])
    await keep(watcher, name="other times", day_from="13:00", day_until="11:00")
    await go(
        goer,
        ride(
            depart_after=leaves.isoformat(),
            depart_before=(leaves + timedelta(minutes=20)).isoformat(),
        ),
    )
    assert [hit["name"] for hit in await hits_of(db, watcher)] == ["that day"]


async def test_one_does_not_hear_of_oneself(sign_up: SignUp, db: asyncpg.Connection) -> None:
    rider = await sign_up()
    await keep(rider)
    await go(rider)
    assert await hits_of(db, rider) == []


async def test_colleges_do_not_mix(sign_up: SignUp, campus: Campus, db: asyncpg.Connection) -> None:
    watcher = await campus.sign_up(college_name="VJTI")
    await keep(watcher)
    await go(await sign_up())
    assert await hits_of(db, watcher) == []


@pytest.mark.parametrize("who", ["the watcher", "the goer"])
async def test_the_blocked_hear_nothing_of_each_other(
    sign_up: SignUp, db: asyncpg.Connection, who: str
) -> None:
    watcher, goer = await sign_up(), await sign_up()
    await keep(watcher)
    pair = (watcher, goer) if who == "the watcher" else (goer, watcher)
    await pair[0].call("PUT", f"/api/users/{pair[1].id}/block")
    await go(goer)
    assert await hits_of(db, watcher) == []


async def test_the_banned_are_not_told(sign_up: SignUp, db: asyncpg.Connection) -> None:
    watcher, goer = await sign_up(), await sign_up()
    await keep(watcher)
    await db.execute("update users set banned_at = now() where user_id = $1", watcher.id)
    await go(goer)
    assert await hits_of(db, watcher) == []


async def test_who_rides_with_the_same_gender_only_is_not_shown_to_others(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    woman, man, goer = await sign_up(), await sign_up(), await sign_up()
    for rider, gender in ((woman, "woman"), (man, "man"), (goer, "woman")):
        answer = await rider.call("PUT", "/api/profile/me", json={"gender": gender})
        assert answer.status_code == 200
        await keep(rider)
    await go(goer, ride(preferences={"same_gender": True}))
    assert len(await hits_of(db, woman)) == 1
    assert await hits_of(db, man) == []
    await go(goer, ride())
    assert len(await hits_of(db, man)) == 1


async def test_a_search_ends_when_it_says(sign_up: SignUp, db: asyncpg.Connection) -> None:
    watcher, goer = await sign_up(), await sign_up()
    kept = await keep(watcher, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    await db.execute(
        "update saved_searches set expires_at = now() where search_id = $1", kept["search_id"]
    )
    await go(goer)
    assert await hits_of(db, watcher) == []
    assert (await watcher.call("GET", PATH)).json()["items"] == []
    assert (await watcher.call("DELETE", f"{PATH}/{kept['search_id']}")).status_code == 404


async def test_what_has_ended_is_let_go_by_its_own_rider_alone(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    riders = [await sign_up(), await sign_up()]
    for rider in riders:
        await keep(rider)
        await keep(rider, expires_at=(datetime.now(UTC) + timedelta(hours=1)).isoformat())
    ids = [rider.id for rider in riders]
    await db.execute(
        "update saved_searches set expires_at = now() where user_id = any($1)"
        " and expires_at is not null",
        ids,
    )
    await keep(riders[0])
    counted = await db.fetch(
        "select count(*) from saved_searches where user_id = any($1) group by user_id"
        " order by user_id",
        ids,
    )
    assert [row["count"] for row in counted] == [2, 2]
    assert await db.fetchval(
        "select count(*) from saved_searches where user_id = $1 and expires_at is not null",
        riders[1].id,
    )


async def test_a_deleted_search_tells_no_more(sign_up: SignUp, db: asyncpg.Connection) -> None:
    watcher, goer = await sign_up(), await sign_up()
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    kept, other = await keep(watcher, expires_at=tomorrow), await keep(watcher)
    await go(goer)
    assert (await watcher.call("DELETE", f"{PATH}/{kept['search_id']}")).status_code == 204
    again = await watcher.call("DELETE", f"{PATH}/{kept['search_id']}")
    assert (again.status_code, again.json()["code"]) == (404, "no_such_search")
    await go(goer)
    assert len(await hits_of(db, watcher)) == 3
    [left] = (await watcher.call("GET", PATH)).json()["items"]
    assert left["search_id"] == other["search_id"]


async def test_of_one_ride_one_hears_once_also_when_it_changes_or_comes_back(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, goer, partner = await sign_up(), await sign_up(), await sign_up()
    await keep(watcher)
    await pair_up(goer, partner, ride(0), ride(1))
    assert len(await hits_of(db, watcher)) == 2
    left = next(iter((await goer.call("GET", "/api/pool/requests")).json()["items"]))
    await goer.call("DELETE", f"/api/pool/requests/{left['request_id']}")
    assert "ride_cancelled" in await types_heard_by(db, partner)
    back = (await partner.call("GET", "/api/pool/requests")).json()["items"][0]
    assert back["status"] == "active"
    answer = await partner.call(
        "PUT", f"/api/pool/requests/{back['request_id']}", json={"detour_percent": 50}
    )
    assert answer.status_code == 200
    assert len(await hits_of(db, watcher)) == 2


async def test_a_search_saved_meanwhile_hears_of_a_ride_that_comes_back(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, goer, partner = await sign_up(), await sign_up(), await sign_up()
    await pair_up(goer, partner, ride(0), ride(1))
    await keep(watcher)
    [left] = (await goer.call("GET", "/api/pool/requests")).json()["items"]
    await goer.call("DELETE", f"/api/pool/requests/{left['request_id']}")
    [hit] = await hits_of(db, watcher)
    assert hit["request"]["from_user"]["id"] == partner.id


async def test_a_ride_that_moves_into_the_time_searched_for_is_told(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, goer = await sign_up(), await sign_up()
    noon = (datetime.now(ZONE) + timedelta(days=1)).replace(hour=12, minute=0)
    await keep(watcher, day_from="15:00", day_until="16:00")
    opened = await go(
        goer,
        ride(
            depart_after=noon.isoformat(), depart_before=(noon + timedelta(minutes=30)).isoformat()
        ),
    )
    assert await hits_of(db, watcher) == []
    later = (noon + timedelta(hours=3, minutes=30)).isoformat()
    answer = await goer.call(
        "PUT", f"/api/pool/requests/{opened['request_id']}", json={"depart_before": later}
    )
    assert answer.status_code == 200, answer.text
    assert len(await hits_of(db, watcher)) == 1


async def test_a_weekly_ride_is_told_when_it_is_opened(
    sign_up: SignUp, db: asyncpg.Connection, server: Server
) -> None:
    watcher, goer = await sign_up(), await sign_up()
    await keep(watcher)
    leaves = datetime.now(ZONE) + timedelta(minutes=30)
    body = ride(weekdays=list(WEEKDAYS), departs_at=leaves.strftime("%H:%M"))
    assert (await goer.call("POST", "/api/pool/recurring", json=body)).status_code == 201
    async with server.app.ctx.resources[Database].transaction() as transaction:
        await open_due(transaction)
    assert len(await hits_of(db, watcher)) == 1


async def test_a_ride_opened_while_a_search_is_being_deleted_goes_on_the_road(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    watcher, goer = await sign_up(), await sign_up()
    kept = await keep(watcher)
    async with db.transaction():
        await db.execute("delete from saved_searches where search_id = $1", kept["search_id"])
        going = asyncio.create_task(go(goer))
        await until_waiting_for_locks(db)
    assert (await going)["request_id"]
    assert await hits_of(db, watcher) == []


async def test_many_riders_at_once_tell_many_searches(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    riders = [await sign_up() for _ in range(8)]
    for rider in riders:
        await keep(rider)
    await asyncio.gather(*(go(rider, ride(n % 3)) for n, rider in enumerate(riders)))
    for rider in riders:
        assert len(await hits_of(db, rider)) == 7


async def test_a_mail_comes_when_asked_for_to_a_confirmed_address_once_an_hour(
    sign_up: SignUp, campus: Campus, db: asyncpg.Connection
) -> None:
    asking, quiet, unconfirmed = await sign_up(), await sign_up(), await sign_up()
    goer = await sign_up(full_name="Ravi Iyer")
    for rider in (asking, quiet):
        await db.execute("update users set verified_at = now() where user_id = $1", rider.id)
    kept = await keep(asking, mail_me=True)
    await keep(quiet)
    await keep(unconfirmed, mail_me=True)

    def mails_to(rider: Rider) -> list[str]:
        texts = [file.read_text() for file in campus.mail_folder.glob("*.eml")]
        return [
            text
            for text in texts
            if f"To: {rider.email}\n" in text and "Subject: Somebody goes your way\n" in text
        ]

    await go(goer, ride(start_name="Station", destination_name="Main gate"))
    [mail] = await until(lambda: mails_to(asking))
    assert "Ravi Iyer goes your way (Station to Main gate)" in mail
    assert '"To the campus"' in mail
    await go(goer)
    await db.execute(
        "update saved_search_hits set told_at = now() - interval '61 minutes' where search_id = $1",
        kept["search_id"],
    )
    await go(goer)
    await until(lambda: len(mails_to(asking)) == 2)
    mailed = await db.fetch(
        "select mailed from saved_search_hits where search_id = $1 order by request_id",
        kept["search_id"],
    )
    assert [row["mailed"] for row in mailed] == [True, False, True]
    assert len(await hits_of(db, asking)) == 3
    assert (mails_to(quiet), mails_to(unconfirmed)) == ([], [])


async def test_a_mail_about_one_search_silences_no_other(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    one, other, goer = await sign_up(), await sign_up(), await sign_up()
    for rider in (one, other):
        await db.execute("update users set verified_at = now() where user_id = $1", rider.id)
    early, late = ride(), the_other_way()
    ends = ("start_latitude", "start_longitude", "destination_latitude", "destination_longitude")
    kept = [
        (await keep(rider, mail_me=True, **{end: way[end] for end in ends}))["search_id"]
        for rider, way in ((one, early), (one, late), (other, late))
    ]
    for way in (early, late):
        await go(goer, way)
    mailed = "select search_id from saved_search_hits where mailed and search_id = any($1)"
    assert {row[0] for row in await db.fetch(mailed, kept)} == set(kept)


async def test_a_new_ride_costs_one_look_at_an_index_however_many_search(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    goer = await sign_up()
    request_id = (await go(goer))["request_id"]
    query = load_queries(SQL)["searches"]["record_hits"]
    values = {"college_id": goer.college_id, "request_id": request_id}
    trial = db.transaction()
    await trial.start()
    try:
        await db.execute(
            "insert into saved_searches (college_id, user_id, name, start, start_radius_meters, "
            "destination, destination_radius_meters, mail_me) "
            "select $1, $2, 'n', point(72.5 + random(), 18.8 + random()), 100 + 2000 * random(), "
            "point(72.5 + random(), 18.8 + random()), 100 + 2000 * random(), false "
            "from generate_series(1, 20000)",
            goer.college_id,
            goer.id,
        )
        await db.execute("analyze saved_searches")
        plan = "\n".join(
            row[0]
            for row in await db.fetch(
                f"explain {query.sql}", *(values[name] for name in query.parameters)
            )
        )
    finally:
        await trial.rollback()
    assert "Index Scan using saved_searches_around" in plan or re.search(
        r"Bitmap Index Scan on saved_searches_around", plan
    )
    assert "Seq Scan on saved_searches" not in plan


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_a_search_is_its_riders_alone(
    sign_up: SignUp, campus: Campus, elsewhere: bool
) -> None:
    rider = await sign_up()
    stranger = await (campus.sign_up(college_name="VJTI") if elsewhere else sign_up())
    kept = await keep(rider)
    answer = await stranger.call("DELETE", f"{PATH}/{kept['search_id']}")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_search")
    assert kept not in (await stranger.call("GET", PATH)).json()["items"]
    assert (await rider.call("GET", PATH)).json()["items"] == [kept]


async def test_the_list_comes_in_pages(sign_up: SignUp) -> None:
    rider = await sign_up()
    ids = [(await keep(rider))["search_id"] for _ in range(5)]
    first = (await rider.call("GET", f"{PATH}?limit=3")).json()
    rest = (await rider.call("GET", f"{PATH}?limit=3&cursor={first['next_cursor']}")).json()
    shown = [each["search_id"] for each in first["items"] + rest["items"]]
    assert shown == ids[::-1]
    assert rest["next_cursor"] is None


async def test_nobody_keeps_more_than_twenty_also_not_at_once(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    answers = await asyncio.gather(*(rider.call("POST", PATH, json=search()) for _ in range(24)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(201), statuses.count(409)) == (20, 4)
    assert {each.json()["code"] for each in answers if each.status_code == 409} == {
        "too_many_searches"
    }
    await db.execute(
        "update saved_searches set expires_at = now() where search_id = "
        "(select min(search_id) from saved_searches where user_id = $1)",
        rider.id,
    )
    await keep(rider)


async def test_a_retry_with_the_same_key_keeps_one(sign_up: SignUp) -> None:
    rider = await sign_up()
    headers = {"Idempotency-Key": secrets.token_hex(8)}
    first = await rider.call("POST", PATH, json=search(), headers=headers)
    second = await rider.call("POST", PATH, json=search(), headers=headers)
    assert (first.status_code, first.content) == (201, second.content)
    assert len((await rider.call("GET", PATH)).json()["items"]) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"start_latitude": 91}, "start_latitude"),
        ({"destination_longitude": None}, "destination_longitude"),
        ({"start_radius_meters": 99}, "start_radius_meters"),
        ({"destination_radius_meters": 10_001}, "destination_radius_meters"),
        ({"weekdays": []}, "weekdays"),
        ({"weekdays": ["someday"]}, "weekdays"),
        ({"day_from": "08:00"}, "day_until"),
        ({"day_until": "08:00"}, "day_from"),
        ({"day_from": "08:00", "day_until": "08:00"}, "day_until"),
        ({"day_from": "8", "day_until": "09:00"}, "day_from"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "expires_at"),
        ({"expires_at": "2030-01-01T00:00:00"}, "expires_at"),
        ({"mail_me": "yes"}, "mail_me"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_makes_no_search_is_refused_by_field(
    sign_up: SignUp, changes: dict[str, Any], field: str
) -> None:
    rider = await sign_up()
    answer = await rider.call("POST", PATH, json=search(**changes))
    assert answer.status_code == 422, answer.text
    assert field in [error["field"] for error in answer.json()["errors"]]
    assert (await rider.call("GET", PATH)).json()["items"] == []
