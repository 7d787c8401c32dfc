"""A client that is not there any more is found, whatever it left behind."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.realtime.conftest import Tell
from tests.realtime.devices import on_line
from tests.waiting import until
from tripsync.realtime import keepalive
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.socket import Socket

FOUND_WITHIN = 40.0


class Line:
    """What lies between a client and the server, and falls silent without a word to either."""

    def __init__(self) -> None:
        self.url = ""
        self._works = asyncio.Event()
        self._works.set()

    def break_down(self) -> None:
        self._works.clear()

    async def carry(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65_536):
                await self._works.wait()
                target.write(data)
                await target.drain()


@asynccontextmanager
async def line_to(server: Server) -> AsyncIterator[Line]:
    line = Line()
    carriers: list[asyncio.Task[None]] = []
    writers: list[asyncio.StreamWriter] = []

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", server.port)
        writers.extend((writer, back))
        carriers.append(asyncio.create_task(line.carry(reader, back)))
        carriers.append(asyncio.create_task(line.carry(there, writer)))

    entrance = await asyncio.start_server(connect, "127.0.0.1", 0)
    line.url = f"http://127.0.0.1:{entrance.sockets[0].getsockname()[1]}"
    try:
        yield line
    finally:
        entrance.close()
        for carrier in carriers:
            carrier.cancel()
        await asyncio.gather(*carriers, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()


def devices(server: Server, rider: Rider) -> int:
    return len(server.app.ctx.resources[Gateway].connections.devices_of(rider.id))


def test_silence_is_noticed_in_time_even_if_the_last_look_came_too_early() -> None:
    assert 2 * keepalive.ASK_AFTER + keepalive.LOOK_EVERY < keepalive.GONE_AFTER, (
        "it is asked twice"
    )
    assert keepalive.GONE_AFTER + 2 * keepalive.LOOK_EVERY < FOUND_WITHIN


@pytest.mark.parametrize("to_be_sent", [0, 200], ids=["nothing to send", "a full wire"])
async def test_a_client_whose_line_breaks_without_a_word_is_found_and_its_neighbour_stays(
    server: Server,
    sign_up: SignUp,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
    to_be_sent: int,
) -> None:
    rider = await sign_up()
    async with (
        line_to(server) as line,
        on_line(line.url, rider, ping_interval=None, close_timeout=0) as train,
        on_line(server.url, rider, ping_interval=None) as home,
    ):
        await train.hear("ready")
        await home.hear("ready")
        # It is not to be found by what it does not read.
        monkeypatch.setattr(keepalive, "READS_WITHIN", 3600.0)
        line.break_down()
        await tell(rider, to_be_sent, n="x" * 65_536)
        await home.hear_events(to_be_sent)
        [lost, _] = server.app.ctx.resources[Gateway].connections.devices_of(rider.id)
        await until(lambda: bool(lost.connection.stalled_since) is bool(to_be_sent))

        # Whoever was silent until now must not look as if it were gone.
        await home.say("ping")
        await home.hear("pong")
        monkeypatch.setattr(keepalive, "LOOK_EVERY", 0.05)
        monkeypatch.setattr(keepalive, "ASK_AFTER", 0.2)
        monkeypatch.setattr(keepalive, "GONE_AFTER", 10.0)
        await until(lambda: lost not in server.app.ctx.resources[Gateway].connections)
        await home.say("ping")
        await home.hear("pong")
        train.socket.transport.abort()


async def test_what_a_client_said_and_nobody_has_read_yet_does_not_hide_its_end(
    server: Server, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More than the system buffers waits behind a message that takes its time."""
    rider = await sign_up()
    ponders, is_done = asyncio.Event(), asyncio.Event()

    async def ponder(_socket: object, _said: dict[str, Any]) -> None:
        ponders.set()
        await is_done.wait()

    monkeypatch.setitem(server.app.ctx.resources[Gateway]._acts, "ponder", ponder)
    try:
        async with on_line(server.url, rider, ping_interval=None) as device:
            await device.hear("ready")
            await device.say("ponder")
            await ponders.wait()
            for _ in range(50):
                await device.say("ping", padding="x" * 16_000)
            device.socket.transport.abort()
            await until(lambda: devices(server, rider) == 0)
    finally:
        is_done.set()


async def test_a_look_at_one_that_fails_does_not_end_the_looks_at_others(
    server: Server,
    sign_up: SignUp,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    odd, other = await sign_up(), await sign_up()
    look_at, looks = keepalive.look_at, itertools.count()
    looked_at: dict[int, int] = {}

    def look(socket: Socket, now: float, clock: float) -> None:
        assert socket.rider
        looked_at[socket.rider.user_id] = next(looks)
        if socket.rider.user_id == odd.id:
            raise ZeroDivisionError
        look_at(socket, now, clock)

    async with on_line(server.url, odd) as first, on_line(server.url, other) as second:
        await first.hear("ready")
        await second.hear("ready")
        monkeypatch.setattr(keepalive, "look_at", look)
        await until(lambda: looked_at.get(odd.id, 99) < looked_at.get(other.id, 0))
    assert "a socket cannot be looked at" in caplog.text
