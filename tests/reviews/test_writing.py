"""Who may review whom, when, and how often."""

import asyncio

import asyncpg
import pytest

from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import heard_by, pair_up
from tests.reviews.conftest import Ride, own_reviews, review, reviews_of, written
from tests.reviews.rides import get_out, ride_together
from tests.waiting import until_waiting_for_locks


async def count(db: asyncpg.Connection, pool_id: int) -> int:
    number: int = await db.fetchval("select count(*) from reviews where pool_id = $1", pool_id)
    return number


async def test_a_ride_is_reviewed_when_it_is_over(campus: Campus) -> None:
    asha, dev = await campus.sign_up(), await campus.sign_up(full_name="Dev Shah")
    await pair_up(asha, dev)
    current = await asha.call("GET", "/api/pool/pools/current")
    pool_id = current.json()["pool"]["pool_id"]
    for act in ("start", "complete"):
        early = await review(asha, pool_id, dev)
        assert (early.status_code, early.json()["code"]) == (409, "ride_not_over")
        done = await dev.call("POST", f"/api/pool/pools/{pool_id}/{act}")
        assert done.status_code == 200, done.text
    answer = await review(asha, pool_id, dev, rating=4, comment=" On time.\n")
    assert answer.status_code == 201, answer.text
    own = answer.json()
    assert own.pop("id") > 0
    assert own.pop("created_at").endswith("Z")
    assert own == {
        "pool_id": pool_id,
        "post_id": None,
        "subject": {"id": dev.id, "full_name": "Dev Shah"},
        "rating": 4,
        "comment": "On time.",
        "edited_at": None,
        "visible": False,
        "editable": True,
        "reply": None,
    }


