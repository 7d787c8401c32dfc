"""A review can be changed while nobody has read it, and not for ever."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.people import Campus
from tests.profiles.fellow_riders import ban
from tests.reviews.conftest import (
    Ride,
    both_review,
    change,
    own_reviews,
    review,
    reviews_of,
    written,
)
from tests.reviews.rides import let_pass
from tests.waiting import until_waiting_for_locks


async def test_what_is_not_sent_stays(ride: Ride) -> None:
    review_id = await written(ride.asha, ride.pool_id, ride.dev, rating=3, comment="Fine.")
    first = await change(ride.asha, review_id, rating=2)
    assert first.status_code == 200, first.text
    assert (first.json()["rating"], first.json()["comment"]) == (2, "Fine.")
    second = await change(ride.asha, review_id, comment=" Late. ")
    assert (second.json()["rating"], second.json()["comment"]) == (2, "Late.")
    cleared = await change(ride.asha, review_id, comment="")
    assert cleared.json()["comment"] == ""
    assert cleared.json()["edited_at"] > cleared.json()["created_at"]
    assert await own_reviews(ride.asha) == [cleared.json()]


async def test_others_read_the_last_version(ride: Ride) -> None:
    review_id = await written(ride.asha, ride.pool_id, ride.dev, rating=3)
    edited = (await change(ride.asha, review_id, rating=4)).json()["edited_at"]
    await written(ride.dev, ride.pool_id, ride.asha)
    [seen] = await reviews_of(ride.dev, ride.dev)
    assert (seen["rating"], seen["edited_at"]) == (4, edited)


async def test_after_48_hours_it_is_final(ride: Ride, db: asyncpg.Connection) -> None:
    review_id = await written(ride.asha, ride.pool_id, ride.dev, rating=3)
    await let_pass(db, review_id, "47:59")
    assert (await change(ride.asha, review_id, rating=2)).status_code == 200
    assert (await own_reviews(ride.asha))[0]["editable"] is True
    await let_pass(db, review_id, "0:01")
    late = await change(ride.asha, review_id, rating=1)
    assert (late.status_code, late.json()["code"]) == (409, "review_final")
    [own] = await own_reviews(ride.asha)
    assert (own["rating"], own["editable"]) == (2, False)


async def test_once_both_have_reviewed_it_is_final(ride: Ride) -> None:
    by_asha, by_dev = await both_review(ride)
    for author, review_id in ((ride.asha, by_asha), (ride.dev, by_dev)):
        answer = await change(author, review_id, rating=1)
        assert (answer.status_code, answer.json()["code"]) == (409, "review_final")
        [own] = await own_reviews(author)
        assert (own["visible"], own["editable"]) == (True, False)


async def test_a_change_that_waited_for_the_others_review_comes_too_late(
    ride: Ride, db: asyncpg.Connection, database_url: str
) -> None:
    by_asha = await written(ride.asha, ride.pool_id, ride.dev, rating=4)
    holder = await asyncpg.connect(database_url)
    async with holder.transaction():
        await holder.execute("select from reviews where review_id = $1 for update", by_asha)
        by_dev = asyncio.create_task(review(ride.dev, ride.pool_id, ride.asha))
        await until_waiting_for_locks(db, 1)
        changed = asyncio.create_task(change(ride.asha, by_asha, rating=1))
        await until_waiting_for_locks(db, 2)
    await holder.close()
    assert (await by_dev).status_code == 201
    late = await changed
    assert (late.status_code, late.json()["code"]) == (409, "review_final")
    assert [each["rating"] for each in await reviews_of(ride.dev, ride.dev)] == [4]


async def test_what_became_visible_while_a_change_waited_is_final(
    ride: Ride, db: asyncpg.Connection, database_url: str
) -> None:
    by_asha = await written(ride.asha, ride.pool_id, ride.dev, rating=4)
    holder = await asyncpg.connect(database_url)
    async with holder.transaction():
        await holder.execute("select from reviews where review_id = $1 for update", by_asha)
        changed = asyncio.create_task(change(ride.asha, by_asha, rating=1))
        await until_waiting_for_locks(db)
        await holder.execute(
            "update reviews set visible_from = clock_timestamp() where review_id = $1", by_asha
        )
    await holder.close()
    late = await changed
    assert (late.status_code, late.json()["code"]) == (409, "review_final")


async def test_only_the_author_changes_it_and_only_who_may_read_it_learns_that_it_is_there(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    third, stranger = await campus.sign_up(), await campus.sign_up(college_name="VJTI")
    by_asha = await written(ride.asha, ride.pool_id, ride.dev)
    for rider in (ride.dev, third, stranger):
        answer = await change(rider, by_asha, rating=1)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_review")
    await written(ride.dev, ride.pool_id, ride.asha)
    for rider in (ride.dev, third):
        answer = await change(rider, by_asha, rating=1)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_your_review")
    assert (await change(stranger, by_asha, rating=1)).status_code == 404
    assert (await change(ride.asha, 2**63 - 1, rating=1)).status_code == 404
    block = f"/api/users/{third.id}/block"
    await ride.dev.call("PUT", block)
    assert (await change(third, by_asha, rating=1)).status_code == 404
    await ride.dev.call("DELETE", block)
    assert (await change(third, by_asha, rating=1)).status_code == 403
    await ban(db, ride.dev)
    assert (await change(third, by_asha, rating=1)).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"rating": 0}, "rating"),
        ({"rating": 6}, "rating"),
        ({"rating": None}, "rating"),
        ({"comment": "x" * 1001}, "comment"),
        ({"comment": None}, "comment"),
        ({"user_id": 1}, "user_id"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_by_field(
    ride: Ride, changes: dict[str, Any], field: str
) -> None:
    review_id = await written(ride.asha, ride.pool_id, ride.dev)
    answer = await change(ride.asha, review_id, **changes)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]
