"""ConnectionManager, as handlers use it that bring the websocket that Sanic gives them."""

from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest
from sanic import Request, Sanic

from tests.conftest import Server, running
from tests.realtime.devices import on_line
from tests.waiting import until
from tripsync.realtime import keepalive
from tripsync.realtime.connections import ConnectionManager
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.protocol import WebSocketConnection
from tripsync.realtime.socket import Socket
from tripsync.settings import Settings

NOTE = {"type": "x_note", "text": "only now"}
ASHA, DEV = 1, 2


class Handler:
    """A handler of somebody else's: it registers whoever opens /devices/USER."""

    def __init__(self) -> None:
        self.websockets: list[WebSocketConnection] = []

    async def attend(self, request: Request, websocket: WebSocketConnection, user_id: int) -> None:
        manager = request.app.ctx.resources[Gateway].connections
        await manager.connect(user_id, websocket)
        self.websockets.append(websocket)
        # Sanic cancels this when the client goes; nothing that stood below would be done.
        await websocket.closed


@pytest.fixture
def handler() -> Handler:
    return Handler()


@pytest.fixture
async def served(settings: Settings, handler: Handler) -> AsyncIterator[Server]:
    """A server with that handler."""

    def mount(app: Sanic) -> None:
        app.add_websocket_route(handler.attend, "/devices/<user_id:id>", name="devices")

    few = msgspec.structs.replace(settings, database_pool_min=1, database_pool_max=5)
    async with running(few, mount=mount) as server:
        yield server


@pytest.fixture
def manager(served: Server) -> ConnectionManager:
    registry: ConnectionManager = served.app.ctx.resources[Gateway].connections
    return registry


def opened_by(served: Server, user_id: int) -> Any:
    return on_line(served.url, path=f"/devices/{user_id}")


async def test_a_personal_message_reaches_all_whom_a_handler_connected_and_nobody_else(
    served: Server, manager: ConnectionManager, handler: Handler
) -> None:
    async with (
        opened_by(served, ASHA) as phone,
        opened_by(served, ASHA) as laptop,
        opened_by(served, DEV) as other,
    ):
        await until(lambda: len(handler.websockets) == 3)
        await manager.send_personal_message(NOTE, ASHA)
        for device in (phone, laptop):
            assert await device.hear() == NOTE
        await manager.send_personal_message({**NOTE, "text": "for Dev"}, DEV)
        assert (await other.hear())["text"] == "for Dev"
        # Nobody is there, and nothing happens.
        await manager.send_personal_message(NOTE, 3)
    await until(lambda: not manager.is_here(ASHA) and not manager.is_here(DEV))


async def test_one_device_is_disconnected_or_all_of_them(
    served: Server, manager: ConnectionManager, handler: Handler
) -> None:
    async with opened_by(served, ASHA) as first:
        await until(lambda: len(handler.websockets) == 1)
        async with opened_by(served, ASHA) as second, opened_by(served, ASHA) as third:
            await until(lambda: len(handler.websockets) == 3)
            manager.disconnect(ASHA, handler.websockets[0])
            assert await first.closed() == 1000
            await manager.send_personal_message(NOTE, ASHA)
            for device in (second, third):
                assert await device.hear() == NOTE
            manager.disconnect(ASHA)
            assert not manager.is_here(ASHA)
            for device in (second, third):
                assert await device.closed() == 1000
        # Who is gone already is gone.
        manager.disconnect(ASHA)


async def test_whom_a_handler_connected_is_asked_for_no_token(
    served: Server,
    manager: ConnectionManager,
    handler: Handler,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    look_at, looks = keepalive.look_at, []

    def look(socket: Socket, now: float, clock: float) -> None:
        look_at(socket, now + keepalive.SAYS_NAME_WITHIN + 1, clock)
        looks.append(socket)

    async with opened_by(served, ASHA) as device:
        await until(lambda: handler.websockets)
        monkeypatch.setattr(keepalive, "look_at", look)
        await until(lambda: len(looks) > 1)
        await manager.send_personal_message(NOTE, ASHA)
        assert await device.hear() == NOTE
