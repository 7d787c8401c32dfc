"""The life of a post, as a rule and over HTTP."""

from collections.abc import Sequence

import asyncpg
import httpx
import pytest

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import heard_by
from tests.services.board import PATH, act, applied, decide, publish, show, team
from tripsync.services.lifecycle import Act, ImpossibleError, Status, after

POSSIBLE = {
    ("open", "start"): "in_progress",
    ("open", "close"): "cancelled",
    ("in_progress", "close"): "cancelled",
    ("in_progress", "complete"): "completed",
    ("in_progress", "reopen"): "open",
    ("cancelled", "reopen"): "open",
}


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("what", list(Act))
def test_every_move_is_decided(status: Status, what: Act) -> None:
    expected = POSSIBLE.get((status.value, what.value))
    if expected is None:
        with pytest.raises(ImpossibleError):
            after(status, what)
    else:
        assert after(status, what).value == expected


async def reasons(db: asyncpg.Connection, rider: object) -> list[str]:
    heard = await heard_by(db, rider)  # type: ignore[arg-type]
    return [payload["reason"] for kind, payload in heard if kind == "service_post_closed"]


async def test_a_post_lives_from_open_to_completed(sign_up: SignUp, db: asyncpg.Connection) -> None:
    owner, member, waiting = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(owner, team_size=3))["id"]
    await decide(owner, (await applied(member, post_id))["id"])
    await applied(waiting, post_id)
    assert (await act(owner, post_id, "complete")).status_code == 409
    assert (await act(owner, post_id, "start")).json()["status"] == "in_progress"
    assert (await reasons(db, member), await reasons(db, waiting)) == ([], ["started"])
    assert (await act(owner, post_id, "reopen")).json()["status"] == "open"
    await act(owner, post_id, "start")
    assert (await act(owner, post_id, "complete")).json()["status"] == "completed"
    assert await reasons(db, member) == ["completed"]
    for what in ("start", "close", "reopen", "complete"):
        answer = await act(owner, post_id, what)
        assert (answer.status_code, answer.json()["code"]) == (409, "post_over")
    changed = await owner.call("PUT", f"{PATH}/{post_id}", json={"team_size": 5})
    assert (changed.status_code, changed.json()["code"]) == (409, "post_over")


async def test_who_applied_hears_that_a_post_is_closed(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, fellow = await sign_up(), await sign_up()
    post_id = (await publish(owner))["id"]
    await applied(fellow, post_id)
    assert (await act(owner, post_id, "close")).json()["status"] == "cancelled"
    assert (await act(owner, post_id, "reopen")).json()["status"] == "open"
    await owner.call("DELETE", f"{PATH}/{post_id}")
    assert await reasons(db, fellow) == ["closed", "deleted"]


async def test_a_full_post_is_reopened_by_making_room(sign_up: SignUp) -> None:
    owner, member = await sign_up(), await sign_up()
    post_id, _ = await team(owner, member)
    full = await act(owner, post_id, "reopen")
    assert (full.status_code, full.json()["code"]) == (409, "post_full")
    await owner.call("PUT", f"{PATH}/{post_id}", json={"team_size": 2})
    assert (await act(owner, post_id, "reopen")).json()["status"] == "open"


async def test_a_team_is_not_made_smaller_than_it_is(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, member, waiting = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(owner, team_size=3))["id"]
    await decide(owner, (await applied(member, post_id))["id"])
    await applied(waiting, post_id)
    path = f"{PATH}/{post_id}"
    await decide(owner, (await applied(await sign_up(), post_id))["id"])
    small = await owner.call("PUT", path, json={"team_size": 1})
    assert (small.status_code, small.json()["code"]) == (409, "team_too_small")
    just = await owner.call("PUT", path, json={"team_size": 2})
    assert (just.status_code, just.json()["status"]) == (200, "in_progress")
    assert await reasons(db, waiting) == ["full"]
    assert (await show(owner, post_id)).json()["places_left"] == 0


async def test_work_whose_deadline_has_passed_is_completed(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    owner, member = await sign_up(), await sign_up()
    post_id = (await publish(owner, team_size=2))["id"]
    await decide(owner, (await applied(member, post_id))["id"])
    await db.execute("update service_posts set deadline = now() where post_id = $1", post_id)
    assert (await act(owner, post_id, "complete")).json()["status"] == "completed"


MAJOR = {"type": "major", "value": "Physics"}
# What the owner does with a post that nobody has joined, or one that somebody has.
WAYS_TO = {"open": (), "in_progress": ("start",), "completed": ("start", "complete")}


async def seen_by(
    client: httpx.AsyncClient, post_id: int, readers: Sequence[Rider | None]
) -> list[str | None]:
    """The status that each of these reads by the id; None: of somebody without an account."""
    answers = [
        await show(each, post_id) if each else await client.get(f"{PATH}/{post_id}")
        for each in readers
    ]
    return [each.json().get("status") if each.status_code == 200 else None for each in answers]


@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("hiding", [{}, {"college_only": True}, {"filters": [MAJOR]}])
async def test_a_post_is_read_by_its_id_in_every_state_until_it_is_deleted(
    sign_up: SignUp, client: httpx.AsyncClient, status: Status, hiding: dict[str, object]
) -> None:
    owner, member, fellow = [await sign_up() for _ in range(3)]
    foreigner = await sign_up(college_name="VJTI")
    await member.call("PUT", "/api/profile/me", json={"major": "Physics"})
    post_id = (await publish(owner, team_size=2, **hiding))["id"]
    if status is Status.CANCELLED:
        await act(owner, post_id, "close")
    else:
        await decide(owner, (await applied(member, post_id))["id"])
        for what in WAYS_TO[status]:
            await act(owner, post_id, what)

    readers = (owner, member, fellow, foreigner, None)
    seen = [
        status,
        status,
        None if "filters" in hiding else status,
        None,
        None if hiding else status,
    ]
    assert await seen_by(client, post_id, readers) == seen
    await owner.call("DELETE", f"{PATH}/{post_id}")
    assert await seen_by(client, post_id, readers) == [None] * 5
