"""Phones, and somebody who reaches them."""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime
from typing import Any

import asyncpg
import httpx
import pytest

from tests.asyncapi import HEARD, Trial, document
from tests.conftest import Server, StartServer
from tests.notifications.receiver import SECRET, Receiver, receiving
from tests.people import Rider
from tests.waiting import until
from tripsync.app import every
from tripsync.database import Database
from tripsync.notifications.pusher import PUSH, Pusher
from tripsync.realtime.events import Event, append_many
from tripsync.settings import Settings

Tell = Callable[..., Awaitable[None]]
Settle = Callable[[Rider], Awaitable[None]]
Look = Callable[[], Awaitable[None]]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as there:
        yield there


@pytest.fixture
async def pushing(start_server: StartServer, receiver: Receiver) -> Server:
    """A server that does jobs, pushes among them."""
    return await start_server(push_webhook_url=receiver.url, push_webhook_secret=SECRET)


@pytest.fixture
def happen(server: Server) -> Tell:
    """`await happen(rider, "ride_cancelled")`: just now, and may still be acknowledged."""

    async def happen(rider: Rider, *kinds: str, **payload: object) -> None:
        async with server.app.ctx.resources[Database].transaction() as transaction:
            await append_many(
                transaction, [(rider.id, event_of(kind, **payload)) for kind in kinds]
            )

    return happen


@pytest.fixture
def settle(db: asyncpg.Connection) -> Settle:
    """What a rider heard becomes a while ago, as far as pushes care."""

    async def settle(rider: Rider) -> None:
        await db.execute(
            "update events set created_at = created_at - interval '10 seconds' where user_id = $1",
            rider.id,
        )

    return settle


@pytest.fixture
def tell(happen: Tell, settle: Settle) -> Tell:
    """`await tell(rider, "ride_cancelled")`: it happened a while ago."""

    async def tell(rider: Rider, *kinds: str, **payload: object) -> None:
        await happen(rider, *kinds, **payload)
        await settle(rider)

    return tell


@pytest.fixture
def look(pushing: Server, db: asyncpg.Connection) -> Look:
    """The timer's turn, now; and then until all that was asked for is done or waits for later."""
    pusher = Pusher(pushing.app.ctx.resources[Settings], every("events"))

    async def nothing_is_due() -> bool:
        return not await db.fetchval(
            "select exists (select from pgqueuer where entrypoint = $1 and status <> 'failed' "
            "and (execute_after <= now() or status = 'picked'))",
            PUSH,
        )

    async def look() -> None:
        async with pushing.app.ctx.resources[Database].transaction() as transaction:
            await pusher.ask(transaction)
        await until(nothing_is_due)

    return look


def event_of(kind: str, **payload: object) -> Event:
    """Such an event, as the document shows it but for this."""
    if kind == Trial.type:
        return Trial(None)
    [event] = [each for each in every("events") if each.type == kind]
    made: Event = event(**{**example(kind), **payload})
    return made


def example(kind: str) -> dict[str, Any]:
    """What such an event says, by the document."""
    [shown] = document()["components"]["messages"][f"{HEARD}{kind}"]["examples"]
    envelope = ("type", "seq")
    return {name: value for name, value in shown["payload"].items() if name not in envelope}


async def register(rider: Rider, token: str | None = None, platform: str = "ios") -> httpx.Response:
    body = {"platform": platform, "token": token or new_token()}
    return await rider.call("PUT", "/api/devices", json=body)


async def register_phone(rider: Rider) -> str:
    """The token of a phone that is registered now."""
    token = new_token()
    answer = await register(rider, token)
    assert answer.status_code == 200, answer.text
    return token


def new_token() -> str:
    return f"apns-{secrets.token_hex(16)}"


async def jobs_waiting(db: asyncpg.Connection, token: str) -> list[tuple[datetime, int]]:
    """When those for a phone are due, and how often they were tried."""
    rows = await db.fetch(
        "select execute_after, attempts from pgqueuer "
        "where entrypoint = $1 and status = 'queued' "
        "and (convert_from(payload, 'UTF8')::json ->> 'device_id')::bigint "
        "  = (select device_id from devices where token = $2)",
        PUSH,
        token,
    )
    return [(row["execute_after"], row["attempts"]) for row in rows]
