"""A server that stops tells every device when to come back, and finishes what it was told."""

import asyncio
import itertools
import resource
import signal
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sanic import Request
from websockets.exceptions import ConnectionClosed

from tests.conftest import SECRET, SignUp, StartServer
from tests.people import Rider
from tests.processes import Process, tripsync
from tests.profiles.fellow_riders import share_a_ride
from tests.realtime.conftest import Tell, TimePasses
from tests.realtime.crowds import crowd
from tests.realtime.devices import Device, on_line
from tests.waiting import until, until_waiting_for_locks
from tripsync.realtime.dispatch import MESSAGES_A_SECOND
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.protocol import SocketProtocol, WebSocketConnection

RIDERS = 50
DEVICES_EACH = 10
GRACE = 60
# So many answers, and it is stopped in the middle of the talk.
IN_THE_MIDDLE = 1500
# As fast as a device may talk for as long as it likes. Those who are told last have the server to
# themselves, and are not to be sent away for haste.
BREATH = 2 / MESSAGES_A_SECOND
EVENTS = 100

Serve = Callable[..., AbstractContextManager[Process]]


@pytest.fixture
def serve(database_url: str, data_dir: Path) -> Serve:
    return partial(
        tripsync,
        "serve",
        data_dir=data_dir,
        DATABASE_URL=database_url,
        SECRET_KEY=SECRET,
        # The other process that tests has as many, and the database has room for a hundred.
        DATABASE_POOL_MAX="8",
    )


@pytest.fixture
def many_files() -> Iterator[None]:
    """Room for the sockets of a whole campus."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 4 * RIDERS * DEVICES_EACH
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
async def lines() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as opened:
        yield opened


@dataclass
class Talk:
    """What one device says all the time, and how far the server has answered."""

    rider: Rider
    device: Device
    answered: int = 0

    async def acknowledge(self) -> None:
        with suppress(ConnectionClosed):
            for seq in range(1, EVENTS + 1):
                await self.device.say("ack", seq=seq)
                # Answered in their order.
                await self.device.say("ping")
                await self.device.hear("pong")
                self.answered = seq
                await asyncio.sleep(BREATH)

    async def write_to(self, partner: Rider) -> None:
        with suppress(ConnectionClosed):
            for number in itertools.count(1):
                message = {"receiver_id": partner.id, "connection_id": None, "content": str(number)}
                await self.device.say("chat_message", **message)
                assert (await self.device.hear("chat_message"))["content"] == str(number)
                self.answered = number
                await asyncio.sleep(BREATH)


async def test_all_of_five_hundred_are_told_and_nothing_that_was_answered_is_lost(
    serve: Serve,
    data_dir: Path,
    db: asyncpg.Connection,
    tell: Tell,
    time_passes: TimePasses,
    many_files: None,
    lines: AsyncExitStack,
) -> None:
    with serve("--workers", "2", GRACE_SECONDS=str(GRACE)) as server:
        address = await server.address()
        riders = await crowd(address, RIDERS, data_dir)
        writer, partner = riders[:2]
        await share_a_ride(db, writer, partner)
        for rider in riders:
            await tell(rider, EVENTS)
        await time_passes(*riders)
        talks = [
            Talk(rider, await lines.enter_async_context(on_line(address, rider)))
            for rider in riders
            for _ in range(DEVICES_EACH)
        ]
        for talk in talks:
            assert (await talk.device.hear("ready"))["seq"] == EVENTS
        running = [
            asyncio.create_task(talk.acknowledge() if number else talk.write_to(partner))
            for number, talk in enumerate(talks)
        ]
        await until(lambda: sum(talk.answered for talk in talks) > IN_THE_MIDDLE)
        await until(lambda: all(talk.answered for talk in talks))
        server.send(signal.SIGTERM)
        async with asyncio.timeout(GRACE):
            assert await server.exit_code() == 0
        await asyncio.gather(*running)
        assert "Traceback" not in server.said, server.said

    for talk in talks:
        assert await talk.device.closed() == 1012
        assert talk.device.seen[-1]["type"] == "going_away"
    waits = {talk.device.seen[-1]["retry_after_ms"] for talk in talks}
    assert len(waits) > len(talks) / 4, "they would all come back at once"

    chat, *others = talks
    messages = await db.fetch("select content from messages where user_id = $1", writer.id)
    answered = {str(number) for number in range(1, chat.answered + 1)}
    assert answered <= {row["content"] for row in messages}
    for rider in riders:
        stands = await db.fetchval(
            "select max(acknowledged_seq) from sessions where user_id = $1", rider.id
        )
        assert stands >= max(talk.answered for talk in others if talk.rider is rider) > 0


@pytest.mark.parametrize("leaves", [False, True], ids=["of one who stays", "of one who left"])
async def test_a_message_that_cannot_be_finished_does_not_hold_up_a_stop(
    serve: Serve, sign_up: SignUp, db: asyncpg.Connection, leaves: bool
) -> None:
    writer, partner = await sign_up(), await sign_up()
    await share_a_ride(db, writer, partner)
    with serve(GRACE_SECONDS="2", STATEMENT_TIMEOUT_MS="300000") as server:
        address = await server.address()
        async with on_line(address, writer) as device, db.transaction():
            await device.hear("ready")
            # Whoever tells the partner something waits for us.
            await db.fetch("select from event_heads where user_id = $1 for update", partner.id)
            message = {"receiver_id": partner.id, "connection_id": None, "content": "Hello."}
            await device.say("chat_message", **message)
            await until_waiting_for_locks(db)
            if leaves:
                await device.socket.close()
            server.send(signal.SIGTERM)
            if not leaves:
                assert await device.closed() == 1012
                assert device.seen[-1]["type"] == "going_away"
            assert await server.exit_code() == 0
            assert "Traceback" not in server.said, server.said
    # It was not answered, and never happened.
    assert not await db.fetch("select from messages where user_id = $1", writer.id)


async def test_a_socket_that_opens_while_the_stop_begins_is_told_as_well(
    start_server: StartServer, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server()
    rider = await sign_up()
    shake_hands = SocketProtocol.websocket_handshake

    async def too_late(
        protocol: SocketProtocol, request: Request, offered: Any = None
    ) -> WebSocketConnection:
        connection = await shake_hands(protocol, request, offered)
        if request.app is server.app:
            server.app.ctx.resources.draining = True
            await server.app.ctx.resources[Gateway].say_goodbye()
        return connection

    monkeypatch.setattr(SocketProtocol, "websocket_handshake", too_late)
    async with on_line(server.url, rider) as device:
        assert await device.closed() == 1012
        assert [message["type"] for message in device.seen] == ["going_away"]
