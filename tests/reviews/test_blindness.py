"""Until both have written, or a week has passed, a review is as if it were not there."""

import asyncpg
import pytest

from tests.people import Campus
from tests.pooling.roads_to_campus import heard_by
from tests.profiles.sample import NO_REVIEWS
from tests.reviews.conftest import Ride, own_reviews, reviews_of, summary, written
from tests.reviews.rides import let_pass, ride_together


async def test_until_both_have_written_nobody_but_the_author_learns_of_it(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    review_id = await written(ride.asha, ride.pool_id, ride.dev, rating=1)
    for viewer in (ride.asha, ride.dev, await campus.sign_up()):
        assert await reviews_of(viewer, ride.dev) == []
        assert await summary(viewer, ride.dev) == NO_REVIEWS
    assert (await ride.dev.call("GET", "/api/profile/me")).json()["reviews"] == NO_REVIEWS
    assert await heard_by(db, ride.dev) == []
    assert await heard_by(db, ride.asha) == []
    [own] = await own_reviews(ride.asha)
    assert (own["id"], own["visible"]) == (review_id, False)
    assert await own_reviews(ride.dev) == []


async def test_when_both_have_written_both_are_told_and_all_may_read(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    by_asha = await written(ride.asha, ride.pool_id, ride.dev, rating=4, comment="By Asha.")
    by_dev = await written(ride.dev, ride.pool_id, ride.asha, rating=2)
    third = await campus.sign_up()
    [of_dev] = await reviews_of(third, ride.dev)
    assert of_dev.pop("created_at").endswith("Z")
    assert of_dev == {
        "id": by_asha,
        "author": {"id": ride.asha.id, "full_name": "Asha Rao"},
        "rating": 4,
        "comment": "By Asha.",
        "edited_at": None,
        "reply": None,
    }
    assert [each["id"] for each in await reviews_of(ride.asha, ride.asha)] == [by_dev]
    for rider in (ride.asha, ride.dev):
        assert [each["visible"] for each in await own_reviews(rider)] == [True]
        # The event carries what the list shows.
        reviews = await reviews_of(rider, rider)
        assert await heard_by(db, rider) == [("review_received", {"review": reviews[0]})]


async def test_a_review_of_another_ride_or_of_another_fellow_lifts_nothing(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    meera = await campus.sign_up()
    other_pool = await ride_together(db, ride.asha, ride.dev, meera)
    await written(ride.asha, ride.pool_id, ride.dev)
    await written(ride.dev, other_pool, ride.asha)
    await written(meera, other_pool, ride.dev)
    await written(ride.dev, other_pool, meera)
    assert await reviews_of(ride.asha, ride.asha) == []
    assert [each["author"]["id"] for each in await reviews_of(ride.dev, ride.dev)] == [meera.id]


async def test_after_seven_days_it_is_there_without_a_job(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    third = await campus.sign_up()
    review_id = await written(ride.asha, ride.pool_id, ride.dev, rating=3)
    await let_pass(db, review_id, "167:59")
    assert await reviews_of(third, ride.dev) == []
    assert await summary(ride.dev, ride.dev) == NO_REVIEWS
    await let_pass(db, review_id, "0:01")
    assert [each["id"] for each in await reviews_of(third, ride.dev)] == [review_id]
    assert (await summary(ride.dev, ride.dev))["count"] == 1
    assert (await own_reviews(ride.asha))[0]["visible"] is True


async def test_a_late_answer_to_it_is_there_at_once(ride: Ride, db: asyncpg.Connection) -> None:
    by_asha = await written(ride.asha, ride.pool_id, ride.dev)
    await let_pass(db, by_asha, "200:00")
    by_dev = await written(ride.dev, ride.pool_id, ride.asha)
    assert [each["id"] for each in await reviews_of(ride.asha, ride.asha)] == [by_dev]
    assert [each["id"] for each in await reviews_of(ride.dev, ride.dev)] == [by_asha]


async def test_the_table_itself_hides_nothing_for_longer_than_a_week(
    ride: Ride, db: asyncpg.Connection
) -> None:
    review_id = await written(ride.asha, ride.pool_id, ride.dev)
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "update reviews set visible_from = visible_from + interval '1 second' "
            "where review_id = $1",
            review_id,
        )


@pytest.mark.parametrize("blocker", ["asha", "dev"])
async def test_across_a_block_both_write_and_neither_is_told(
    campus: Campus, ride: Ride, db: asyncpg.Connection, blocker: str
) -> None:
    one, other = (ride.asha, ride.dev) if blocker == "asha" else (ride.dev, ride.asha)
    await one.call("PUT", f"/api/users/{other.id}/block")
    await written(ride.asha, ride.pool_id, ride.dev)
    await written(ride.dev, ride.pool_id, ride.asha)
    third = await campus.sign_up()
    for rider in (ride.asha, ride.dev):
        assert await heard_by(db, rider) == []
        assert await reviews_of(rider, rider) == []
        assert len(await reviews_of(third, rider)) == 1
