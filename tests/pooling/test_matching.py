"""sql/matching.sql: who could share a ride with whom, and who must not."""

import json
import random
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import pytest

from tripsync.database.files import SQL
from tripsync.database.queries import load_queries
from tripsync.matching.plans import (
    METERS_PER_SECOND,
    Point,
    Ride,
    Stop,
    Window,
    departs_between,
    plan_pair,
    road_meters,
)

QUERIES = load_queries(SQL)
MATCHING, ROUNDS = QUERIES["matching"], QUERIES["rounds"]
STREET = [Point(19.1, 72.8 + 0.01 * n) for n in range(20)]
MINUTE = timedelta(minutes=1)

Match = dict[str, Any]
# Somebody new in this test's college comes on the road; gives the request's id.
Wait = Callable[..., Awaitable[int]]


@pytest.fixture
async def college_id(db: asyncpg.Connection, college: str) -> int:
    return await db.fetchval("select college_id from colleges where name = $1", college)


@pytest.fixture
async def now(db: asyncpg.Connection) -> AsyncIterator[datetime]:
    """The moment at which the whole test happens, however long it takes."""
    async with db.transaction():
        yield await db.fetchval("select now()")


@pytest.fixture
def wait(db: asyncpg.Connection, college_id: int, now: datetime) -> Wait:
    async def wait(
        start: Point = STREET[0],
        destination: Point = STREET[10],
        *,
        college: int = college_id,
        after: datetime = now,
        before: datetime = now + 15 * MINUTE,
        gender: str | None = None,
        **wishes: object,
    ) -> int:
        user_id = await db.fetchval(
            "insert into users (college_id, email, full_name, password_hash) "
            "values ($1, $2, 'Asha Rao', '') returning user_id",
            college,
            f"{secrets.token_hex(8)}@djsce.example",
        )
        await db.execute("update profiles set gender = $2 where user_id = $1", user_id, gender)
        if wishes.get("seats_offered"):
            wishes["role"] = "driver"
        wishes.setdefault("detour_percent", 25)
        names = "".join(f", {name}" for name in wishes)
        values = "".join(f", ${n}" for n in range(9, 9 + len(wishes)))
        return await db.fetchval(
            f"""
            insert into pooling_requests
                (college_id, user_id, start, destination, departure, solo_meters, reach{names})
            select $1, $2, start, destination, tstzrange($7, $8), road_meters(start, destination),
                   reach_box(start, destination, {int(str(wishes["detour_percent"]))}){values}
              from (select point($3, $4) as start, point($5, $6) as destination) as ends
            returning request_id
            """,
            college,
            user_id,
            start.longitude,
            start.latitude,
            destination.longitude,
            destination.latitude,
            after,
            before,
            *wishes.values(),
        )

    return wait


@pytest.fixture
def matches(db: asyncpg.Connection, college_id: int) -> Callable[..., Awaitable[list[Match]]]:
    async def matches(request_id: int, both_sides: bool = False, size: int = 100) -> list[Match]:
        rows = await MATCHING["show_matches"](
            db,
            college_id=college_id,
            request_id=request_id,
            pairs=None,
            both_sides=both_sides,
            size=size,
        )
        return [{**row, "route": json.loads(row["route"])} for row in rows]

    return matches


Matches = Callable[..., Awaitable[list[Match]]]


async def ids(found: Awaitable[list[Match]]) -> list[int]:
    return [row["request_id"] for row in await found]


async def user_of(db: asyncpg.Connection, request_id: int) -> int:
    return await db.fetchval(
        "select user_id from pooling_requests where request_id = $1", request_id
    )


def random_place(dice: random.Random) -> Point:
    return Point(19.1 + dice.uniform(0, 0.06), 72.8 + dice.uniform(0, 0.06))


def anywhere(dice: random.Random) -> Point:
    """On the globe, and often where degrees are odd."""
    latitude = dice.choice([dice.uniform(-90, 90), dice.uniform(88, 90), dice.uniform(-90, -88)])
    longitude = dice.choice([dice.uniform(-180, 180), dice.choice([-180, 179]) + dice.random()])
    return Point(latitude, longitude)


