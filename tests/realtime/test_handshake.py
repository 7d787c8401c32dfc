"""A socket opens only for a valid token and an allowed origin; the refusal is a real answer."""

import asyncio
import base64
import logging
from typing import Any

import msgspec
import pytest
from websockets.exceptions import InvalidStatus

from tests.conftest import Server, SignUp, StartServer
from tests.people import Rider
from tests.realtime.conftest import Tell
from tests.realtime.devices import on_line
from tests.waiting import PATIENCE
from tripsync.database import Database
from tripsync.realtime import keepalive

ADDRESSES = ["/api/ws/pool", "/api/ws/chat", "/api/pool/ws/{id}", "/ws/pool/{id}"]


async def refused(url: str, rider: Rider | None = None, **how: Any) -> dict[str, Any]:
    """The problem with which a handshake is answered."""
    with pytest.raises(InvalidStatus) as refusal:
        async with on_line(url, rider, **how):
            pass
    response = refusal.value.response
    assert response.headers["Content-Type"] == "application/problem+json"
    problem: dict[str, Any] = msgspec.json.decode(response.body)
    assert problem["status"] == response.status_code
    return problem


def bearer(rider: Rider) -> dict[str, Any]:
    return {"token": None, "additional_headers": rider.headers}


@pytest.mark.parametrize("address", ADDRESSES)
async def test_the_app_opens_a_socket_with_its_token_as_a_subprotocol(
    server: Server, sign_up: SignUp, tell: Tell, address: str
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider, path=address.format(id=rider.id)) as device:
        assert device.socket.subprotocol == "token"
        assert await device.hear() == {"type": "ready", "seq": 0}
        await tell(rider)
        assert await device.hear() == {"type": "x_test", "seq": 1, "n": 0}


