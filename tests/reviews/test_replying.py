"""The reviewed answer once, and whoever reads the review reads the answer."""

import asyncio
from typing import Any

import asyncpg
import pytest

from tests.people import Campus
from tests.pooling.roads_to_campus import heard_by
from tests.reviews.conftest import Ride, both_review, own_reviews, reply, reviews_of, written
from tests.reviews.rides import let_pass
from tests.waiting import until_waiting_for_locks


async def test_everybody_reads_the_reply_and_the_author_is_told(
    campus: Campus, ride: Ride, db: asyncpg.Connection
) -> None:
    by_asha, _ = await both_review(ride)
    answer = await reply(ride.dev, by_asha, text=" So were you.\n")
    assert answer.status_code == 201, answer.text
    replied = answer.json()
    assert replied["reply"].pop("created_at") > replied["created_at"]
    assert replied["reply"] == {"text": "So were you."}
    for viewer in (ride.asha, ride.dev, await campus.sign_up()):
        [read] = await reviews_of(viewer, ride.dev)
        assert (read["id"], read["reply"]["text"]) == (by_asha, "So were you.")
    [own] = await own_reviews(ride.asha)
    assert own["reply"] == read["reply"]
    *_, (kind, payload) = await heard_by(db, ride.asha)
    assert (kind, payload["review"]["reply"]) == ("review_replied", read["reply"])
    assert "review_replied" not in [kind for kind, _ in await heard_by(db, ride.dev)]


async def test_one_reply_is_all(ride: Ride) -> None:
    by_asha, _ = await both_review(ride)
    assert (await reply(ride.dev, by_asha, text="First.")).status_code == 201
    again = await reply(ride.dev, by_asha, text="Second.")
    assert (again.status_code, again.json()["code"]) == (409, "already_replied")
    [read] = await reviews_of(ride.dev, ride.dev)
    assert read["reply"]["text"] == "First."


async def test_of_two_replies_at_once_one_stands(
    ride: Ride, db: asyncpg.Connection, database_url: str
) -> None:
    by_asha, _ = await both_review(ride)
    holder = await asyncpg.connect(database_url)
    async with holder.transaction():
        await holder.execute("select from reviews where review_id = $1 for update", by_asha)
        both = [asyncio.create_task(reply(ride.dev, by_asha, text=f"No. {n}")) for n in (1, 2)]
        await until_waiting_for_locks(db, 2)
    await holder.close()
    answers = await asyncio.gather(*both)
    assert sorted(answer.status_code for answer in answers) == [201, 409]
    [winner] = [answer.json() for answer in answers if answer.status_code == 201]
    [read] = await reviews_of(ride.dev, ride.dev)
    assert read["reply"] == winner["reply"]
    assert [kind for kind, _ in await heard_by(db, ride.asha)].count("review_replied") == 1


async def test_a_retry_with_its_key_gets_the_first_answer(ride: Ride) -> None:
    by_asha, _ = await both_review(ride)
    key = {"Idempotency-Key": "lost in a tunnel"}
    first = await reply(ride.dev, by_asha, headers=key)
    second = await reply(ride.dev, by_asha, headers=key)
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content


async def test_nobody_replies_to_what_they_may_not_read_yet(
    ride: Ride, db: asyncpg.Connection
) -> None:
    by_asha = await written(ride.asha, ride.pool_id, ride.dev)
    early = await reply(ride.dev, by_asha)
    assert (early.status_code, early.json()["code"]) == (404, "no_such_review")
    await let_pass(db, by_asha, "168:00")
    assert (await reply(ride.dev, by_asha)).status_code == 201


async def test_only_the_reviewed_replies(campus: Campus, ride: Ride) -> None:
    third, stranger = await campus.sign_up(), await campus.sign_up(college_name="VJTI")
    by_asha = await written(ride.asha, ride.pool_id, ride.dev)
    assert (await reply(ride.asha, by_asha)).status_code == 403
    assert (await reply(third, by_asha)).status_code == 404
    await written(ride.dev, ride.pool_id, ride.asha)
    for rider in (ride.asha, third):
        answer = await reply(rider, by_asha)
        assert (answer.status_code, answer.json()["code"]) == (403, "not_about_you")
    for review_id in (by_asha, 2**63 - 1):
        answer = await reply(stranger, review_id)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_review")


@pytest.mark.parametrize("blocker", ["author", "subject"])
async def test_across_a_block_there_is_nothing_to_reply_to(ride: Ride, blocker: str) -> None:
    by_asha, _ = await both_review(ride)
    one, other = (ride.asha, ride.dev) if blocker == "author" else (ride.dev, ride.asha)
    await one.call("PUT", f"/api/users/{other.id}/block")
    answer = await reply(ride.dev, by_asha)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_such_review")
    await one.call("DELETE", f"/api/users/{other.id}/block")
    assert (await reply(ride.dev, by_asha)).status_code == 201


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": ""}, "text"),
        ({"text": " \n\t"}, "text"),
        ({"text": "x" * 1001}, "text"),
        ({"text": "a\x07b"}, "text"),
        ({"text": None}, "text"),
        ({"rating": 5}, "rating"),
    ],
)
async def test_what_is_out_of_bounds_is_refused_by_field(
    ride: Ride, changes: dict[str, Any], field: str
) -> None:
    by_asha, _ = await both_review(ride)
    answer = await reply(ride.dev, by_asha, **changes)
    assert answer.status_code == 422, answer.text
    assert [each["field"] for each in answer.json()["errors"]] == [field]