def aside(dice: random.Random, place: Point, degrees: float) -> Point:
    latitude = place.latitude + dice.uniform(-degrees, degrees)
    longitude = place.longitude + dice.choice([1, 5, 30]) * dice.uniform(-degrees, degrees)
    return Point(max(-90, min(90, latitude)), (longitude + 180) % 360 - 180)


async def test_distances_are_the_same_in_sql_and_in_python(db: asyncpg.Connection) -> None:
    dice = random.Random(1)
    for _ in range(200):
        here = anywhere(dice)
        there = dice.choice([here, anywhere(dice), aside(dice, here, 0.05)])
        in_sql = await db.fetchval(
            "select road_meters(point($1, $2), point($3, $4))",
            here.longitude,
            here.latitude,
            there.longitude,
            there.latitude,
        )
        assert in_sql == pytest.approx(road_meters(here, there), rel=1e-9, abs=1e-3)


async def test_distances_are_the_same_in_space(db: asyncpg.Connection) -> None:
    """What rounds measure by, against what everything else does."""
    dice = random.Random(11)
    places = [anywhere(dice) for _ in range(500)]
    others = [dice.choice([each, anywhere(dice), aside(dice, each, 0.05)]) for each in places]
    rows = await db.fetch(
        """
        with places as (
            select point(b, a) as one, point(d, c) as other
              from unnest($1::float[], $2::float[], $3::float[], $4::float[]) as pair (a, b, c, d)
        )
        select road_meters(one, other) as on_the_ground,
               meters_in_space(
                   cos(radians(one[1])) * cos(radians(one[0])),
                   cos(radians(one[1])) * sin(radians(one[0])),
                   sin(radians(one[1])),
                   cos(radians(other[1])) * cos(radians(other[0])),
                   cos(radians(other[1])) * sin(radians(other[0])),
                   sin(radians(other[1]))
               ) as in_space
          from places
        """,
        *[list(column) for column in zip(*places, strict=True)],
        *[list(column) for column in zip(*others, strict=True)],
    )
    # At the other end of the globe both lose digits.
    for row in rows:
        assert row["in_space"] == pytest.approx(row["on_the_ground"], rel=1e-7, abs=1e-3)


async def test_a_car_is_as_fast_in_sql_as_in_python(db: asyncpg.Connection) -> None:
    for meters in (0, 1, 9_876.5, 2e6):
        took = await db.fetchval("select driving_time($1)", meters)
        assert took.total_seconds() == pytest.approx(meters / METERS_PER_SECOND, abs=1e-5)


async def test_a_reach_box_holds_every_place_within_the_cap(db: asyncpg.Connection) -> None:
    dice = random.Random(2)
    trips = []
    for _ in range(5000):
        start = anywhere(dice)
        size = dice.choice([0.001, 0.05, 1, 20])
        destination, place = aside(dice, start, size), aside(dice, start, 1.5 * size)
        trips.append((*start, *destination, *place, dice.choice([0, 10, 25, 100])))
    counted = await db.fetchrow(
        """
        with trips as (
            select point(b, a) as start, point(d, c) as destination, point(f, e) as place, cap
              from unnest($1::float[], $2::float[], $3::float[], $4::float[], $5::float[],
                          $6::float[], $7::float[]) as trip (a, b, c, d, e, f, cap)
        ),
        judged as materialized (
            select road_meters(start, place) + road_meters(place, destination)
                   <= (1 + cap / 100) * road_meters(start, destination) as within,
                   place <@ reach_box(start, destination, cap)          as boxed
              from trips
        )
        select count(*) filter (where within)               as within,
               count(*) filter (where boxed)                as boxed,
               count(*) filter (where within and not boxed) as missed
          from judged
        """,
        *[list(column) for column in zip(*trips, strict=True)],
    )
    assert counted["missed"] == 0
    # Not by holding everything.
    assert 200 < counted["within"] < counted["boxed"] < 3 * counted["within"]


