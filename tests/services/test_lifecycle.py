"""The life of a post, as a rule and over HTTP."""

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.pooling.roads_to_campus import heard_by
from tests.services.board import PATH, act, applied, decide, publish, show, team
from tripsync.services.states import Act, ImpossibleError, Status, after

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
