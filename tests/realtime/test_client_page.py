"""docs/sockets.md is right, and the JavaScript that client authors copy from it works."""

import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from tests.conftest import Server, SignUp, StartServer, running
from tests.node import Script, node
from tests.people import Rider
from tests.processes import ROOT, free_ports
from tests.realtime.conftest import Tell, TimePasses
from tests.realtime.devices import on_line
from tests.waiting import until
from tripsync.http.tokens import AccessTokens
from tripsync.realtime import close_codes, gateway
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.socket import Socket
from tripsync.settings import Settings

PAGE = (ROOT / "docs" / "sockets.md").read_text()
[FOLLOW] = re.findall(r"```js\n(.*?)```", PAGE, re.DOTALL)
# What an app puts around it: tokens that are refreshed, one after the other.
APP = """
const [api, refreshToken, given] = process.argv.slice(1);
const {stopOnceLoaded, ...options} = JSON.parse(given);
let refresh = refreshToken, last = Promise.resolve();
const renewed = async () => {
  const answer = await fetch(`${api}/api/auth/refresh`, {
    method: "POST",
    headers: {"Content-Type": "application/json"},
    body: JSON.stringify({refresh_token: refresh}),
  });
  const tokens = await answer.json();
  refresh = tokens.refresh_token;
  return tokens.access_token;
};
const token = () => last = last.catch(() => {}).then(renewed);
const stop = follow(`${api.replace("http", "ws")}/api/ws/pool`, {
  token,
  load: () => { tell("load"); if (stopOnceLoaded) stop(); },
  heard: message => tell("heard", {message}),
  ...options,
});
"""


class Client:
    """The page's client, at work for a rider."""

    def __init__(self, script: Script) -> None:
        self.script = script

    async def loads(self) -> None:
        assert await self.script.tells("load") == {}

    async def hears(self) -> Any:
        return (await self.script.tells("heard"))["message"]

    async def hears_events(self, number: int) -> list[int]:
        """The numbers of so many messages, one after the other; all are events."""
        return [(await self.hears())["seq"] for _ in range(number)]


@asynccontextmanager
async def following(url: str, rider: Rider, **options: object) -> AsyncIterator[Client]:
    arguments = (url, rider.refresh_token, msgspec.json.encode(options).decode())
    async with node(FOLLOW + APP, *arguments) as script:
        yield Client(script)


async def socket_of(server: Server, rider: Rider) -> Socket:
    """The one socket of a rider, as soon as it is there."""

    def found() -> Socket | None:
        return next(iter(server.app.ctx.resources[Gateway].connections.devices_of(rider.id)), None)

    return await until(found)


async def test_every_event_is_heard_once_and_in_order_though_the_line_is_cut(
    server: Server, sign_up: SignUp, tell: Tell, time_passes: TimePasses
) -> None:
    rider = await sign_up()
    await tell(rider, 3)
    await time_passes(rider)
    async with following(server.url, rider) as client:
        await client.loads()
        await tell(rider, 20)
        assert await client.hears_events(20) == list(range(4, 24))
        for cut in range(3):
            line = await socket_of(server, rider)
            await tell(rider, 10)
            line.connection.abort()
            await until(line.connection.closed.done)
            await tell(rider, 10)
            first = 24 + cut * 20
            assert await client.hears_events(20) == list(range(first, first + 20))


async def test_what_comes_twice_is_heard_once(server: Server, sign_up: SignUp, tell: Tell) -> None:
    rider = await sign_up()
    async with following(server.url, rider) as client:
        await client.loads()
        await tell(rider, 5)
        assert await client.hears_events(5) == [1, 2, 3, 4, 5]
        socket = await socket_of(server, rider)
        socket.cursor = 2
        await tell(rider, 1)
        assert await client.hears_events(1) == [6]
        assert socket.cursor == 6


async def test_it_goes_on_where_it_was_when_the_app_was_closed(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, 4)
    async with following(server.url, rider, seen=1) as client:
        assert await client.hears_events(3) == [2, 3, 4]