async def test_a_reach_box_holds_every_place_within_the_cap_by_road(
    db: asyncpg.Connection,
) -> None:
    """Wherever roads as long as this one could lead: none is shorter than the great circle."""
    dice = random.Random(7)
    trips = []
    for _ in range(5000):
        start = anywhere(dice)
        size = dice.choice([0.001, 0.05, 1, 20])
        destination, place = aside(dice, start, size), aside(dice, start, 2 * size)
        trips.append(
            (*start, *destination, *place, dice.choice([0, 10, 25, 100]), dice.uniform(1, 3))
        )
    counted = await db.fetchrow(
        """
        with trips as (
            select point(b, a) as start, point(d, c) as destination, point(f, e) as place, cap,
                   stretch * road_meters(point(b, a), point(d, c)) / 1.3 as solo_road
              from unnest($1::float[], $2::float[], $3::float[], $4::float[], $5::float[],
                          $6::float[], $7::float[], $8::float[])
                   as trip (a, b, c, d, e, f, cap, stretch)
        ),
        judged as materialized (
            select (road_meters(start, place) + road_meters(place, destination)) / 1.3
                   <= (1 + cap / 100) * solo_road                              as within,
                   place <@ reach_box(start, destination, cap, solo_road)      as boxed,
                   place <@ reach_box(start, destination, cap)                 as boxed_before,
                   reach_box(start, destination, cap, null)
                   ~= reach_box(start, destination, cap)                       as same
              from trips
        )
        select count(*) filter (where within)                             as within,
               count(*) filter (where boxed)                              as boxed,
               count(*) filter (where within and not boxed)               as missed,
               count(*) filter (where boxed_before and not boxed)         as lost,
               count(*) filter (where within and not boxed_before)        as gained,
               count(*) filter (where same)                               as same
          from judged
        """,
        *[list(column) for column in zip(*trips, strict=True)],
    )
    assert (counted["missed"], counted["lost"], counted["same"]) == (0, 0, len(trips))
    assert counted["gained"] > 200
    # Not by holding everything.
    assert 200 < counted["within"] < counted["boxed"] < 3 * counted["within"]


async def test_a_reach_box_is_tight_in_a_town(db: asyncpg.Connection) -> None:
    """An ellipse of 25 % is 1.25 times as long as its ride, and 0.75 times as wide."""
    box = await db.fetchval("select reach_box(point(72.8, 19.1), point(72.9, 19.1), 25)")
    width = road_meters(Point(19.1, box[0].x), Point(19.1, box[1].x))
    height = road_meters(Point(box[0].y, 72.85), Point(box[1].y, 72.85))
    alone = road_meters(Point(19.1, 72.8), Point(19.1, 72.9))
    assert width == pytest.approx(1.25 * alone, rel=0.001)
    assert height == pytest.approx(0.75 * alone, rel=0.001)


async def test_matches_are_the_good_pairs_and_no_others(
    db: asyncpg.Connection, college_id: int, now: datetime, wait: Wait, matches: Matches
) -> None:
    """Every pair, tried one by one, against what the index gives; in rounds and alone."""
    dice = random.Random(3)
    rides: dict[int, Ride] = {}
    windows: dict[int, Window] = {}
    for _ in range(60):
        start, destination = random_place(dice), random_place(dice)
        cap, opens = dice.choice([0, 10, 25, 60]), dice.choice([0, 5, 12, 20, 40])
        drives = dice.random() < 0.2
        request_id = await wait(
            start,
            destination,
            detour_percent=cap,
            after=now + opens * MINUTE,
            before=now + (opens + 15) * MINUTE,
            auto_match=True,
            seats_offered=3 if drives else None,
        )
        solo = road_meters(start, destination)
        rides[request_id] = Ride(request_id, start, destination, solo, cap, drives)
        windows[request_id] = Window(60 * opens, 60 * (opens + 15))
    good = {}
    for one in rides.values():
        for other in rides.values():
            plan = plan_pair(one, other) if one != other else None
            if plan and departs_between(plan, windows):
                good[one.request_id, other.request_id] = plan
    assert 50 < len(good) < 2000
    found = {}
    for one_id in rides:
        rows = await matches(one_id)
        savings = [row["saving_percent"] for row in rows]
        assert savings == sorted(savings, reverse=True)
        found |= {(one_id, row["request_id"]): row for row in rows}
    assert found.keys() == good.keys()
    for pair, row in found.items():
        plan = good[pair]
        assert row["saving_percent"] == pytest.approx(plan.saving_percent)
        assert [Stop(stop["request_id"], stop["kind"]) for stop in row["route"]] == list(plan.stops)
        assert [stop["meters"] for stop in row["route"]] == pytest.approx(plan.meters)
        own, theirs = (rides[each] for each in pair)
        for ride, detour in ((own, row["detour_percent"]), (theirs, row["partner_detour_percent"])):
            shared = plan.shared_meters[ride.request_id]
            assert detour == pytest.approx(100 * (shared / ride.solo_meters - 1), abs=1e-6)
            assert detour <= ride.detour_percent + 1e-6
    pairs = await ROUNDS["list_pairs"](
        db, college_id=college_id, request_ids=list(rides), partners=60
    )
    assert {(row["one"], row["other"]) for row in pairs} == {
        pair for pair in good if pair[0] < pair[1]
    }
    for row in pairs:
        one, other = rides[row["one"]], rides[row["other"]]
        total = good[row["one"], row["other"]].total_meters
        assert row["saved_meters"] == pytest.approx(one.solo_meters + other.solo_meters - total)


