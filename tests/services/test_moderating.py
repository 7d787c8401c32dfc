"""Posts that should not be there: reported by riders, closed by moderators."""

from typing import Any

import asyncpg
import httpx

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import heard_by
from tests.services.board import PATH, act, applied, ids, publish, show


async def report(rider: Rider, post_id: int, **more: Any) -> httpx.Response:
    body = {"reason": "fraud", "details": "It asks for a deposit.", **more}
    return await rider.call("POST", f"{PATH}/{post_id}/report", json=body)


async def close(moderator: Rider, post_id: int) -> httpx.Response:
    path = f"/api/moderation/services/{post_id}/close"
    return await moderator.call("POST", path, json={"note": "It asks for a deposit."})


async def test_an_anonymous_post_is_reported_without_a_word_of_who_wrote_it(
    sign_up: SignUp,
) -> None:
    writer, rider = await sign_up(full_name="Hidden Writer"), await sign_up()
    moderator = await sign_up("moderator")
    post_id = (await publish(writer, is_anonymous=True))["id"]
    answer = await report(rider, post_id)
    assert answer.status_code == 201
    assert answer.json().keys() == {"id", "post_id", "reason", "details", "created_at"}
    assert (await report(rider, post_id)).status_code == 409
    [seen] = (await moderator.call("GET", "/api/moderation/reports")).json()["items"]
    assert seen["subject"] == {"id": writer.id, "full_name": "Hidden Writer"}
    assert seen["reference"] == {"kind": "service", "id": post_id}
    exported = (await rider.call("GET", "/api/profile/me/export")).text
    assert "It asks for a deposit." in exported
    assert "Hidden Writer" not in exported


async def test_a_second_report_is_no_way_to_ask_who_wrote_it(sign_up: SignUp) -> None:
    writer, rider = await sign_up(), await sign_up()
    post_id = (await publish(writer, is_anonymous=True))["id"]
    assert (await report(rider, post_id)).status_code == 201
    for guessed in (writer, await sign_up()):
        for kind in ("post", "pool"):
            body = {"user_id": guessed.id, "reason": "fraud"}
            body["reference"] = {"kind": kind, "id": post_id}
            answer = await rider.call("POST", "/api/reports", json=body)
            assert answer.status_code == 201
    body["reference"] = {"kind": "service", "id": post_id}
    assert (await rider.call("POST", "/api/reports", json=body)).status_code == 422


async def test_only_what_one_may_see_is_reported_and_not_ones_own(sign_up: SignUp) -> None:
    writer, rider = await sign_up(), await sign_up()
    post_id = (await publish(writer, filters=[{"type": "major", "value": "Physics"}]))["id"]
    assert (await report(rider, post_id)).status_code == 404
    assert (await report(await sign_up(college_name="VJTI"), post_id)).status_code == 404
    assert (await report(writer, post_id)).status_code == 422
    for wrong in ({"reason": "dull"}, {"details": "x" * 2001}):
        assert (await report(rider, post_id, **wrong)).status_code == 422


async def test_a_moderator_closes_a_post_for_good(sign_up: SignUp, db: asyncpg.Connection) -> None:
    writer, fellow = await sign_up(), await sign_up()
    moderator = await sign_up("moderator")
    post_id = (await publish(writer, filters=[]))["id"]
    sent = await applied(fellow, post_id)
    answer = await close(moderator, post_id)
    assert (answer.status_code, answer.json()["poster"]["id"]) == (200, writer.id)
    for each in (writer, fellow, moderator):
        assert await ids(each) == []
        assert (await show(each, post_id)).status_code == 404
    assert (await writer.client.get(f"{PATH}/{post_id}")).status_code == 404
    assert (await act(writer, post_id, "reopen")).status_code == 404
    for each, application in ((writer, None), (fellow, sent["id"])):
        kind, payload = (await heard_by(db, each))[-1]
        assert (kind, payload["reason"]) == ("service_post_closed", "moderator")
        assert payload["application_id"] == application
    [line] = (await moderator.call("GET", "/api/moderation/audit")).json()["items"]
    assert (line["act"], line["outcome"]) == ("close_post", str(post_id))
    assert line["note"] == "It asks for a deposit."
    assert (await close(moderator, post_id)).status_code == 404


async def test_a_moderator_reads_what_filters_hide_and_only_of_the_own_college(
    sign_up: SignUp,
) -> None:
    writer, moderator = await sign_up(), await sign_up("moderator")
    foreign = await sign_up("moderator", college_name="VJTI")
    post_id = (await publish(writer, filters=[{"type": "major", "value": "Physics"}]))["id"]
    assert (await show(moderator, post_id)).status_code == 200
    assert await ids(moderator) == []
    assert (await show(foreign, post_id)).status_code == 404
    assert (await close(foreign, post_id)).status_code == 404
    for nobody in (writer, await sign_up()):
        assert (await close(nobody, post_id)).status_code == 404
    assert (await close(moderator, post_id)).status_code == 200


async def test_who_is_banned_reads_nothing_though_the_token_still_lives(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider, owner = await sign_up(), await sign_up()
    own, other = (await publish(rider))["id"], (await publish(owner))["id"]
    await applied(rider, other)
    lists = (PATH, "/api/profile/me/applications", "/api/profile/me/posts")
    for path in lists:
        assert (await rider.call("GET", path)).json() != []
    assert (await rider.call("GET", f"{PATH}/tags")).status_code == 200
    # As in the moment before a trigger has ended the sessions, and all servers know.
    await db.execute("set session_replication_role = replica")
    await db.execute("update users set banned_at = now() where user_id = $1", rider.id)
    for path in lists:
        assert (await rider.call("GET", path)).json() == []
    assert (await rider.call("GET", f"{PATH}/tags")).json() == {"tags": []}
    for path in (f"{PATH}/{own}", f"{PATH}/{other}", f"{PATH}/{own}/applications"):
        assert (await rider.call("GET", path)).status_code == 404
    assert (await act(rider, own, "close")).status_code == 404
    assert (await report(rider, other)).status_code == 404
