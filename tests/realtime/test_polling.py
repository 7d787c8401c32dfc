"""Who cannot hold a socket open asks again and again, and gets the same."""

import asyncpg
import httpx
import pytest

from tests.conftest import Server, SignUp
from tests.realtime.conftest import Tell
from tests.realtime.devices import on_line


async def test_events_come_in_order_page_by_page_as_sockets_send_them(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, 5, text="née \u2028 \U0001f6b2")
    answer = await rider.call("GET", "/api/events?limit=3")
    assert answer.status_code == 200
    first = answer.json()
    assert [each["seq"] for each in first["events"]] == [1, 2, 3]
    assert (first["last_seq"], first["reload_required"]) == (5, False)
    second = (await rider.call("GET", "/api/events?after=3&limit=3")).json()
    assert [each["seq"] for each in second["events"]] == [4, 5]
    nothing = (await rider.call("GET", "/api/events?after=5")).json()
    assert nothing == {"events": [], "last_seq": 5, "reload_required": False}
    async with on_line(server.url, rider, path="/api/ws/pool?after=0") as device:
        sent = await device.hear_events(5)
    assert first["events"] + second["events"] == sent


async def test_nobody_reads_the_events_of_another(sign_up: SignUp, tell: Tell) -> None:
    rider, other = await sign_up(), await sign_up()
    await tell(rider, 2)
    assert (await other.call("GET", "/api/events")).json()["events"] == []


async def test_without_a_token_there_is_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.get("/api/events")).status_code == 401


@pytest.mark.parametrize("kept", [0, 2], ids=["nothing is kept", "the end is kept"])
async def test_what_is_not_kept_any_more_asks_for_a_reload_and_is_never_given_in_part(
    sign_up: SignUp, tell: Tell, db: asyncpg.Connection, kept: int
) -> None:
    rider = await sign_up()
    await tell(rider, 6)
    await db.execute(
        "update events set created_at = now() - interval '7 days 1 minute'"
        " where user_id = $1 and seq <= $2",
        rider.id,
        6 - kept,
    )
    answer = (await rider.call("GET", "/api/events?after=1")).json()
    assert answer == {"events": [], "last_seq": 6, "reload_required": True}
    rest = (await rider.call("GET", f"/api/events?after={6 - kept}")).json()
    assert [each["seq"] for each in rest["events"]] == list(range(6 - kept + 1, 7))
    assert rest["reload_required"] is False


async def test_who_knows_more_than_there_is_reloads(sign_up: SignUp, tell: Tell) -> None:
    rider = await sign_up()
    await tell(rider, 2)
    answer = (await rider.call("GET", "/api/events?after=3")).json()
    assert answer == {"events": [], "last_seq": 2, "reload_required": True}


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=501", "skip=1"])
async def test_a_question_that_cannot_be_is_a_422(sign_up: SignUp, query: str) -> None:
    rider = await sign_up()
    assert (await rider.call("GET", f"/api/events?{query}")).status_code == 422


async def test_the_day_that_is_needed_next_is_emptied_and_the_others_are_kept(
    sign_up: SignUp, db: asyncpg.Connection
) -> None:
    rider = await sign_up()
    today = await db.fetchval("select floor(extract(epoch from now()) / 86400)::int")
    transaction = db.transaction()
    await transaction.start()
    try:
        for age in range(9):
            await db.execute(
                "insert into events (college_id, user_id, seq, type, payload, created_at, day_slot)"
                " values ($1, $2, $3, 'x_test', '{}', now() - make_interval(days => $4), $5)",
                rider.college_id,
                rider.id,
                9 - age,
                age,
                (today - age) % 9,
            )
        assert await db.fetchval("select empty_next_day_of_events()") is True
        left = await db.fetch("select seq from events where user_id = $1 order by seq", rider.id)
        # Eight days old is what lies where tomorrow will be written.
        assert [row["seq"] for row in left] == [2, 3, 4, 5, 6, 7, 8, 9]
        assert await db.fetchval("select empty_next_day_of_events()") is False
    finally:
        await transaction.rollback()