async def test_a_round_is_given_the_best_partners_of_each(
    db: asyncpg.Connection, college_id: int, wait: Wait
) -> None:
    same = [await wait(auto_match=True) for _ in range(4)]
    worse = await wait(STREET[1], STREET[11], auto_match=True)
    # Not asked for.
    await wait(STREET[0], STREET[10])
    rows = await ROUNDS["list_pairs"](
        db, college_id=college_id, request_ids=[*same, worse], partners=3
    )
    pairs = {(row["one"], row["other"]) for row in rows}
    among_the_same = {(one, other) for one in same for other in same if one < other}
    assert among_the_same <= pairs
    # The last one has only worse partners, and is given three of them.
    assert len(pairs - among_the_same) == 3
    assert all(worse in pair for pair in pairs - among_the_same)


async def test_a_round_pairs_those_who_wait_with_members_but_not_members_with_each_other(
    db: asyncpg.Connection, college_id: int, wait: Wait
) -> None:
    members = [await wait(auto_match=True), await wait(auto_match=True)]
    await ride_together(db, college_id, *members)
    waiting = await wait(auto_match=True)
    rows = await ROUNDS["list_pairs"](
        db, college_id=college_id, request_ids=[*members, waiting], partners=9
    )
    assert {(row["one"], row["other"]) for row in rows} == {(each, waiting) for each in members}


async def test_a_round_keeps_those_apart_who_are_no_good_pair_whatever_they_would_save(
    db: asyncpg.Connection, college_id: int, wait: Wait, now: datetime
) -> None:
    own = await wait(auto_match=True, seats=2)
    fits = await wait(auto_match=True, seats=2)
    await wait(auto_match=True, seats=3)
    await wait(auto_match=True, same_gender=True, gender="woman")
    later = [now + 40 * MINUTE, now + 50 * MINUTE]
    await wait(auto_match=True, after=later[0], before=later[1])
    everybody = await db.fetch(
        "select request_id from pooling_requests where college_id = $1", college_id
    )
    rows = await ROUNDS["list_pairs"](
        db,
        college_id=college_id,
        request_ids=[row["request_id"] for row in everybody],
        partners=9,
    )
    assert {(row["one"], row["other"]) for row in rows if own in row.values()} == {(own, fits)}


async def test_the_best_come_first_and_no_more_than_wanted(wait: Wait, matches: Matches) -> None:
    own = await wait()
    worse, best = await wait(STREET[2], STREET[10]), await wait()
    await wait(STREET[4], STREET[10])
    assert await ids(matches(own, size=2)) == [best, worse]


