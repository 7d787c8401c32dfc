"""Lists and sums of reviews, and who sees them."""

import asyncio
from datetime import datetime

import asyncpg
import pytest

from tests.people import Campus, Rider
from tests.profiles.fellow_riders import ban
from tests.profiles.sample import NO_REVIEWS
from tests.reviews.conftest import (
    Ride,
    both_review,
    own_reviews,
    review,
    reviews_of,
    summary,
    written,
)
from tests.reviews.rides import let_pass, ride_together


async def read_by_all(
    db: asyncpg.Connection, author: Rider, subject: Rider, rating: int = 5
) -> int:
    """The id of a review that is a week old."""
    review_id = await written(
        author, await ride_together(db, author, subject), subject, rating=rating
    )
    await let_pass(db, review_id, "168:00")
    return review_id


async def test_the_profile_sums_up_what_may_be_read(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    ids = [await read_by_all(db, ride.asha, ride.dev, rating) for rating in (5, 4, 4, 1)]
    await written(ride.asha, ride.pool_id, ride.dev, rating=1)
    for viewer in (ride.asha, ride.dev, await campus.sign_up()):
        sums = await summary(viewer, ride.dev)
        assert (sums["average"], sums["count"]) == (3.5, 4)
        assert sums["stars"] == {"1": 1, "2": 0, "3": 0, "4": 2, "5": 1}
        assert [each["id"] for each in sums["recent"]] == ids[:0:-1]
    [latest, *_] = sums["recent"]
    [listed, *_] = await reviews_of(ride.asha, ride.dev)
    for each in (latest, listed):
        each["created_at"] = datetime.fromisoformat(each["created_at"])
    assert latest == listed
    own = (await ride.dev.call("GET", "/api/profile/me")).json()["reviews"]
    assert own == await summary(ride.asha, ride.dev)
    assert await summary(ride.dev, ride.asha) == NO_REVIEWS


async def test_fifty_at_once_from_fifty_rides_are_summed_exactly(
    campus: Campus, db: asyncpg.Connection
) -> None:
    subject = await campus.sign_up()
    authors = await asyncio.gather(*(campus.sign_up() for _ in range(10)))
    rides = [(author, await ride_together(db, author, subject)) for author in authors * 5]
    # Each author is reviewed first, so that the fifty become visible as they are written.
    for author, pool_id in rides:
        await written(subject, pool_id, author)
    answers = await asyncio.gather(
        *(
            review(author, pool_id, subject, rating=1 + n % 4)
            for n, (author, pool_id) in enumerate(rides)
        )
    )
    assert [answer.status_code for answer in answers] == [201] * 50
    sums = await summary(authors[0], subject)
    assert sums["stars"] == {"1": 13, "2": 13, "3": 12, "4": 12, "5": 0}
    assert (sums["count"], sums["average"]) == (50, 2.46)
    heard = await db.fetchval(
        "select count(*) from events where user_id = $1 and type = 'review_received'", subject.id
    )
    assert heard == 50


async def test_a_list_comes_in_pages_latest_first(ride: Ride, db: asyncpg.Connection) -> None:
    ids = [await read_by_all(db, ride.asha, ride.dev) for _ in range(5)]
    hidden = await written(ride.asha, ride.pool_id, ride.dev)
    for path, expected in (
        (f"/api/users/{ride.dev.id}/reviews", ids[::-1]),
        ("/api/reviews/mine", [hidden, *ids[::-1]]),
    ):
        found: list[int] = []
        cursor: str | None = ""
        while cursor is not None:
            page = (await ride.asha.call("GET", f"{path}?limit=2{cursor}")).json()
            found += [each["id"] for each in page["items"]]
            cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
        assert found == expected
        skipped = (await ride.asha.call("GET", f"{path}?limit=2&skip=1")).json()
        assert [each["id"] for each in skipped["items"]] == expected[1:3]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "skip=-1", "cursor=x", "subject=1"])
async def test_absurd_pages_are_refused(campus: Campus, query: str) -> None:
    rider = await campus.sign_up()
    for path in (f"/api/users/{rider.id}/reviews", "/api/reviews/mine"):
        answer = await rider.call("GET", f"{path}?{query}")
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"]


async def test_whom_one_may_not_see_has_no_reviews_to_read(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    await both_review(ride)
    third, stranger = await campus.sign_up(), await campus.sign_up(college_name="VJTI")

    async def refused(viewer: Rider, user_id: int) -> None:
        answer = await viewer.call("GET", f"/api/users/{user_id}/reviews")
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_rider")

    await refused(stranger, ride.dev.id)
    await refused(third, 2**63 - 1)
    await third.call("PUT", f"/api/users/{ride.dev.id}/block")
    await refused(third, ride.dev.id)
    await ride.asha.call("PUT", f"/api/users/{third.id}/block")
    await refused(third, ride.asha.id)
    await ban(db, ride.dev)
    await refused(ride.asha, ride.dev.id)


@pytest.mark.parametrize("by_viewer", [True, False])
async def test_a_block_hides_who_wrote_and_leaves_the_sums(
    campus: Campus, ride: Ride, db: asyncpg.Connection, by_viewer: bool
) -> None:
    viewer, other = await campus.sign_up(), await campus.sign_up()
    by_asha = await read_by_all(db, ride.asha, ride.dev, rating=1)
    by_other = await read_by_all(db, other, ride.dev, rating=5)
    assert [each["id"] for each in await reviews_of(viewer, ride.dev)] == [by_other, by_asha]
    before = await summary(viewer, ride.dev)
    blocker, blocked = (viewer, ride.asha) if by_viewer else (ride.asha, viewer)
    await blocker.call("PUT", f"/api/users/{blocked.id}/block")
    assert [each["id"] for each in await reviews_of(viewer, ride.dev)] == [by_other]
    after = await summary(viewer, ride.dev)
    assert [each["id"] for each in after["recent"]] == [by_other]
    assert {**after, "recent": []} == {**before, "recent": []}
    assert len(await reviews_of(other, ride.dev)) == 2


async def test_what_one_wrote_is_for_ones_own_eyes(campus: Campus, ride: Ride) -> None:
    by_asha, by_dev = await both_review(ride)
    assert [each["id"] for each in await own_reviews(ride.asha)] == [by_asha]
    assert [each["id"] for each in await own_reviews(ride.dev)] == [by_dev]
    assert await own_reviews(await campus.sign_up()) == []


async def test_what_was_written_stays_when_its_author_goes_by_no_name(
    ride: Ride, db: asyncpg.Connection
) -> None:
    await both_review(ride)
    await db.execute(
        "update users set full_name = 'Former rider', email = $2 where user_id = $1",
        ride.asha.id,
        f"gone-{ride.asha.id}@invalid",
    )
    [read] = await reviews_of(ride.dev, ride.dev)
    assert (read["author"]["full_name"], read["comment"]) == ("Former rider", "By Asha.")
    assert (await summary(ride.dev, ride.dev))["count"] == 1