async def test_a_native_client_names_itself_in_a_header(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with on_line(server.url, **bearer(rider)) as device:
        assert device.socket.subprotocol is None
        assert (await device.hear())["type"] == "ready"


async def test_the_chat_socket_of_the_app_has_its_token_in_the_address_and_in_no_log(
    server: Server, sign_up: SignUp, caplog: pytest.LogCaptureFixture
) -> None:
    rider = await sign_up()
    caplog.set_level(logging.DEBUG)
    path = f"/api/ws/chat?token={rider.access_token}"
    async with on_line(server.url, path=path) as device:
        assert (await device.hear())["type"] == "ready"
    await refused(server.url, path=f"{path}x")
    ours = [each for each in caplog.records if not each.name.startswith("websockets.client")]
    assert ours
    for record in ours:
        assert rider.access_token not in record.getMessage()


async def test_a_device_may_say_who_it_is_in_its_first_message(
    server: Server, sign_up: SignUp, tell: Tell
) -> None:
    rider = await sign_up()
    async with on_line(server.url) as device:
        await device.say("auth", token=rider.access_token)
        assert (await device.hear())["type"] == "authenticated"
        assert (await device.hear())["type"] == "ready"
        await tell(rider)
        assert (await device.hear())["seq"] == 1


async def test_a_device_that_says_anything_else_first_is_sent_away(server: Server) -> None:
    async with on_line(server.url) as device:
        await device.say("ping")
        assert (await device.hear())["code"] == "not_authenticated"
        assert await device.closed() == 4401


async def test_a_device_that_never_says_who_it_is_is_sent_away(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert keepalive.SAYS_NAME_WITHIN == 10
    monkeypatch.setattr(keepalive, "SAYS_NAME_WITHIN", 0.1)
    async with on_line(server.url) as device:
        assert await device.closed() == 4401


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("token", ["nonsense", "a.b.c"])
async def test_a_bad_token_is_a_401_that_the_app_understands(
    server: Server, sign_up: SignUp, address: str, token: str
) -> None:
    rider = await sign_up()
    problem = await refused(server.url, path=address.format(id=rider.id), token=token)
    assert problem["status"] == 401
    assert problem["detail"] == "Could not validate credentials"


async def test_a_session_that_ended_opens_nothing(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    assert (await rider.call("POST", "/api/auth/logout")).status_code == 204
    for how in ({"rider": rider}, bearer(rider)):
        assert (await refused(server.url, **how))["status"] == 401


async def test_a_header_that_is_no_bearer_token_is_a_401(server: Server) -> None:
    basic = {"Authorization": "Basic " + base64.b64encode(b"asha:secret").decode()}
    assert (await refused(server.url, additional_headers=basic))["status"] == 401


@pytest.mark.parametrize("address", ["/api/pool/ws/{id}", "/ws/pool/{id}"])
async def test_the_socket_of_another_rider_is_a_403(
    server: Server, sign_up: SignUp, address: str
) -> None:
    rider, other = await sign_up(), await sign_up()
    problem = await refused(server.url, rider, path=address.format(id=other.id))
    assert (problem["status"], problem["code"]) == (403, "not_your_socket")
    async with on_line(server.url, path=address.format(id=other.id)) as device:
        await device.say("auth", token=rider.access_token)
        assert (await device.hear())["code"] == "not_your_socket"
        assert await device.closed() == 4403


async def test_a_page_of_a_foreign_origin_is_a_403_and_one_of_ours_is_let_in(
    server: Server, sign_up: SignUp
) -> None:
    rider = await sign_up()
    problem = await refused(server.url, rider, origin="https://evil.example")
    assert (problem["status"], problem["code"]) == (403, "origin_not_allowed")
    assert (await refused(server.url, rider, origin="null"))["status"] == 403
    async with on_line(server.url, rider, origin="http://localhost:5173") as device:
        assert (await device.hear())["type"] == "ready"


HOST = "rides.example.edu"


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        (f"http://{HOST}", HOST),
        (f"https://{HOST}", HOST),
        (f"ws://{HOST}:8000", f"{HOST}:8000"),
        (f"http://{HOST.upper()}:8000", f"{HOST}:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
    ],
)
async def test_a_native_app_that_sends_the_servers_own_address_as_its_origin_is_let_in(
    server: Server, sign_up: SignUp, origin: str, host: str
) -> None:
    rider = await sign_up()
    async with on_line(server.url, rider, origin=server.url) as device:
        await device.hear("ready")
    async with named(server, host, rider, origin=origin) as device:
        await device.hear("ready")


async def test_an_origin_of_another_host_or_port_than_the_request_is_a_403_and_logged(
    start_server: StartServer, sign_up: SignUp, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server()
    rider = await sign_up()
    for origin in (f"http://{HOST}:8001", f"http://{HOST}.evil.example:8000", "http://evil:8000"):
        with pytest.raises(InvalidStatus) as refusal:
            async with named(server, f"{HOST}:8000", rider, origin=origin):
                pass
        assert refusal.value.response.status_code == 403
        assert f"'{origin}'" in "".join(caplog.messages)


async def test_behind_a_trusted_proxy_its_word_for_the_address_counts(
    start_server: StartServer, sign_up: SignUp
) -> None:
    server = await start_server(proxies=1)
    rider = await sign_up()
    forwarded = {
        "X-Forwarded-For": "203.0.113.5",
        "X-Forwarded-Host": HOST,
        "X-Forwarded-Proto": "https",
    }
    async with on_line(
        server.url, rider, origin=f"https://{HOST}", additional_headers=forwarded
    ) as device:
        await device.hear("ready")
    for origin in (f"http://{HOST}", server.url, "https://evil.example"):
        problem = await refused(server.url, rider, origin=origin, additional_headers=forwarded)
        assert problem["code"] == "origin_not_allowed"
    # A proxy that passes the Host on.
    del forwarded["X-Forwarded-Host"]
    async with named(
        server, HOST, rider, origin=f"https://{HOST}", additional_headers=forwarded
    ) as device:
        await device.hear("ready")


async def test_without_a_trusted_proxy_nobodys_word_for_the_address_counts(
    server: Server, sign_up: SignUp
) -> None:
    rider = await sign_up()
    forwarded = {"X-Forwarded-For": "203.0.113.5", "X-Forwarded-Host": "evil.example"}
    problem = await refused(
        server.url, rider, origin="http://evil.example", additional_headers=forwarded
    )
    assert problem["code"] == "origin_not_allowed"


def named(server: Server, host: str, rider: Rider, **how: Any) -> Any:
    """A device that knows the server by another name."""
    return on_line(f"http://{host}", rider, host="127.0.0.1", port=server.port, **how)


async def test_a_client_that_offers_other_protocols_only_gets_none_of_them(
    server: Server, sign_up: SignUp
) -> None:
    rider = await sign_up()
    async with on_line(server.url, **bearer(rider), subprotocols=["mqtt"]) as device:
        assert device.socket.subprotocol is None


async def test_a_plain_request_is_told_to_open_a_socket(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    answer = await rider.call("GET", "/api/ws/pool")
    assert (answer.status_code, answer.json()["code"]) == (426, "upgrade_required")


async def test_a_broken_handshake_is_a_400(server: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    answer = await rider.call("GET", "/api/ws/pool", headers=upgrade)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("query", ["after=x", "after=-1", "after=9223372036854775808", "until=3"])
async def test_an_address_that_cannot_be_is_a_422(
    server: Server, sign_up: SignUp, query: str
) -> None:
    rider = await sign_up()
    assert (await refused(server.url, rider, path=f"/api/ws/pool?{query}"))["status"] == 422


async def test_a_full_worker_says_503_and_when_to_come_back(
    start_server: StartServer, sign_up: SignUp
) -> None:
    server = await start_server(sockets_per_worker=2)
    rider = await sign_up()
    async with on_line(server.url, rider), on_line(server.url):
        assert (await refused(server.url, rider))["code"] == "unavailable"


async def test_a_stopping_server_takes_no_new_sockets(
    start_server: StartServer, sign_up: SignUp
) -> None:
    server = await start_server()
    rider = await sign_up()
    server.app.ctx.resources.draining = True
    assert (await refused(server.url, rider))["status"] == 503


async def test_the_oldest_of_too_many_devices_goes(
    start_server: StartServer, sign_up: SignUp
) -> None:
    server = await start_server(sockets_per_rider=2)
    rider, other = await sign_up(), await sign_up()
    async with (
        on_line(server.url, other) as bystander,
        on_line(server.url, rider) as first,
        on_line(server.url, rider) as second,
    ):
        await second.hear("ready")
        async with on_line(server.url, rider) as third:
            assert await first.closed() == 4409
            for device in (second, third, bystander):
                await device.say("ping")
                await device.hear("pong")


async def test_without_a_database_a_socket_is_told_to_come_back(
    start_server: StartServer, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = await start_server()
    rider = await sign_up()
    monkeypatch.setattr("tripsync.database.connection.WAIT_FOR_CONNECTION", 0.1)
    connections = server.app.ctx.resources[Database].pool
    async with asyncio.timeout(PATIENCE):
        held = [await connections.acquire() for _ in range(5)]
        try:
            async with on_line(server.url, rider) as device:
                assert (await device.hear())["code"] == "unavailable"
                assert await device.closed() == 1013
        finally:
            for connection in held:
                await connections.release(connection)