async def test_one_function_ranks_what_sql_finds_and_what_python_measures(
    db: asyncpg.Connection, wait: Wait, matches: Matches
) -> None:
    """Another body for it, as a DBA would write one, and both follow."""
    own = await wait()
    saves_more = await wait(Point(STREET[0].latitude + 0.01, STREET[0].longitude))
    no_detour = await wait(STREET[3], STREET[8])

    async def order() -> tuple[list[int], list[int]]:
        rows = await MATCHING["rank_rides"](
            db, saving_percents=[30.0, 40.0, 50.0], detour_percents=[0.0, 20.0, 10.0]
        )
        return await ids(matches(own)), [row["place"] for row in rows]

    assert await order() == ([saves_more, no_detour], [2, 1, 0])
    rollback = db.transaction()
    await rollback.start()
    try:
        await db.execute(
            "create or replace function rank_of("
            "saving_percent double precision, detour_percent double precision) "
            "returns double precision language sql immutable parallel safe "
            "return -detour_percent"
        )
        assert await order() == ([no_detour, saves_more], [0, 2, 1])
        assert await ids(matches(own, size=1)) == [no_detour]
    finally:
        await rollback.rollback()


async def test_who_goes_elsewhere_is_no_match(wait: Wait, matches: Matches) -> None:
    """Both ends near, and yet together they would drive further: no radius says that."""
    own = await wait(STREET[0], STREET[1])
    await wait(STREET[1], STREET[0])
    assert await matches(own) == []


async def test_a_closed_request_and_one_past_its_window_match_nobody(
    db: asyncpg.Connection, wait: Wait, matches: Matches, now: datetime
) -> None:
    own = await wait()
    past = await wait(after=now - 20 * MINUTE, before=now - MINUTE)
    gone = await wait()
    await db.execute(
        "update pooling_requests set status = 'cancelled', cancel_reason = 'rider' "
        "where request_id = $1",
        gone,
    )
    fine = await wait()
    assert await ids(matches(own)) == [fine]
    assert await matches(past) == []
    assert await matches(gone) == []


@pytest.mark.parametrize(("minutes", "fits"), [(13, True), (5, False)])
async def test_the_car_must_reach_the_second_in_time(
    wait: Wait, matches: Matches, now: datetime, minutes: int, fits: bool
) -> None:
    took = timedelta(seconds=road_meters(STREET[0], STREET[3]) / METERS_PER_SECOND)
    assert 9 * MINUTE < took < 11 * MINUTE
    own = await wait(after=now + MINUTE, before=now + 5 * MINUTE)
    other = await wait(STREET[3], after=now, before=now + minutes * MINUTE)
    found = await matches(own)
    assert [row["request_id"] for row in found] == ([other] if fits else [])
    for row in found:
        assert abs(row["departs_from"] - (now + MINUTE)) < timedelta(seconds=1)
        assert abs(row["departs_until"] - (now + 13 * MINUTE - took)) < timedelta(seconds=1)


async def test_the_seats_of_the_car_are_enough(wait: Wait, matches: Matches) -> None:
    two, three = await wait(seats=2), await wait(seats=3)
    small, large = await wait(seats_offered=2), await wait(seats_offered=3)
    assert set(await ids(matches(two))) == {small, large}
    assert set(await ids(matches(three))) == {large}
    assert set(await ids(matches(small))) == {two}
    assert set(await ids(matches(large))) == {two, three}


async def test_a_driver_is_first_and_last_in_the_car(wait: Wait, matches: Matches) -> None:
    driver = await wait(STREET[3], STREET[8], seats_offered=3)
    inside = await wait(STREET[4], STREET[7])
    # Would fit if both shared a cab: the driver would be driven.
    await wait(STREET[2], STREET[9])
    found = await matches(driver)
    assert [row["request_id"] for row in found] == [inside]
    assert {found[0]["route"][n]["request_id"] for n in (0, 3)} == {driver}


@pytest.mark.parametrize(
    ("asks", "own", "theirs", "fits"),
    [
        (True, "woman", "woman", True),
        (True, "woman", "man", False),
        (True, "woman", None, False),
        (True, None, None, False),
        (False, "woman", "man", True),
        (False, None, None, True),
    ],
)
async def test_the_same_gender_is_kept_for_those_who_ask(
    wait: Wait, matches: Matches, asks: bool, own: str | None, theirs: str | None, fits: bool
) -> None:
    asking = await wait(gender=own, same_gender=asks)
    other = await wait(gender=theirs)
    assert await ids(matches(asking)) == [other] * fits
    assert await ids(matches(other)) == [asking] * fits


async def test_other_wishes_keep_nobody_apart(wait: Wait, matches: Matches) -> None:
    own = await wait(quiet=True, no_smoking=True)
    other = await wait(luggage=True)
    assert await ids(matches(own)) == [other]


