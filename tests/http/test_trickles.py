"""A request arrives in time, however its bytes are spread, or its connection is closed."""

import json

import pytest

from tests.conftest import Server, SignUp, StartServer
from tests.http.wire import PING, wire
from tests.people import Rider
from tripsync.http.protocol import connection

LOGIN = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\n"
SOCKET = (
    b"GET /api/ws/pool HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)

TRICKLES = {
    "head": (b"GET /api/health/ping HTTP/1.1\r\nHost: x\r\nX: ", b"y"),
    "handshake": (SOCKET + b"X: ", b"y"),
    "body": (LOGIN + b"Content-Length: 99999\r\n\r\n", b"{"),
    "body in chunks": (LOGIN + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n{\r\n"),
    "body of what says it is a handshake": (
        LOGIN + b"Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 99999\r\n\r\n",
        b"{",
    ),
    "body that was expected": (
        LOGIN + b"Expect: 100-continue\r\nContent-Length: 99999\r\n\r\n",
        b"{",
    ),
}


@pytest.fixture
async def hasty(start_server: StartServer) -> Server:
    """A server that waits a second for a request."""
    return await start_server(request_timeout_seconds=1)


@pytest.mark.parametrize(("beginning", "piece"), TRICKLES.values(), ids=TRICKLES)
async def test_a_trickle_comes_to_its_end(hasty: Server, beginning: bytes, piece: bytes) -> None:
    async with wire(hasty) as line:
        await line.say(beginning)
        said = await line.trickle(piece)
    assert b" 408 Request Timeout" in said
    assert b'"code":"request_timeout"' in said


async def test_who_trickles_on_after_an_answer_is_cut_off(hasty: Server) -> None:
    """The body of a request that was refused at once is read on, so that the answer arrives."""
    async with wire(hasty) as line:
        await line.say(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n")
        assert (await line.answer())[0] in (404, 408)
        assert await line.trickle(b"{") == b""


async def test_an_upload_that_trickles_comes_to_its_end(hasty: Server, sign_up: SignUp) -> None:
    rider = await sign_up()
    async with wire(hasty) as line:
        await line.say(upload_head(rider, 99_999))
        assert b" 408 Request Timeout" in await line.trickle(b"x")


async def test_an_upload_may_take_longer_as_long_as_it_goes_on(
    hasty: Server, sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the least rate of this test each piece is worth a second; forty come in two."""
    monkeypatch.setattr(connection, "LEAST_UPLOAD_RATE", 1_000)
    rider = await sign_up()
    form = (
        b'--line\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n'
        + b"x" * 40_000
        + b"\r\n--line--\r\n"
    )
    async with wire(hasty) as line:
        await line.say(upload_head(rider, len(form)))
        await line.pour(form, 1_000)
        status, _, body = await line.answer()
    assert (status, json.loads(body)["code"]) != (408, "request_timeout")
    assert status in (415, 422)


async def test_a_line_on_which_nothing_is_said_is_closed(
    hasty: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(hasty.app.config, "KEEP_ALIVE_TIMEOUT", 1)
    async with wire(hasty) as line:
        assert await line.rest() == b""
    async with wire(hasty) as line:
        await line.say(PING)
        assert (await line.answer())[0] == 200
        assert await line.rest() == b""


def upload_head(rider: Rider, length: int) -> bytes:
    return (
        b"POST /api/profile/me/resume HTTP/1.1\r\nHost: x\r\n"
        b"Content-Type: multipart/form-data; boundary=line\r\n"
        + f"Authorization: Bearer {rider.access_token}\r\n".encode()
        + f"Content-Length: {length}\r\n\r\n".encode()
    )
