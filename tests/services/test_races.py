"""What happens at the same moment: places that are not oversold, and refusals that are clean."""

import asyncio

import asyncpg
import httpx
import pytest

from tests.conftest import SignUp
from tests.pooling.roads_to_campus import types_heard_by
from tests.services.board import PATH, act, applied, apply, decide, publish

CROWD = 100
PLACES = 3
ROUNDS = 5


@pytest.mark.slow
async def test_a_hundred_are_accepted_into_three_places(
    sign_up: SignUp,
    db: asyncpg.Connection,
    two_processes: tuple[httpx.AsyncClient, httpx.AsyncClient],
) -> None:
    owner = await sign_up()
    crowd = [await sign_up() for _ in range(CROWD)]
    for each in range(ROUNDS):
        post_id = (await publish(owner, team_size=PLACES))["id"]
        waiting = await all_apply(db, post_id, [rider.id for rider in crowd])
        answers = await asyncio.gather(
            *(
                two_processes[at % 2].put(
                    f"{PATH}/applications/{application}",
                    json={"status": "accepted"},
                    headers=owner.headers,
                )
                for at, application in enumerate(waiting)
            )
        )
        codes = [answer.status_code for answer in answers]
        assert (codes.count(200), codes.count(409)) == (PLACES, CROWD - PLACES), f"round {each}"
        post = await db.fetchrow(
            "select status, places_taken from service_posts where post_id = $1", post_id
        )
        assert tuple(post) == ("in_progress", PLACES)
        accepted = await db.fetchval(
            "select count(*) from service_applications where post_id = $1 and status = 'accepted'",
            post_id,
        )
        assert accepted == PLACES
    told = [await types_heard_by(db, rider) for rider in crowd]
    yes, closed = "service_application_accepted", "service_post_closed"
    assert sum(each.count(yes) for each in told) == PLACES * ROUNDS
    assert sum(each.count(closed) for each in told) == (CROWD - PLACES) * ROUNDS


async def all_apply(db: asyncpg.Connection, post_id: int, riders: list[int]) -> list[int]:
    rows = await db.fetch(
        "insert into service_applications (college_id, post_id, poster_id, user_id) "
        "select college_id, post_id, user_id, applicant "
        "from service_posts, unnest($2::bigint[]) as applicant where post_id = $1 "
        "returning application_id",
        post_id,
        riders,
    )
    return [row[0] for row in rows]


async def test_the_schema_knows_no_place_too_many(sign_up: SignUp, db: asyncpg.Connection) -> None:
    owner, one, other = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    await all_apply(db, post_id, [one.id, other.id])
    with pytest.raises(asyncpg.CheckViolationError):
        await db.execute(
            "update service_applications set status = 'accepted', answered_at = now() "
            "where post_id = $1",
            post_id,
        )


async def test_apply_against_close(sign_up: SignUp, db: asyncpg.Connection) -> None:
    for _ in range(10):
        owner, fellow = await sign_up(), await sign_up()
        post_id = (await publish(owner))["id"]
        sent, closed = await asyncio.gather(apply(fellow, post_id), act(owner, post_id, "close"))
        assert closed.status_code == 200
        assert sent.status_code in (200, 409)
        # Whoever got in before the end is told of it.
        told = "service_post_closed" in await types_heard_by(db, fellow)
        assert told == (sent.status_code == 200)


async def test_accept_against_withdraw(sign_up: SignUp, db: asyncpg.Connection) -> None:
    for _ in range(10):
        owner, fellow = await sign_up(), await sign_up()
        post_id = (await publish(owner))["id"]
        application = (await applied(fellow, post_id))["id"]
        accepted, withdrawn = await asyncio.gather(
            decide(owner, application),
            fellow.call("POST", f"{PATH}/applications/{application}/withdraw"),
        )
        assert withdrawn.status_code == 200
        assert accepted.status_code in (200, 409)
        taken = await db.fetchval(
            "select places_taken from service_posts where post_id = $1", post_id
        )
        assert taken == 0


async def test_accept_against_a_smaller_team(sign_up: SignUp, db: asyncpg.Connection) -> None:
    for _ in range(10):
        owner = await sign_up()
        crowd = [await sign_up() for _ in range(2)]
        post_id = (await publish(owner, team_size=2))["id"]
        sent = [(await applied(each, post_id))["id"] for each in crowd]
        *answers, changed = await asyncio.gather(
            *(decide(owner, each) for each in sent),
            owner.call("PUT", f"{PATH}/{post_id}", json={"team_size": 1}),
        )
        assert {each.status_code for each in (*answers, changed)} <= {200, 409}
        post = await db.fetchrow(
            "select places_taken, team_size, status from service_posts where post_id = $1", post_id
        )
        assert post["places_taken"] <= post["team_size"]
        assert (post["status"] == "in_progress") == (post["places_taken"] == post["team_size"])


async def test_a_crowd_with_the_same_new_tags(sign_up: SignUp) -> None:
    riders = [await sign_up() for _ in range(8)]
    tags = [f"tag {each}" for each in range(10)]
    posts = await asyncio.gather(
        *(publish(each, tags=tags if at % 2 else tags[::-1]) for at, each in enumerate(riders))
    )
    assert len({tuple(tag["id"] for tag in each["tags"]) for each in posts}) == 1
