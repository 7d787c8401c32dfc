"""An anonymous post names its writer nowhere, until the writer does."""

import json
import logging
import secrets

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import heard_by
from tests.services.board import (
    PATH,
    act,
    applied,
    apply,
    decide,
    ids,
    listed,
    publish,
    show,
    team,
)


@pytest.fixture
async def writer(sign_up: SignUp, db: asyncpg.Connection) -> Rider:
    """Somebody whose name and id can be told from everything else."""
    await db.execute(
        "select setval(pg_get_serial_sequence('users', 'user_id'), coalesce(max(user_id), 0) + $1) "
        "from users",
        1_000_000 + secrets.randbelow(1_000_000),
    )
    return await sign_up(full_name=f"Writer {secrets.token_hex(6)}")


def names(writer: Rider, *told: object) -> bool:
    """Whether anything of this says who the writer is."""
    text = json.dumps(told, default=str)
    return writer.full_name in text or str(writer.id) in text or writer.email in text


async def reveal(owner: Rider, application_id: int) -> int:
    path = f"{PATH}/applications/{application_id}/reveal"
    return (await owner.call("POST", path)).status_code


async def test_only_the_writer_reads_who_wrote_it(
    writer: Rider, sign_up: SignUp, campus: Campus
) -> None:
    fellow = await sign_up()
    # In the list for all it is older than whatever was written within the hour.
    tag = secrets.token_hex(6)
    own = await publish(writer, is_anonymous=True, tags=[tag])
    assert own["poster"] == {"id": writer.id, "full_name": writer.full_name}
    assert own["poster_user_id"] == writer.id
    for reader in (fellow, None):
        headers = reader.headers if reader else {}
        one = await campus.client.get(f"{PATH}/{own['id']}", headers=headers)
        many = await campus.client.get(PATH, headers=headers, params={"tags": tag})
        assert [each["id"] for each in many.json()] == [own["id"]]
        for shown in (one.json(), *many.json()):
            assert (shown["poster"], shown["poster_user_id"]) == (None, 0)
            assert shown["is_anonymous"] is True
            assert not names(writer, shown)