async def test_it_loads_anew_when_it_is_told_so(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, 4)
    async with following(server.url, rider, seen=1000) as client:
        await client.loads()
        await tell(rider, 1)
        assert await client.hears_events(1) == [5]


async def test_the_token_is_renewed_in_place(
    server: Server, sign_up: SignUp, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = await sign_up()
    monkeypatch.setattr(server.app.ctx.resources[AccessTokens], "lifetime", 10)
    async with following(server.url, rider, renewEvery=1000) as client:
        await client.loads()
        socket = await socket_of(server, rider)
        assert socket.rider
        first = socket.rider.expires_at
        while (renewed := await client.hears())["expires_at"] <= first:
            assert renewed["type"] == "authenticated"
        # By then nobody is left who has not renewed.
        await until(lambda: time.time() > first + 2)
        assert await socket_of(server, rider) is socket
        assert socket.connection.is_open
        await tell(rider, 1)
        while (message := await client.hears())["type"] == "authenticated":
            pass
        assert message["seq"] == 1


async def test_it_comes_back_when_the_server_is_there_again(
    settings: Settings, sign_up: SignUp, tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    rider = await sign_up()
    monkeypatch.setattr(gateway, "SOONEST_RETURN_MS", 300)
    monkeypatch.setattr(gateway, "RETURN_SPREAD_MS", 200)
    few = msgspec.structs.replace(
        settings, port=free_ports(1), database_pool_min=1, database_pool_max=5
    )
    async with running(few) as before:
        client_of = following(before.url, rider)
        client = await client_of.__aenter__()
        await client.loads()
        await tell(rider, 2)
        assert await client.hears_events(2) == [1, 2]
        line = await socket_of(before, rider)
    assert line.connection.close_code == 1012
    await tell(rider, 2)
    async with running(few) as after:
        assert await client.hears_events(2) == [3, 4]
        assert await socket_of(after, rider) is not line
        await client_of.__aexit__(None, None, None)


async def test_it_stays_away_when_it_is_told_so(start_server: StartServer, sign_up: SignUp) -> None:
    rider = await sign_up()
    server = await start_server(sockets_per_rider=1)
    async with following(server.url, rider) as client:
        await client.loads()
        await rider.sign_in()
        async with on_line(server.url, rider) as newer:
            await newer.hear("ready")
            # Nothing is left for it to wait for.
            assert await client.script.ends() == 0


async def test_it_stops_when_the_app_says_so(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with following(server.url, rider, stopOnceLoaded=True) as client:
        await client.loads()
        assert await client.script.ends() == 0
    connections = server.app.ctx.resources[Gateway].connections
    await until(lambda: not connections.is_here(rider.id))


def test_the_page_names_every_close_code_as_the_server_does() -> None:
    rows = re.findall(r"^\| (\d+) \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    assert [(int(code), why, then) for code, why, then in rows] == list(close_codes.ALL)


def test_the_client_does_with_every_code_what_the_page_says() -> None:
    [away] = re.findall(r"stayAway = \[(.*?)\]", FOLLOW)
    [comings] = re.findall(r"pauses = {(.*?)}", FOLLOW)
    stays = {int(code) for code in away.split(",")}
    comes = {
        int(code): int(ms.replace("_", "")) for code, ms in re.findall(r"(\d+): ([\d_]+)", comings)
    }
    for each in close_codes.ALL:
        if each is close_codes.GOING_AWAY:
            assert each.number not in stays | comes.keys()
        elif "come back" not in each.advice:
            assert each.number in stays
        else:
            words = {"at once": 0, "after a second": 1_000, "after ten seconds": 10_000}
            [expected] = [ms for told, ms in words.items() if told in each.advice]
            assert comes[each.number] == expected
    assert stays | comes.keys() | {1012} == {each.number for each in close_codes.ALL}


def test_every_file_the_page_names_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)", PAGE):
        assert (ROOT / "docs" / target).resolve().exists(), target
