"""A feed of the TypeScript client brings every event once and in order, and comes back."""

import re
import time
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.clients.conftest import RunClient
from tests.clients.typescript import PACKAGE
from tests.conftest import Server, SignUp, StartServer, running
from tests.node import Script
from tests.people import Rider
from tests.processes import free_ports
from tests.profiles.fellow_riders import share_a_ride
from tests.realtime.conftest import Tell, TimePasses
from tests.realtime.devices import on_line
from tests.waiting import until
from tripsync.http.tokens import AccessTokens
from tripsync.realtime import close_codes, gateway
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.socket import Socket
from tripsync.settings import Settings

# Tells each message, and in the end why there are no more.
FOLLOW = """
const feed = tripsync.follow({
  ...given.options,
  onStatus: status => { if (given.tellStatus) tell("status", {status}); },
});
try {
  for await (const message of feed) {
    tell("heard", {message});
    if (given.stopAt === message.seq) feed.close();
  }
  tell("end", {seq: feed.seq});
} catch ({name, code}) {
  tell("failed", {name, code});
}
"""


async def hears(client: Script) -> Any:
    return (await client.tells("heard"))["message"]


async def hears_events(client: Script, number: int) -> list[int]:
    return [(await hears(client))["seq"] for _ in range(number)]


def devices_of(server: Server, rider: Rider) -> list[Socket]:
    return list(server.app.ctx.resources[Gateway].connections.devices_of(rider.id))


async def socket_of(server: Server, rider: Rider) -> Socket:
    """The one socket of a rider, as soon as it is there."""
    return await until(lambda: next(iter(devices_of(server, rider)), None))


async def cut(line: Socket) -> None:
    line.connection.abort()
    await until(line.connection.closed.done)


@pytest.mark.slow
async def test_every_event_is_heard_once_and_in_order_though_the_line_is_cut(
    server: Server, run_client: RunClient, sign_up: SignUp, tell: Tell, time_passes: TimePasses
) -> None:
    rider = await sign_up()
    await tell(rider, 3)
    await time_passes(rider)
    async with run_client(FOLLOW, server.url, rider) as client:
        assert await hears(client) == {"type": "ready", "seq": 3}
        await tell(rider, 20)
        assert await hears_events(client, 20) == list(range(4, 24))
        for cuts in range(3):
            line = await socket_of(server, rider)
            await tell(rider, 10)
            await cut(line)
            await tell(rider, 10)
            first, numbers = 24 + cuts * 20, []
            while len(numbers) < 20:
                message = await hears(client)
                if message["type"] != "resumed":
                    numbers.append(message["seq"])
            assert numbers == list(range(first, first + 20))


