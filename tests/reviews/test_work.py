"""Reviews of work that is done: the same as those of a ride, between the two sides of a post."""

import asyncio
from typing import Any

import asyncpg
import httpx
import pytest

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import types_heard_by
from tests.reviews.conftest import own_reviews, reviews_of
from tests.services.board import PATH, act, applied, decide, publish, team


async def done_by(owner: Rider, *members: Rider, **post: Any) -> tuple[int, list[int]]:
    """Work that is done; the post, and the applications of the members."""
    post_id, applications = await team(owner, *members, **post)
    assert (await act(owner, post_id, "complete")).status_code == 200
    return post_id, applications


async def review(author: Rider, post_id: int, subject: Rider, **more: Any) -> httpx.Response:
    body = {"user_id": subject.id, "rating": 4, "comment": "Good.", **more}
    return await author.call("POST", f"{PATH}/{post_id}/reviews", json=body)


async def test_both_sides_review_and_read_when_both_have(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, member = await sign_up(), await sign_up()
    post_id, _ = await done_by(owner, member)
    first = await review(owner, post_id, member)
    assert first.status_code == 201
    assert (first.json()["post_id"], first.json()["pool_id"]) == (post_id, None)
    assert first.json()["visible"] is False
    assert await reviews_of(owner, member) == []
    assert "review_received" not in await types_heard_by(db, member)
    assert (await review(member, post_id, owner, rating=5)).json()["visible"] is True
    [of_member], [of_owner] = await reviews_of(owner, member), await reviews_of(member, owner)
    assert (of_member["rating"], of_owner["rating"]) == (4, 5)
    for each in (owner, member):
        assert "review_received" in await types_heard_by(db, each)
        assert [own["post_id"] for own in await own_reviews(each)] == [post_id]


async def test_work_is_reviewed_once_and_when_it_is_done(sign_up: SignUp) -> None:
    owner, member = await sign_up(), await sign_up()
    post_id, _ = await team(owner, member)
    early = await review(owner, post_id, member)
    assert (early.status_code, early.json()["code"]) == (409, "work_not_over")
    await act(owner, post_id, "complete")
    answers = await asyncio.gather(*(review(owner, post_id, member) for _ in range(5)))
    assert sorted(each.status_code for each in answers) == [201, 409, 409, 409, 409]
    again = await done_by(owner, member)
    assert (await review(owner, again[0], member)).status_code == 201


async def test_only_the_two_sides_review_each_other(sign_up: SignUp) -> None:
    owner, one, other, stranger = [await sign_up() for _ in range(4)]
    foreigner = await sign_up(college_name="VJTI")
    post_id, _ = await done_by(owner, one, other)
    for author, subject, code in (
        (stranger, owner, "no_such_work"),
        (foreigner, owner, "no_such_work"),
        (one, other, "no_such_partner"),
        (owner, stranger, "no_such_partner"),
        (one, stranger, "no_such_partner"),
    ):
        answer = await review(author, post_id, subject)
        assert (answer.status_code, answer.json()["code"]) == (404, code)
    assert (await review(owner, post_id, owner)).status_code == 422
    for wrong in ({"rating": 0}, {"rating": 6}, {"comment": "x" * 1001}):
        assert (await review(owner, post_id, one, **wrong)).status_code == 422


async def test_who_wrote_an_anonymous_post_reviews_and_is_reviewed_once_revealed(
    sign_up: SignUp,
) -> None:
    owner, told, untold = await sign_up(), await sign_up(), await sign_up()
    post_id, applications = await team(owner, told, untold, is_anonymous=True)
    reveal = f"{PATH}/applications/{applications[0]}/reveal"
    assert (await owner.call("POST", reveal)).status_code == 200
    await act(owner, post_id, "complete")
    # To guess the writer among the fellows gets the same answer, right or wrong.
    for author, subject in ((untold, owner), (untold, told), (owner, untold)):
        answer = await review(author, post_id, subject)
        assert (answer.status_code, answer.json()["code"]) == (404, "no_such_partner")
    assert (await review(told, post_id, owner)).status_code == 201
    assert (await review(owner, post_id, told)).status_code == 201


async def test_who_was_not_accepted_reviews_nobody(sign_up: SignUp) -> None:
    owner, member, rejected = [await sign_up() for _ in range(3)]
    post_id, _ = await team(owner, member)
    assert (await decide(owner, 2**50)).status_code == 404
    await act(owner, post_id, "complete")
    assert (await review(rejected, post_id, owner)).status_code == 404


async def test_the_schema_knows_no_review_of_two_things(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, member = await sign_up(), await sign_up()
    post_id, _ = await done_by(owner, member)
    assert (await review(owner, post_id, member)).status_code == 201
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute("update reviews set post_id = null where post_id = $1", post_id)


async def test_who_was_turned_down_reviews_nobody_and_is_reviewed_by_nobody(
    sign_up: SignUp,
) -> None:
    owner, member, turned_down = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(owner, team_size=1))["id"]
    refused = (await applied(turned_down, post_id))["id"]
    assert (await decide(owner, refused, "rejected")).status_code == 200
    await decide(owner, (await applied(member, post_id))["id"])
    assert (await act(owner, post_id, "complete")).status_code == 200
    assert (await review(turned_down, post_id, owner)).status_code == 404
    assert (await review(owner, post_id, turned_down)).status_code == 404
    assert (await review(owner, post_id, member)).status_code == 201