async def test_blocks_and_bans_hide_riders_from_each_other(
    db: asyncpg.Connection, college_id: int, wait: Wait, matches: Matches
) -> None:
    own, blocked, blocker, banned = [await wait() for _ in range(4)]
    users = [await user_of(db, each) for each in (own, blocked, blocker, banned)]
    await db.executemany(
        "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
        [(college_id, users[0], users[1]), (college_id, users[2], users[0])],
    )
    await db.execute("update users set banned_at = now() where user_id = $1", users[3])
    assert await matches(own) == []
    assert await ids(matches(blocked)) == [blocker]
    assert await matches(banned) == []


async def test_colleges_never_meet(db: asyncpg.Connection, wait: Wait, matches: Matches) -> None:
    vjti = await db.fetchval("select college_id from colleges where name = 'VJTI'")
    own = await wait()
    elsewhere = await wait(college=vjti)
    assert await matches(own) == []
    assert await matches(elsewhere) == []


async def test_those_who_wait_are_told_of_the_one_who_comes(
    db: asyncpg.Connection, wait: Wait, matches: Matches
) -> None:
    waiting = await wait(STREET[1], STREET[9])
    own = await wait()
    mine, theirs = await matches(own, both_sides=True)
    me, they = await user_of(db, own), await user_of(db, waiting)
    assert (mine["viewer_id"], mine["id"], mine["request_id"]) == (me, they, waiting)
    assert (theirs["viewer_id"], theirs["id"], theirs["request_id"]) == (they, me, own)
    assert mine["detour_percent"] == theirs["partner_detour_percent"]
    assert mine["route"] == theirs["route"]
    assert [row["viewer_id"] for row in await matches(own)] == [me]


@pytest.mark.parametrize(
    ("status", "to_asker", "to_asked"),
    [
        ("pending", "pending_sent", "pending_received"),
        ("approved", "approved", "approved"),
        ("rejected", "rejected", "rejected"),
        ("withdrawn", "none", "none"),
    ],
)
async def test_a_match_says_how_the_two_stand(
    db: asyncpg.Connection,
    college_id: int,
    wait: Wait,
    matches: Matches,
    status: str,
    to_asker: str,
    to_asked: str,
) -> None:
    asker, asked = await wait(), await wait()
    users = [await user_of(db, each) for each in (asker, asked)]
    for each in ("rejected", status):
        latest = await db.fetchval(
            "insert into connections (college_id, from_request, to_request, from_user, to_user, "
            "status, answered_at) values ($1, $2, $3, $4, $5, $6, $7) returning connection_id",
            college_id,
            asker,
            asked,
            *users,
            each,
            None if each == "pending" else await db.fetchval("select now()"),
        )
    known = None if status == "withdrawn" else latest
    (seen,) = await matches(asker)
    assert (seen["connection_status"], seen["connection_id"]) == (to_asker, known)
    (seen,) = await matches(asked)
    assert (seen["connection_status"], seen["connection_id"]) == (to_asked, known)


async def test_how_to_reach_somebody_is_for_partners(
    db: asyncpg.Connection, wait: Wait, matches: Matches
) -> None:
    own, other = await wait(), await wait()
    await db.execute(
        "update profiles set phone_number = '+919820098200', bio = 'Trams', year_of_study = '2' "
        "where user_id = $1",
        await user_of(db, other),
    )
    (seen,) = await matches(own)
    closed = {name: seen[name] for name in ("phone_number", "email", "year_of_study", "bio")}
    assert set(closed.values()) == {None}
    assert seen["full_name"] == "Asha Rao"