async def test_no_way_of_applying_tells_who_wrote_it(
    writer: Rider, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    one, other, left = await sign_up(), await sign_up(), await sign_up()
    post_id = (await publish(writer, is_anonymous=True, team_size=1))["id"]
    sent = [await applied(each, post_id) for each in (one, other, left)]
    await decide(writer, sent[1]["id"], "rejected")
    await decide(writer, sent[0]["id"])
    await act(writer, post_id, "complete")
    await writer.call("DELETE", f"{PATH}/{post_id}")
    for each in (one, other, left):
        told = await heard_by(db, each)
        assert told
        exported = (await each.call("GET", "/api/profile/me/export")).json()
        mine = (await each.call("GET", "/api/profile/me/applications")).json()
        assert [application["poster"] for application in mine] == [None]
        assert not names(writer, told, exported, mine, sent)


async def test_a_search_for_the_writer_finds_nothing(writer: Rider, sign_up: SignUp) -> None:
    fellow = await sign_up()
    await publish(writer, is_anonymous=True)
    assert await ids(fellow, poster_id=writer.id) == []
    assert await ids(fellow, search=writer.full_name) == []


async def test_ids_and_times_say_nothing_of_when_it_was_written(
    writer: Rider, sign_up: SignUp
) -> None:
    published = [await publish(writer, is_anonymous=n % 2 == 1) for n in range(20)]
    order = [each["id"] for each in published]
    # Twenty in their own order by chance: once in 2 * 10^18.
    assert order not in (sorted(order), sorted(order, reverse=True))
    assert max(order) <= 2**48
    times = [each["created_at"] for each in published]
    assert all(each[14:].rstrip("Z") == "00:00" for each in times[1::2])
    assert not any(each[14:].rstrip("Z") == "00:00" for each in times[::2])


async def test_a_block_is_no_way_to_find_out_who_wrote_it(writer: Rider, sign_up: SignUp) -> None:
    fellow, blocked = await sign_up(), await sign_up()
    post_id = (await publish(writer, is_anonymous=True, tags=["maths"]))["id"]
    await fellow.call("PUT", f"/api/users/{writer.id}/block")
    await writer.call("PUT", f"/api/users/{blocked.id}/block")
    for each in (fellow, blocked):
        assert await ids(each) == [post_id]
        assert (await show(each, post_id)).status_code == 200
        # It goes nowhere, and nothing tells.
        assert (await apply(each, post_id)).status_code == 200
        assert (await apply(each, post_id)).status_code == 409


async def test_an_application_across_a_block_reaches_nobody(
    writer: Rider, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    fellow = await sign_up()
    post_id = (await publish(writer, is_anonymous=True))["id"]
    await writer.call("PUT", f"/api/users/{fellow.id}/block")
    sent = await applied(fellow, post_id)
    assert await heard_by(db, writer) == []
    assert (await writer.call("GET", f"{PATH}/{post_id}/applications")).json() == []
    assert (await decide(writer, sent["id"])).status_code == 404
    taken_back = await fellow.call("POST", f"{PATH}/applications/{sent['id']}/withdraw")
    assert taken_back.status_code == 200
    assert await heard_by(db, writer) == []


async def test_who_was_accepted_learns_it_when_the_writer_says_so(
    writer: Rider, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    chosen, accepted, waiting = await sign_up(), await sign_up(), await sign_up()
    post_id, sent = await team(writer, chosen, accepted, is_anonymous=True)
    assert await reveal(writer, sent[0]) == 200
    assert await reveal(writer, sent[0]) == 200
    poster = {"id": writer.id, "full_name": writer.full_name}
    revealed = [
        payload for kind, payload in await heard_by(db, chosen) if kind == "service_poster_revealed"
    ]
    assert revealed == [
        {
            "application_id": sent[0],
            "service_post": {"id": post_id, "title": "Calculus tutor wanted"},
            "poster": poster,
        }
    ]
    shown = (await show(chosen, post_id)).json()
    assert (shown["poster"], shown["poster_user_id"]) == (poster, writer.id)
    [listed_one] = await listed(chosen, status="in_progress")
    assert listed_one["poster"] == poster
    [mine] = (await chosen.call("GET", "/api/profile/me/applications")).json()
    assert mine["poster"] == poster
    for each in (accepted, waiting):
        assert not names(writer, (await show(each, post_id)).json(), await heard_by(db, each))


async def test_only_who_was_accepted_is_told_and_only_of_an_anonymous_post(
    writer: Rider, sign_up: SignUp
) -> None:
    fellow = await sign_up()
    anonymous = (await publish(writer, is_anonymous=True))["id"]
    waits = await applied(fellow, anonymous)
    assert await reveal(writer, waits["id"]) == 409
    named = (await publish(writer))["id"]
    sent = await applied(fellow, named)
    await decide(writer, sent["id"])
    assert await reveal(writer, sent["id"]) == 409


async def test_a_block_hides_the_post_from_who_knows_the_writer(
    writer: Rider, sign_up: SignUp
) -> None:
    chosen = await sign_up()
    post_id, [sent] = await team(writer, chosen, is_anonymous=True)
    await reveal(writer, sent)
    await chosen.call("PUT", f"/api/users/{writer.id}/block")
    assert (await show(chosen, post_id)).status_code == 404


async def test_no_log_says_who_wrote_it(
    writer: Rider, sign_up: SignUp, caplog: pytest.LogCaptureFixture
) -> None:
    fellow = await sign_up()
    caplog.set_level(logging.DEBUG)
    post_id = (await publish(writer, is_anonymous=True))["id"]
    sent = await applied(fellow, post_id)
    await decide(writer, sent["id"])
    await writer.call("PUT", f"{PATH}/{post_id}", json={"team_size": 0})
    await act(writer, post_id, "complete")
    await writer.call("DELETE", f"{PATH}/{post_id}")
    ours = [each for each in caplog.records if each.name.startswith(("tripsync", "sanic"))]
    lines = [json.dumps(each.__dict__, default=str) for each in ours]
    about = [each for each in lines if str(post_id) in each or str(sent["id"]) in each]
    assert about
    assert not [each for each in lines if writer.email in each or writer.full_name in each]
    assert not [each for each in about if str(writer.id) in each]
