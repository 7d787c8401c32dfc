"""What a client pours in does not pile up, at no moment of a socket's life."""

from contextlib import AsyncExitStack

import asyncpg
import pytest
from websockets.frames import Frame, Opcode

from tests.conftest import Server, SignUp, StartServer
from tests.realtime.devices import on_line
from tests.waiting import until
from tripsync.database import Database
from tripsync.http.tokens import AccessTokens
from tripsync.realtime import dispatch
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.protocol import WebSocketConnection


async def test_who_says_too_much_before_being_welcomed_is_cut_off(
    start_server: StartServer, sign_up: SignUp
) -> None:
    """The welcome waits for a database that is busy; nobody waits for it with a full inbox."""
    server = await start_server()
    rider = await sign_up()
    pool = server.app.ctx.resources[Database].pool
    held = [await pool.acquire() for _ in range(5)]
    try:
        async with on_line(server.url, rider) as device:
            for _ in range(5 * dispatch.AT_ONCE):
                await device.say("ping")
            assert await device.closed() == 4429
            assert [message["type"] for message in device.seen] == ["error"]
    finally:
        for connection in held:
            await pool.release(connection)


async def test_what_is_said_before_the_welcome_is_answered_after_it(
    start_server: StartServer, sign_up: SignUp
) -> None:
    server = await start_server(database_pool_max=1)
    rider = await sign_up()
    async with AsyncExitStack() as line:
        async with server.app.ctx.resources[Database].pool.acquire():
            device = await line.enter_async_context(on_line(server.url, rider))
            await device.say("ping")
            # Answered by the connection itself, when all before it has arrived.
            await (await device.socket.ping())
        assert [(await device.hear())["type"] for _ in range(2)] == ["ready", "pong"]


async def test_pieces_without_content_are_not_kept(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider) as device:
        await device.hear("ready")
        [socket] = server.app.ctx.resources[Gateway].connections.devices_of(rider.id)
        begin = Frame(Opcode.TEXT, b'{"type": ', fin=False).serialize(mask=True)
        nothing = Frame(Opcode.CONT, b"", fin=False).serialize(mask=True)
        end = Frame(Opcode.CONT, b'"ping"}').serialize(mask=True)
        device.socket.transport.write(begin + nothing * 100)
        await (await device.socket.ping())
        assert len(socket.connection._parts) == 1
        device.socket.transport.write(end)
        assert await device.hear() == {"type": "pong"}


FLOODS = {
    "pings": Frame(Opcode.PING, b""),
    "pongs": Frame(Opcode.PONG, b""),
    "pings with content": Frame(Opcode.PING, b"x" * 125),
    "pieces of one message": Frame(Opcode.CONT, b"", fin=False),
    "empty messages": Frame(Opcode.TEXT, b""),
    "messages": Frame(Opcode.TEXT, b'{"type": "ping"}'),
}
MANY = 50_000


@pytest.mark.parametrize("frame", FLOODS.values(), ids=FLOODS)
@pytest.mark.parametrize("known", [False, True], ids=["a stranger", "a rider"])
async def test_who_goes_on_is_cut_off(
    server: Server,
    sign_up: SignUp,
    monkeypatch: pytest.MonkeyPatch,
    frame: Frame,
    known: bool,
) -> None:
    """Whatever it is that comes, most of it is never looked at."""
    parsed = 0
    parse = WebSocketConnection._parse

    def count(connection: WebSocketConnection, data: bytes) -> int:
        nonlocal parsed
        frames = parse(connection, data)
        parsed += frames
        return frames

    monkeypatch.setattr(WebSocketConnection, "_parse", count)
    async with on_line(server.url, await sign_up() if known else None) as device:
        if known:
            await device.hear("ready")
        if frame.opcode is Opcode.CONT:
            device.socket.transport.write(Frame(Opcode.TEXT, b"", fin=False).serialize(mask=True))
        device.socket.transport.write(frame.serialize(mask=True) * MANY)
        # Whoever says something that makes sense hears first that this is not the time.
        assert await device.closed() in (4429, 4401, 1008)
    assert parsed < MANY / 10


async def test_a_rider_may_say_more_than_a_stranger(server: Server, sign_up: SignUp) -> None:
    pings = Frame(Opcode.PING, b"").serialize(mask=True) * 500
    async with on_line(server.url, await sign_up()) as device:
        await device.hear("ready")
        device.socket.transport.write(pings)
        await (await device.socket.ping())
        await device.say("ping")
        assert await device.hear() == {"type": "pong"}
    async with on_line(server.url) as device:
        device.socket.transport.write(pings)
        assert await device.closed() == 4429


async def test_what_a_device_acknowledged_while_the_database_was_away_is_written_later(
    server: Server, sign_up: SignUp, db: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledgements = server.app.ctx.resources[Gateway]._acknowledgements
    rider = await sign_up()
    who = server.app.ctx.resources[AccessTokens].read(rider.access_token)
    await db.execute("update event_heads set last_seq = 9 where user_id = $1", rider.id)
    lender = server.app.ctx.resources[Database]._lender
    execute, failures = lender.execute, [ConnectionRefusedError()]

    async def fail_first(sql: str, *values: object) -> str:
        if "acknowledged_seq" in sql and failures:
            raise failures.pop()
        return str(await execute(sql, *values))

    monkeypatch.setattr(lender, "execute", fail_first)
    acknowledgements.add(who.session_id, 7)

    async def written() -> int:
        return int(
            await db.fetchval(
                "select acknowledged_seq from sessions where session_id = $1", who.session_id
            )
        )

    await until(written)
    assert await written() == 7
    assert not failures