async def test_a_cancelled_ride_is_not_reviewed(campus: Campus) -> None:
    asha, dev = await campus.sign_up(), await campus.sign_up()
    await pair_up(asha, dev)
    pool_id = (await asha.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    await dev.call("POST", f"/api/pool/pools/{pool_id}/leave")
    for author, subject in ((asha, dev), (dev, asha)):
        answer = await review(author, pool_id, subject)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_pool")


async def test_who_got_out_before_the_end_neither_reviews_nor_is_reviewed(
    campus: Campus, db: asyncpg.Connection
) -> None:
    asha, dev, leaver = [await campus.sign_up() for _ in range(3)]
    pool_id = await ride_together(db, asha, dev, leaver)
    await get_out(db, pool_id, leaver)
    out = await review(leaver, pool_id, asha)
    assert (out.status_code, out.json()["code"]) == (404, "no_such_pool")
    about = await review(asha, pool_id, leaver)
    assert (about.status_code, about.json()["code"]) == (404, "no_such_companion")
    await written(asha, pool_id, dev)


@pytest.mark.parametrize("college_name", ["DJSCE", "VJTI"])
async def test_who_was_not_in_the_ride_has_no_part_in_it(
    campus: Campus, ride: Ride, college_name: str, db: asyncpg.Connection
) -> None:
    stranger = await campus.sign_up(college_name=college_name)
    by_stranger = await review(stranger, ride.pool_id, ride.dev)
    assert (by_stranger.status_code, by_stranger.json()["code"]) == (404, "no_such_pool")
    of_stranger = await review(ride.asha, ride.pool_id, stranger)
    assert (of_stranger.status_code, of_stranger.json()["code"]) == (404, "no_such_companion")
    nowhere = await review(ride.asha, 2**63 - 1, ride.dev)
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no_such_pool")
    assert await count(db, ride.pool_id) == 0


async def test_nobody_reviews_themselves(ride: Ride) -> None:
    answer = await review(ride.asha, ride.pool_id, ride.asha)
    assert (answer.status_code, answer.json()["code"]) == (422, "own_review")
    assert answer.json()["errors"][0]["field"] == "user_id"


async def test_each_fellow_is_reviewed_once_a_ride(campus: Campus, db: asyncpg.Connection) -> None:
    asha, dev, meera = [await campus.sign_up() for _ in range(3)]
    first = await ride_together(db, asha, dev, meera)
    second = await ride_together(db, asha, dev)
    await written(asha, first, dev, rating=1)
    again = await review(asha, first, dev, rating=5)
    assert (again.status_code, again.json()["code"]) == (409, "already_reviewed")
    await written(asha, first, meera)
    await written(asha, second, dev)
    assert [each["rating"] for each in await own_reviews(asha)] == [5, 5, 1]


async def test_ten_at_once_are_one_review(ride: Ride, db: asyncpg.Connection) -> None:
    answers = await asyncio.gather(
        *(review(ride.asha, ride.pool_id, ride.dev, rating=1 + n % 5) for n in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 9
    assert {answer.json().get("code") for answer in answers} == {None, "already_reviewed"}
    assert await count(db, ride.pool_id) == 1


async def test_two_who_review_each_other_at_once_both_lift_the_blindness(
    ride: Ride, db: asyncpg.Connection, database_url: str
) -> None:
    holder = await asyncpg.connect(database_url)
    async with holder.transaction():
        await holder.execute("select from pools where pool_id = $1 for update", ride.pool_id)
        both = [
            asyncio.create_task(review(author, ride.pool_id, subject))
            for author, subject in ((ride.asha, ride.dev), (ride.dev, ride.asha))
        ]
        await until_waiting_for_locks(db, 2)
    await holder.close()
    answers = await asyncio.gather(*both)
    assert [answer.status_code for answer in answers] == [201, 201]
    for subject in (ride.asha, ride.dev):
        assert len(await reviews_of(subject, subject)) == 1
        heard = await heard_by(db, subject)
        assert [kind for kind, _ in heard] == ["review_received"]


async def test_a_whole_car_reviews_each_other_at_once(
    campus: Campus, db: asyncpg.Connection
) -> None:
    riders: list[Rider] = [await campus.sign_up() for _ in range(4)]
    pool_id = await ride_together(db, *riders)
    answers = await asyncio.gather(
        *(review(one, pool_id, other) for one in riders for other in riders if one is not other)
    )
    assert [answer.status_code for answer in answers] == [201] * 12
    for rider in riders:
        assert len(await reviews_of(rider, rider)) == 3
        assert len(await heard_by(db, rider)) == 3


async def test_a_retry_with_its_key_gets_the_first_answer(
    ride: Ride, db: asyncpg.Connection
) -> None:
    key = {"Idempotency-Key": "lost in a tunnel"}
    first = await review(ride.asha, ride.pool_id, ride.dev, headers=key)
    second = await review(ride.asha, ride.pool_id, ride.dev, headers=key)
    changed = await review(ride.asha, ride.pool_id, ride.dev, rating=1, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert (changed.status_code, changed.json()["code"]) == (422, "idempotency_key_reused")
    assert await count(db, ride.pool_id) == 1


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": 4.5}, "rating"),
        ({"rating": "5"}, "rating"),
        ({"rating": None}, "rating"),
        ({"comment": "x" * 1001}, "comment"),
        ({"comment": "a\0b"}, "comment"),
        ({"comment": "a\x1b[2J"}, "comment"),
        ({"comment": None}, "comment"),
        ({"user_id": 0}, "user_id"),
        ({"user_id": 2**63}, "user_id"),
        ({"user_id": "7"}, "user_id"),
        ({"visible_from": "2020-01-01T00:00:00Z"}, "visible_from"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_by_field(
    ride: Ride, changes: dict[str, object], field: str
) -> None:
    answer = await review(ride.asha, ride.pool_id, ride.dev, **changes)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_the_longest_comment_fits_with_its_lines(ride: Ride) -> None:
    words = "\u0905\r\n\t" * 249 + "\u0905\u0905\u0905"
    await written(ride.asha, ride.pool_id, ride.dev, comment=words)
    [own] = await own_reviews(ride.asha)
    assert own["comment"] == words


async def test_a_block_does_not_keep_anybody_from_saying_how_the_ride_was(ride: Ride) -> None:
    await ride.dev.call("PUT", f"/api/users/{ride.asha.id}/block")
    await written(ride.asha, ride.pool_id, ride.dev, rating=1)
    await written(ride.dev, ride.pool_id, ride.asha)