async def test_what_comes_twice_is_heard_once(
    server: Server, run_client: RunClient, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    async with run_client(FOLLOW, server.url, rider) as client:
        assert (await hears(client))["type"] == "ready"
        await tell(rider, 5)
        assert await hears_events(client, 5) == [1, 2, 3, 4, 5]
        socket = await socket_of(server, rider)
        socket.cursor = 2
        await tell(rider, 1)
        assert await hears_events(client, 1) == [6]
        assert socket.cursor == 6


async def test_it_goes_on_where_it_was_when_the_app_was_closed(
    server: Server, run_client: RunClient, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, 4)
    async with run_client(FOLLOW, server.url, rider, options={"after": 1}, stopAt=4) as client:
        assert await hears_events(client, 3) == [2, 3, 4]
        assert await client.tells("end") == {"seq": 4}
        assert await client.ends() == 0
    await until(lambda: not devices_of(server, rider))


async def test_it_says_when_everything_is_to_be_loaded_anew(
    server: Server, run_client: RunClient, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    await tell(rider, 4)
    async with run_client(FOLLOW, server.url, rider, options={"after": 1000}) as client:
        assert await hears(client) == {"type": "reload_required", "seq": 4}
        await tell(rider, 1)
        assert await hears_events(client, 1) == [5]


@pytest.mark.slow
async def test_the_token_is_renewed_in_place(
    server: Server,
    run_client: RunClient,
    sign_up: SignUp,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rider = await sign_up()
    monkeypatch.setattr(server.app.ctx.resources[AccessTokens], "lifetime", 3)
    await rider.sign_in()
    script = "await session.accept({...tokens, expires_in: 2});" + FOLLOW
    async with run_client(script, server.url, rider) as client:
        assert (await hears(client))["type"] == "ready"
        socket = await socket_of(server, rider)
        assert socket.rider
        first = socket.rider.expires_at
        # By then nobody is left who has not renewed.
        await until(lambda: time.time() > first + 1)
        assert devices_of(server, rider) == [socket]
        await tell(rider, 1)
        assert await hears_events(client, 1) == [1]


@pytest.mark.slow
async def test_it_comes_back_when_the_server_says(
    settings: Settings,
    run_client: RunClient,
    sign_up: SignUp,
    tell: Tell,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rider = await sign_up()
    monkeypatch.setattr(gateway, "SOONEST_RETURN_MS", 300)
    monkeypatch.setattr(gateway, "RETURN_SPREAD_MS", 200)
    few = msgspec.structs.replace(
        settings, port=free_ports(1), database_pool_min=1, database_pool_max=5
    )
    async with running(few) as before:
        client_of = run_client(FOLLOW, before.url, rider, tellStatus=True)
        client = await client_of.__aenter__()
        for status in ("connecting", "open"):
            assert await client.tells("status") == {"status": status}
        assert (await hears(client))["type"] == "ready"
        await tell(rider, 2)
        assert await hears_events(client, 2) == [1, 2]
        line = await socket_of(before, rider)
    assert line.connection.close_code == 1012
    assert await client.tells("status") == {"status": "waiting"}
    await tell(rider, 2)
    async with running(few) as after:
        while (await client.tells("status"))["status"] != "open":
            pass
        assert await hears_events(client, 2) == [3, 4]
        assert await socket_of(after, rider) is not line
        await client_of.__aexit__(None, None, None)


async def test_it_gets_a_new_token_when_the_old_one_is_refused(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = 'await session.accept({...tokens, access_token: "not.a.token"});' + FOLLOW
    async with run_client(script, server.url, await sign_up()) as client:
        assert (await hears(client))["type"] == "ready"


async def test_whoever_is_signed_out_elsewhere_hears_no_more(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    rider = await sign_up()
    async with run_client(FOLLOW, server.url, rider) as client:
        assert (await hears(client))["type"] == "ready"
        assert (await rider.call("POST", "/api/auth/logout")).status_code == 204
        assert await client.tells("signed out") == {}
        assert await client.tells("failed") == {"name": "SignedOutError"}
        assert await client.ends() == 0


async def test_it_stays_away_when_it_is_told_so(
    start_server: StartServer, run_client: RunClient, sign_up: SignUp
) -> None:
    rider = await sign_up()
    server = await start_server(sockets_per_rider=1)
    async with run_client(FOLLOW, server.url, rider) as client:
        assert (await hears(client))["type"] == "ready"
        async with on_line(server.url, await rider.on_another_device()) as newer:
            await newer.hear("ready")
            assert await client.tells("failed") == {"name": "SocketClosedError", "code": 4409}
            # Nothing is left for it to wait for.
            assert await client.ends() == 0


async def test_an_event_is_acknowledged_once_the_next_one_is_asked_for(
    server: Server, run_client: RunClient, sign_up: SignUp, tell: Tell, db: asyncpg.Connection
) -> None:
    script = """
    const feed = tripsync.follow();
    while ((await feed.next()).value.seq < 3);
    tell("in hand", {seq: feed.seq});
    await feed.next();
    """
    rider = await sign_up()

    async def acknowledged() -> bool:
        return await db.fetchval(
            "select acknowledged_seq = 3 from sessions where user_id = $1", rider.id
        )

    async with run_client(script, server.url, rider) as client:
        await tell(rider, 3)
        # What is in hand may still go wrong.
        assert await client.tells("in hand") == {"seq": 2}
        await until(acknowledged)


async def test_it_says_what_riders_say(
    server: Server, run_client: RunClient, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    script = """
    const feed = tripsync.follow();
    const frame = {type: "chat_message", receiver_id: given.to, content: "At the gate."};
    tell("said", {early: feed.send(frame)});
    for await (const {type, content, code, about} of feed) {
      if (type === "ready") feed.send(frame);
      else tell(type, type === "error" ? {code, about} : {content});
      if (type === "chat_message") {
        feed.send({type: "position", latitude: 19.1, longitude: 200});
      }
    }
    """
    asha, dev = await sign_up(), await sign_up()
    await share_a_ride(db, asha, dev)
    async with (
        on_line(server.url, dev) as phone,
        run_client(script, server.url, asha, to=dev.id) as client,
    ):
        assert await client.tells("said") == {"early": False}
        assert (await phone.hear("chat_message"))["content"] == "At the gate."
        assert await client.tells("chat_message") == {"content": "At the gate."}
        assert await client.tells("error") == {"code": "invalid", "about": "position"}


async def test_without_a_websocket_of_its_own_it_takes_one(
    server: Server, run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    const {WebSocket} = globalThis;
    delete globalThis.WebSocket;
    try { tripsync.follow(); } catch ({message}) { tell("none", {message}); }
    const other = new TripSync({baseUrl: url + "/", storage, WebSocket});
    for await (const {type} of other.follow()) { tell("heard", {type}); break; }
    """
    async with run_client(script, server.url, await sign_up()) as client:
        assert (
            "give one: new TripSync({ baseUrl, WebSocket })"
            in (await client.tells("none"))["message"]
        )
        assert await client.tells("heard") == {"type": "ready"}
        assert await client.ends() == 0


# No clock of this machine is waited for, and no server: the script's clock goes by hand.
BY_HAND = """
const {mock} = await import("node:test");
mock.timers.enable({apis: ["setTimeout"]});
const settled = () => new Promise(resolve => setImmediate(resolve));
const sockets = [];
class ByHand {
  said = [];
  closed = false;
  constructor() { sockets.push(this); }
  send(text) { this.said.push(JSON.parse(text).type); }
  close() { this.closed = true; }
  open() {
    this.onopen();
    this.hears({type: "authenticated", expires_at: 1});
  }
  hears(message) { this.onmessage({data: JSON.stringify(message)}); }
}
const feed = new TripSync({baseUrl: url, storage, WebSocket: ByHand}).follow();
const passes = async seconds => {
  await settled();
  mock.timers.tick(seconds * 1000);
  await settled();
};
const state = index => {
  const {said, closed} = sockets[index];
  return {said, closed};
};
await settled();
"""


async def test_a_line_on_which_nobody_answers_is_given_up(
    run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    await passes(19);
    tell("opening", state(0));
    await passes(2);
    tell("never opened", state(0));
    await passes(2);
    sockets[1].open();
    sockets[1].hears({type: "ready", seq: 1});
    await passes(31);
    tell("asked", state(1));
    sockets[1].hears({type: "pong"});
    await passes(31);
    tell("asked", state(1));
    await passes(11);
    tell("given up", state(1));
    await passes(1);
    sockets[2].open();
    feed.reconnect();
    await passes(11);
    tell("given up", state(2));
    feed.reconnect();
    await settled();
    feed.close();
    tell("stopped", state(3));
    """
    nowhere = "http://nowhere.invalid"
    async with run_client(BY_HAND + script, nowhere, await sign_up()) as client:
        assert await client.tells("opening") == {"said": [], "closed": False}
        assert await client.tells("never opened") == {"said": [], "closed": True}
        said = ["auth", "ping"]
        assert await client.tells("asked") == {"said": said, "closed": False}
        said.append("ping")
        assert await client.tells("asked") == {"said": said, "closed": False}
        assert await client.tells("given up") == {"said": said, "closed": True}
        assert await client.tells("given up") == {"said": ["auth", "ping"], "closed": True}
        assert await client.tells("stopped") == {"said": [], "closed": True}
        assert await client.ends() == 0


async def test_it_pauses_as_long_as_the_server_says(run_client: RunClient, sign_up: SignUp) -> None:
    script = """
    sockets[0].open();
    sockets[0].hears({type: "going_away", retry_after_ms: 5000});
    sockets[0].onclose({code: 1012});
    await passes(4.9);
    tell("waits", {sockets: sockets.length});
    await passes(0.2);
    tell("comes back", {sockets: sockets.length});
    feed.close();
    """
    nowhere = "http://nowhere.invalid"
    async with run_client(BY_HAND + script, nowhere, await sign_up()) as client:
        assert await client.tells("waits") == {"sockets": 1}
        assert await client.tells("comes back") == {"sockets": 2}


async def test_pauses_grow_until_the_server_is_heard_again(
    run_client: RunClient, sign_up: SignUp
) -> None:
    script = """
    Math.random = () => 0.9;
    const pause = async () => {
      const before = sockets.length;
      let seconds = 0;
      sockets[before - 1].onclose({code: 1006});
      while (sockets.length === before) {
        await passes(0.1);
        seconds += 0.1;
      }
      return Math.round(seconds * 10) / 10;
    };
    const pauses = [];
    for (let tries = 0; tries < 7; tries += 1) pauses.push(await pause());
    sockets.at(-1).open();
    sockets.at(-1).hears({type: "ready", seq: 1});
    pauses.push(await pause());
    tell("paused", {pauses});
    feed.close();
    """
    nowhere = "http://nowhere.invalid"
    async with run_client(BY_HAND + script, nowhere, await sign_up()) as client:
        told = await client.tells("paused")
        assert told == {"pauses": [0.9, 1.8, 3.6, 7.2, 14.4, 27.0, 27.0, 0.9]}


async def test_it_does_with_every_close_code_what_the_server_advises(run_client: RunClient) -> None:
    script = """
    const {pauseAfter} = await import(given.reconnection);
    const pause = (...how) => { try { return pauseAfter(...how); } catch { return null; } };
    for (const code of given.codes) {
      tell("pause", {first: pause(code, 0, 1830), then: pause(code, 5, 1830)});
    }
    """
    reconnection = (PACKAGE / "dist" / "reconnection.js").as_uri()
    codes = [each.number for each in close_codes.ALL]
    async with run_client(
        script, "http://nowhere.invalid", reconnection=reconnection, codes=codes
    ) as client:
        for each in close_codes.ALL:
            pause = await client.tells("pause")
            if each is close_codes.GOING_AWAY:
                assert pause == {"first": 1830, "then": 1830}
            elif "come back" not in each.advice or "stay away" in each.advice:
                assert pause == {"first": None, "then": None}, each
            else:
                words = {"at once": 0, "after a second": 1_000, "after ten seconds": 10_000}
                [expected] = [ms for told, ms in words.items() if told in each.advice]
                assert expected <= pause["first"] <= expected * 1.2, each
                assert pause["then"] > expected, each


def test_every_close_code_is_dealt_with_by_name() -> None:
    pauses = (PACKAGE / "src" / "reconnection.ts").read_text()
    named = {int(code) for code in re.findall(r"^  (\d+): ", pauses, re.MULTILINE)}
    assert named == {each.number for each in close_codes.ALL}
