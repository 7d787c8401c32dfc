"""Riders who have not confirmed their address, where that is asked of them before they ride."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import asyncpg
import httpx
import pytest

from tests.conftest import Server, SignUp, StartServer
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import ask, go, heard_by, ride, say, types_heard_by
from tests.pooling.test_recurring import begin_window, keep, look_at, requests_of, weekly
from tests.services.board import apply, publish
from tripsync.database import Database, Transaction
from tripsync.pooling.auto_match import run_round
from tripsync.pooling.recurring import open_due

Call = Callable[[Rider], Awaitable[httpx.Response]]


@pytest.fixture
async def strict(start_server: StartServer) -> Server:
    """A server that lets nobody ride without a confirmed address, on the usual database."""
    return await start_server(unverified_riders="refused")


@pytest.fixture
async def at_strict(strict: Server) -> AsyncIterator[Callable[[Rider], Rider]]:
    """The same rider, who calls the strict server."""
    async with strict.client() as client:
        yield lambda rider: replace(rider, client=client)


Confirm = Callable[[Rider], Awaitable[None]]


@pytest.fixture
def confirm(campus: Campus) -> Confirm:
    async def confirm(rider: Rider) -> None:
        code = await campus.mailed_code(rider.email, "Confirm your address")
        answer = await campus.client.post("/api/auth/email/verify", json={"code": code})
        assert answer.status_code == 200, answer.text

    return confirm


async def do(server: Server, act: Callable[[Transaction], Awaitable[None]]) -> None:
    """What a timer of this server does."""
    async with server.app.ctx.resources[Database].transaction() as transaction:
        await act(transaction)


async def test_who_has_not_confirmed_the_address_begins_nothing_until_then(
    sign_up: SignUp, at_strict: Callable[[Rider], Rider], confirm: Confirm
) -> None:
    rider, fellow = at_strict(await sign_up()), await sign_up()
    waiting = (await go(fellow, ride(1)))["request_id"]
    changed = await at_strict(fellow).call(
        "PUT", f"/api/pool/requests/{waiting}", json={"note": "Red cap."}
    )
    assert (changed.status_code, changed.json()["code"]) == (403, "email_not_verified")
    post_id = (await publish(fellow))["id"]
    calls: list[Call] = [
        lambda rider: rider.call("POST", "/api/pool/requests", json=ride()),
        lambda rider: rider.call("POST", "/api/pool/recurring", json=weekly(600)),
        lambda rider: ask(rider, waiting),
        lambda rider: apply(rider, post_id),
    ]
    for call in calls:
        refused = await call(rider)
        assert (refused.status_code, refused.json()["code"]) == (403, "email_not_verified")
        assert "confirm your email address" in refused.json()["detail"]
    assert await requests_of(rider) == []
    await confirm(rider)
    for call in calls:
        assert (await call(rider)).status_code in (200, 201)


@pytest.mark.parametrize(
    ("environment", "chosen", "status"),
    [
        ("development", "", 200),
        ("development", "refused", 403),
        ("production", "", 403),
        ("production", "allowed", 200),
    ],
)
async def test_it_is_asked_of_riders_in_production_unless_the_setting_says_otherwise(
    sign_up: SignUp, start_server: StartServer, environment: str, chosen: str, status: int
) -> None:
    rider = await sign_up()
    server = await start_server(environment=environment, unverified_riders=chosen)
    async with server.client() as client:
        caller = replace(rider, client=client)
        answer = await caller.call("POST", "/api/pool/requests", json=ride())
    assert answer.status_code == status


async def test_nobody_says_yes_before_both_have_confirmed(
    sign_up: SignUp, at_strict: Callable[[Rider], Rider], confirm: Confirm
) -> None:
    """Whoever asked did so when the setting was another."""
    asker, asked = await sign_up(), at_strict(await sign_up())
    target = (await go(replace(asked, client=asker.client), ride(0)))["request_id"]
    await go(asker, ride(1))
    connection_id = (await ask(asker, target)).json()["connection_id"]
    refused = await say(asked, connection_id)
    assert (refused.status_code, refused.json()["code"]) == (403, "email_not_verified")
    await confirm(asked)
    refused = await say(asked, connection_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_longer_open")
    assert "email" in refused.json()["detail"]
    await confirm(asker)
    assert (await say(asked, connection_id)).status_code == 200


async def test_who_has_not_confirmed_may_still_say_no_and_take_back(
    sign_up: SignUp, at_strict: Callable[[Rider], Rider]
) -> None:
    asker, asked = await sign_up(), at_strict(await sign_up())
    target = (await go(replace(asked, client=asker.client), ride(0)))["request_id"]
    own = (await go(asker, ride(1)))["request_id"]
    connection_id = (await ask(asker, target)).json()["connection_id"]
    assert (await say(asked, connection_id, "reject")).status_code == 200
    asker = at_strict(asker)
    assert (await asker.call("DELETE", f"/api/pool/requests/{own}")).status_code == 200


async def test_a_round_seats_nobody_who_has_not_confirmed(
    sign_up: SignUp, db: asyncpg.Connection, strict: Server, confirm: Confirm
) -> None:
    before = (datetime.now(UTC) + timedelta(seconds=100)).isoformat()
    pair = [await sign_up(), await sign_up()]
    for offset, rider in enumerate(pair):
        await go(rider, ride(offset, auto_match=True, depart_before=before))
    round_now = partial(run_round, college_id=pair[0].college_id)
    for rider in pair:
        await do(strict, round_now)
        for each in pair:
            assert "pooling_match" not in await types_heard_by(db, each)
        await confirm(rider)
    await do(strict, round_now)
    for each in pair:
        assert "pooling_match" in await types_heard_by(db, each)


async def test_a_weekly_ride_waits_for_the_confirmation(
    sign_up: SignUp, db: asyncpg.Connection, strict: Server, confirm: Confirm
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(30))
    await do(strict, open_due)
    assert await requests_of(rider) == []
    assert await heard_by(db, rider) == []
    await confirm(rider)
    await db.execute(
        "update recurring_rides set next_opens_at = now() where recurring_id = $1",
        kept["recurring_id"],
    )
    await do(strict, open_due)
    assert [each["status"] for each in await requests_of(rider)] == ["active"]


async def test_a_weekly_ride_that_waited_in_vain_is_skipped_and_says_why(
    sign_up: SignUp, db: asyncpg.Connection, strict: Server
) -> None:
    rider = await sign_up()
    kept = await keep(rider, weekly(600))
    await begin_window(db, kept)
    await do(strict, open_due)
    assert await requests_of(rider) == []
    [(kind, payload)] = await heard_by(db, rider)
    assert (kind, payload["reason"]) == ("recurring_ride_skipped", "unverified")
    [skipped] = (await look_at(rider, kept))["recent"]
    assert (skipped["date"], skipped["skipped_because"]) == (payload["date"], "unverified")
