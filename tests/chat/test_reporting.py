"""A message that is reported: what it said is kept for the moderators, and for nobody else."""

from typing import Any

import asyncpg

from tests.chat.conftest import Pair, said
from tests.conftest import SignUp
from tests.people import Rider
from tests.profiles.fellow_riders import share_a_ride


async def report(reporter: Rider, subject: Rider, message_id: int) -> int:
    answer = await reporter.call(
        "POST",
        "/api/reports",
        json={
            "user_id": subject.id,
            "reason": "harassment",
            "reference": {"kind": "message", "id": message_id},
        },
    )
    assert answer.status_code == 201, answer.text
    return int(answer.json()["id"])


async def words_of(moderator: Rider, report_id: int) -> Any:
    """What the moderators read of it."""
    answer = await moderator.call("GET", "/api/moderation/reports")
    [found] = [each for each in answer.json()["items"] if each["id"] == report_id]
    return found["reported_words"]


async def test_the_words_stay_with_the_report_when_the_writer_goes(
    sign_up: SignUp, pair: Pair
) -> None:
    moderator = await sign_up("moderator")
    message = await said(pair.asha, pair.dev, "Get lost.")
    await pair.dev.call("PUT", f"/api/users/{pair.asha.id}/block")
    report_id = await report(pair.dev, pair.asha, message["id"])
    assert await words_of(moderator, report_id) == "Get lost."
    await pair.asha.call("POST", f"/api/pool/pools/{pair.pool_id}/complete")
    left = await pair.asha.call("DELETE", "/api/profile/me", json={"password": pair.asha.password})
    assert left.status_code == 204, left.text
    assert await words_of(moderator, report_id) == "Get lost."


async def test_a_report_reveals_no_message_that_was_not_for_the_reporter(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    moderator, third, fourth = await sign_up("moderator"), await sign_up(), await sign_up()
    await share_a_ride(db, third, fourth)
    elsewhere = await said(third, fourth, "Only for you.")
    await said(pair.asha, pair.dev)
    by_dev = await said(pair.dev, pair.asha, "Not by Asha.")
    for reporter, subject, message_id in (
        (pair.dev, third, elsewhere["id"]),
        (pair.dev, pair.asha, by_dev["id"]),
        (pair.dev, pair.asha, 2**63 - 1),
    ):
        report_id = await report(reporter, subject, message_id)
        assert await words_of(moderator, report_id) is None


async def test_who_joined_later_reports_nothing_from_before(
    sign_up: SignUp, pair: Pair, db: asyncpg.Connection
) -> None:
    moderator = await sign_up("moderator")
    [pool] = (await pair.asha.call("GET", "/api/chat/pools")).json()["items"]
    body = {"conversation_id": pool["conversation_id"], "content": "Among us two."}
    before = (await pair.asha.call("POST", "/api/chat/messages", json=body)).json()["id"]
    meera = await sign_up()
    await db.execute(
        "insert into participants (college_id, conversation_id, user_id, heard_from, read_seq) "
        "values ($1, $2, $3, 1, 1)",
        meera.college_id,
        pool["conversation_id"],
        meera.id,
    )
    assert await words_of(moderator, await report(meera, pair.asha, before)) is None
    assert await words_of(moderator, await report(pair.dev, pair.asha, before)) == "Among us two."
