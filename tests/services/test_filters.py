"""Filters: whoever does not pass them sees nothing of a post, anywhere."""

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus
from tests.services.board import PATH, apply, ids, listed, publish, say_of_oneself, sees, show

YEAR = {"type": "year_of_study", "value": "Third Year"}


@pytest.mark.parametrize(
    ("filters", "passes", "fails"),
    [
        ([YEAR], {"year_of_study": " third year"}, {"year_of_study": "Second Year"}),
        (
            [YEAR, {"type": "year_of_study", "value": "Fourth Year"}],
            {"year_of_study": "Fourth Year"},
            {"year_of_study": "First Year"},
        ),
        ([{"type": "major", "value": "PHYSICS"}], {"major": "Physics"}, {"major": "Physical"}),
        ([{"type": "gender", "value": "woman"}], {"gender": "woman"}, {"gender": "man"}),
        (
            [{"type": "college_unit", "value": "Hall 3"}],
            {"college_unit": "hall 3"},
            {"college_unit": "Hall 4"},
        ),
        (
            [YEAR, {"type": "gender", "value": "woman"}],
            {"year_of_study": "Third Year", "gender": "woman"},
            {"year_of_study": "Third Year", "gender": "man"},
        ),
    ],
)
async def test_who_passes_sees_and_applies_and_nobody_else(
    sign_up: SignUp,
    campus: Campus,
    filters: list[dict[str, str]],
    passes: dict[str, str],
    fails: dict[str, str],
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner, filters=filters, tags=["maths"]))["id"]
    assert await sees(owner, post_id)
    # Whoever says nothing of themselves passes no filter.
    assert not await sees(fellow, post_id)
    await say_of_oneself(fellow, **fails)
    assert not await sees(fellow, post_id)
    assert (await apply(fellow, post_id)).status_code == 404
    await say_of_oneself(fellow, **passes)
    assert await sees(fellow, post_id)
    assert (await apply(fellow, post_id)).status_code == 200
    assert (await campus.client.get(f"{PATH}/{post_id}")).status_code == 404


async def test_only_who_confirmed_the_address_passes_verified_only(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner, filters=[{"type": "verified_only"}], tags=["maths"]))["id"]
    assert not await sees(fellow, post_id)
    await db.execute("update users set verified_at = now() where user_id = $1", fellow.id)
    assert await sees(fellow, post_id)


async def test_filters_that_are_added_hide_the_post_at_once(sign_up: SignUp) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner, tags=["maths"]))["id"]
    assert await sees(fellow, post_id)
    changed = await owner.call("PUT", f"{PATH}/{post_id}", json={"filters": [YEAR]})
    assert changed.json()["filters"] == [YEAR]
    assert not await sees(fellow, post_id)
    await owner.call("PUT", f"{PATH}/{post_id}", json={"filters": []})
    assert await sees(fellow, post_id)


@pytest.mark.parametrize("who_blocks", [0, 1])
async def test_a_block_hides_the_posts_of_both(sign_up: SignUp, who_blocks: int) -> None:
    pair = [await sign_up(), await sign_up()]
    posts = [(await publish(each, tags=["maths"]))["id"] for each in pair]
    blocker, blocked = pair[who_blocks], pair[1 - who_blocks]
    await blocker.call("PUT", f"/api/users/{blocked.id}/block")
    for mine, other in ((0, 1), (1, 0)):
        assert await ids(pair[mine]) == [posts[mine]]
        assert (await show(pair[mine], posts[other])).status_code == 404
        assert (await apply(pair[mine], posts[other])).status_code == 404
    await blocker.call("DELETE", f"/api/users/{blocked.id}/block")
    assert len(await listed(blocked)) == 2


async def test_a_block_hides_nothing_from_a_third(sign_up: SignUp) -> None:
    blocker, blocked, third = [await sign_up() for _ in range(3)]
    posts = {(await publish(each, tags=["maths"]))["id"] for each in (blocker, blocked, third)}
    await blocker.call("PUT", f"/api/users/{blocked.id}/block")
    assert set(await ids(third)) == posts
    assert all([await sees(third, each) for each in posts])


async def test_a_poster_is_looked_for_by_id(sign_up: SignUp) -> None:
    owner, fellow = await sign_up(), await sign_up()
    named = (await publish(owner))["id"]
    hidden = (await publish(owner, is_anonymous=True))["id"]
    await publish(fellow)
    assert await ids(fellow, poster_id=owner.id) == [named]
    assert set(await ids(owner, poster_id=owner.id)) == {named, hidden}