@pytest.mark.parametrize("by_road", [False, True])
async def test_the_index_finds_the_candidates(
    db: asyncpg.Connection, college_id: int, wait: Wait, by_road: bool
) -> None:
    """By the planner's own choice, once there is more than a handful to choose from."""
    rollback = db.transaction()
    await rollback.start()
    try:
        await db.execute(
            """
            with riders as (
                insert into users (college_id, email, full_name, password_hash)
                select $1, 'crowd' || n || '@crowd.example', 'Crowd', ''
                  from generate_series(1, 4000) as n
                returning user_id
            ),
            trips as (
                select user_id,
                       point(72.8 + random() / 2, 19.1 + random() / 2) as start,
                       point(72.8 + random() / 2, 19.1 + random() / 2) as destination
                  from riders
            )
            insert into pooling_requests
                (college_id, user_id, start, destination, departure, solo_meters, reach)
            select $1, user_id, start, destination, tstzrange(now(), now() + interval '15 minutes'),
                   road_meters(start, destination), reach_box(start, destination, 25)
              from trips
            """,
            college_id,
        )
        own = await wait()
        await db.execute("analyze pooling_requests")
        query = MATCHING["find_pairs" if by_road else "show_matches"]
        values = {
            "college_id": college_id,
            "request_id": own,
            "pairs": None,
            "both_sides": True,
            "size": 20,
        }
        plan = await db.fetch("explain " + query.sql, *[values[name] for name in query.parameters])
    finally:
        await rollback.rollback()
    text = "\n".join(row[0] for row in plan)
    assert (
        text.count("Index Scan using pooling_requests_waiting")
        + text.count("Bitmap Index Scan on pooling_requests_waiting")
        == 4
    ), text
    assert "Seq Scan on pooling_requests" not in text, text


async def ride_together(db: asyncpg.Connection, college_id: int, *request_ids: int) -> int:
    """A pool of requests that go the very same way."""
    pool_id = await db.fetchval(
        "insert into pools (college_id, capacity) values ($1, 4) returning pool_id", college_id
    )
    await db.execute(
        "update pooling_requests set status = 'matched' where request_id = any($1::bigint[])",
        request_ids,
    )
    await db.execute(
        "insert into pool_members (college_id, pool_id, request_id, user_id, seats, "
        "shared_meters, fare_percent) select college_id, $1, request_id, user_id, seats, "
        "solo_meters, 50 from pooling_requests where request_id = any($2::bigint[])",
        pool_id,
        request_ids,
    )
    stops = [(each, kind) for kind in ("pickup", "drop") for each in request_ids]
    await db.executemany(
        "insert into pool_stops (college_id, pool_id, position, request_id, kind, meters) "
        "values ($1, $2, $3, $4, $5, 0)",
        [(college_id, pool_id, n, *stop) for n, stop in enumerate(stops)],
    )
    return pool_id


@pytest.fixture
def pools_for(db: asyncpg.Connection, college_id: int) -> Callable[[int], Awaitable[list[Match]]]:
    async def pools_for(request_id: int) -> list[Match]:
        rows = await MATCHING["find_pools_to_join"](
            db, college_id=college_id, request_id=request_id, size=20
        )
        return [dict(row) for row in rows]

    return pools_for


PoolsFor = Callable[[int], Awaitable[list[Match]]]


async def test_a_pool_that_passes_by_and_has_room_can_be_joined(
    db: asyncpg.Connection, college_id: int, wait: Wait, pools_for: PoolsFor
) -> None:
    members = [await wait(), await wait()]
    pool_id = await ride_together(db, college_id, *members)
    # Somewhere else altogether.
    far = [Point(28.6, 77.2), Point(28.6, 77.3)]
    await ride_together(db, college_id, await wait(*far), await wait(*far))
    (pool,) = await pools_for(await wait(STREET[1], STREET[9]))
    assert (pool["pool_id"], pool["seats_left"]) == (pool_id, 2)
    assert [rider["request_id"] for rider in json.loads(pool["riders"])] == members
    assert [(stop["request_id"], stop["kind"]) for stop in json.loads(pool["stops"])] == [
        (each, kind) for kind in ("pickup", "drop") for each in members
    ]


async def test_a_pool_that_is_no_choice_is_not_offered(
    db: asyncpg.Connection, college_id: int, wait: Wait, pools_for: PoolsFor, now: datetime
) -> None:
    members = [await wait(), await wait()]
    pool_id = await ride_together(db, college_id, *members)
    fits = await wait()
    assert len(await pools_for(fits)) == 1
    assert await pools_for(await wait(seats=3)) == []
    assert await pools_for(await wait(same_gender=True, gender="woman")) == []
    assert await pools_for(await wait(after=now + 600 * MINUTE, before=now + 700 * MINUTE)) == []
    blocker = await wait()
    await db.execute(
        "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
        college_id,
        await user_of(db, members[1]),
        await user_of(db, blocker),
    )
    assert await pools_for(blocker) == []
    await db.execute(
        "update pools set status = 'started', started_at = now() where pool_id = $1", pool_id
    )
    assert await pools_for(fits) == []


