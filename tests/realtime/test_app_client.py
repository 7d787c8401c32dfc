"""The mobile app's own way: `new WebSocket(url, ["token", accessToken])`, by an engine like its."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.conftest import Server, SignUp
from tests.node import Script, node
from tests.people import Rider
from tests.realtime.conftest import Tell

APP = """
const [url, token] = process.argv.slice(1);
const socket = new WebSocket(url, ["token", token]);
socket.onopen = () => {
  tell("open", {protocol: socket.protocol, extensions: socket.extensions});
  socket.send(JSON.stringify({type: "ping"}));
};
socket.onmessage = ({data}) => tell("message", {data});
socket.onclose = ({code, wasClean}) => tell("close", {code, clean: wasClean});
"""


@asynccontextmanager
async def app(server: Server, path: str, token: str) -> AsyncIterator[Script]:
    url = server.url.replace("http://", "ws://") + path
    async with node(APP, url, token) as phone:
        yield phone


async def message_to(phone: Script) -> Any:
    return msgspec.json.decode((await phone.tells("message"))["data"])


@pytest.mark.parametrize("path", ["/api/ws/pool", "/api/pool/ws/{id}", "/ws/pool/{id}"])
async def test_the_app_gets_its_subprotocol_back_and_every_event(
    server: Server, sign_up: SignUp, tell: Tell, path: str
) -> None:
    rider = await sign_up()
    async with app(server, path.format(id=rider.id), rider.access_token) as phone:
        assert await phone.tells("open") == {"protocol": "token", "extensions": ""}
        both = [await message_to(phone), await message_to(phone)]
        assert {"type": "ready", "seq": 0} in both
        assert {"type": "pong"} in both
        await tell(rider, 2)
        assert [(await message_to(phone))["seq"] for _ in range(2)] == [1, 2]
        await end_session(rider)
        assert await phone.tells("close") == {"code": 4401, "clean": True}


async def end_session(rider: Rider) -> None:
    assert (await rider.call("POST", "/api/auth/logout")).status_code == 204


async def test_the_app_comes_in_with_no_token_but_a_good_one(server: Server) -> None:
    async with app(server, "/api/ws/pool", "not.a.token") as phone:
        assert await phone.tells("close") == {"code": 1006, "clean": False}