async def rides_of_a_round(
    db: asyncpg.Connection, college_id: int, most_waiting: int = 100, most_pools: int = 100
) -> list[asyncpg.Record]:
    return await ROUNDS["list_rides"](
        db,
        college_id=college_id,
        unverified_ride=True,
        most_waiting=most_waiting,
        most_pools=most_pools,
    )


async def test_a_round_knows_who_waits_and_whom_each_avoids(
    db: asyncpg.Connection, college_id: int, wait: Wait, now: datetime
) -> None:
    one = await wait(auto_match=True, gender="woman", same_gender=True)
    other = await wait(auto_match=True, seats_offered=2)
    await wait()
    await wait(auto_match=True, after=now - 20 * MINUTE, before=now - MINUTE)
    users = [await user_of(db, each) for each in (one, other)]
    await db.execute(
        "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
        college_id,
        *users,
    )
    rows = await rides_of_a_round(db, college_id)
    assert [row["request_id"] for row in rows] == [one, other]
    assert [row["avoids"] for row in rows] == [[users[1]], [users[0]]]
    assert [row["seats_offered"] for row in rows] == [None, 2]
    assert (rows[0]["gender"], rows[0]["same_gender"]) == ("woman", True)
    assert (rows[0]["depart_after"], rows[0]["depart_before"]) == (now, now + 15 * MINUTE)


async def test_a_round_looks_first_at_those_whose_time_is_up(
    db: asyncpg.Connection, college_id: int, wait: Wait, now: datetime
) -> None:
    minutes = [30, 5, 20, 10]
    waiting = {n: await wait(auto_match=True, before=now + n * MINUTE) for n in minutes}
    rows = await rides_of_a_round(db, college_id, most_waiting=2)
    assert [row["request_id"] for row in rows] == [waiting[5], waiting[10]]


async def test_a_round_knows_the_pools_that_may_be_joined_and_their_routes(
    db: asyncpg.Connection, college_id: int, wait: Wait
) -> None:
    members = [await wait(auto_match=True), await wait(auto_match=True)]
    pool_id = await ride_together(db, college_id, *members)
    rows = await rides_of_a_round(db, college_id)
    assert [(row["request_id"], row["pool_id"]) for row in rows] == [
        (each, pool_id) for each in members
    ]
    assert [(row["pickup_position"], row["drop_position"]) for row in rows] == [(0, 2), (1, 3)]
    other = await ride_together(
        db, college_id, await wait(auto_match=True), await wait(auto_match=True)
    )
    assert {row["pool_id"] for row in await rides_of_a_round(db, college_id, most_pools=1)} == {
        other
    }


@pytest.mark.parametrize(
    "reason",
    [
        "update pools set status = 'started', started_at = now() where pool_id = $1",
        "update pools set capacity = 2 where pool_id = $1",
        # By road, and rounds measure by the estimate.
        "update pools set is_fallback = false where pool_id = $1",
        "update pooling_requests set auto_match = false where request_id = "
        "(select min(request_id) from pool_members where pool_id = $1)",
        "update pooling_requests set departure = tstzrange(lower(departure) - interval '9 hours', "
        "upper(departure) - interval '9 hours') where request_id = "
        "(select min(request_id) from pool_members where pool_id = $1)",
        "update users set banned_at = now() where user_id = "
        "(select min(user_id) from pool_members where pool_id = $1)",
    ],
)
async def test_a_round_leaves_a_pool_alone_that_nobody_may_be_put_into(
    db: asyncpg.Connection, college_id: int, wait: Wait, reason: str
) -> None:
    pool_id = await ride_together(
        db, college_id, await wait(auto_match=True), await wait(auto_match=True)
    )
    assert len(await rides_of_a_round(db, college_id)) == 2
    await db.execute(reason, pool_id)
    assert await rides_of_a_round(db, college_id) == []
