import io
import json
import logging
from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import Server, StartServer
from tests.http.wire import wire
from tests.people import PASSWORD, Campus
from tripsync.logs import JsonLines, ReadableLines


@pytest.fixture(params=[JsonLines, ReadableLines])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """Everything that is logged, as it would be printed."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request.param())
    # Everything the server's side says; the test's own HTTP client talks of what it sends.
    loggers = [logging.getLogger(name) for name in ("tripsync", "sanic", "asyncio", "limits")]
    before = [each.level for each in loggers]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.DEBUG)
    yield stream
    for each, level in zip(loggers, before, strict=True):
        each.removeHandler(handler)
        each.setLevel(level)


async def test_a_sane_request_id_is_kept(client: httpx.AsyncClient) -> None:
    answer = await client.get("/api/health/ping", headers={"X-Request-ID": "trace-17.a_b"})
    assert answer.headers["x-request-id"] == "trace-17.a_b"


@pytest.mark.parametrize("offered", ["", "a b", "x" * 65, "<script>", "a;b", "ü".encode()])
async def test_any_other_is_replaced(client: httpx.AsyncClient, offered: str | bytes) -> None:
    answer = await client.get("/api/health/ping", headers={"X-Request-ID": offered})
    assert len(answer.headers["x-request-id"]) == 32


async def test_every_answer_is_safe_to_show(client: httpx.AsyncClient) -> None:
    for path in ("/api/health/ping", "/nowhere"):
        headers = (await client.get(path)).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cache-control"] == "no-store"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "strict-transport-security" not in headers
        assert "alt-svc" not in headers
        assert "server" not in headers


async def test_production_insists_on_tls(start_server: StartServer) -> None:
    production: Server = await start_server(environment="production")
    async with production.client() as client:
        answer = await client.get("/api/health/ping")
    assert "strict-transport-security" in answer.headers


async def test_no_secret_reaches_the_log(campus: Campus, log: io.StringIO) -> None:
    rider = await campus.sign_up()
    await rider.call("GET", f"/api/auth/sessions?token={rider.access_token}&secret=hush")
    await rider.client.post("/api/auth/refresh", json={"refresh_token": rider.refresh_token})
    await rider.client.post("/api/auth/login", json={"email": rider.email, "password": "wrong one"})
    await rider.client.get("/api/nowhere?password=hush")
    code = await campus.mailed_code(rider.email, "Confirm your address")
    written = log.getvalue()
    assert "/api/auth/sessions" in written
    for secret in (rider.access_token, rider.refresh_token, PASSWORD, "wrong one", "hush", code):
        assert secret not in written


@pytest.mark.parametrize(
    "path",
    [
        "/api/ws/pool%3Ftoken=hush",
        "/api/ws/pool%3ftoken%3Dhush",
        "/api/ws/pool%253FTOKEN%253Dhush",
        "/api/ws/pool;access_token=hush",
        "/api/ws/pool/eyJhbGciOiJIUzI1NiJ9.hush.hush",
        "/nowhere/password=hush",
    ],
)
async def test_what_looks_like_a_token_is_cut_off(
    server: Server, log: io.StringIO, path: str
) -> None:
    async with wire(server) as line:
        await line.say(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert (await line.answer())[0] == 404
    assert "<secret>" in log.getvalue()
    assert "hush" not in log.getvalue()


@pytest.mark.parametrize("sent", [b"GET /a\x1b[2J\x07\r HTTP/1.1", b"G\x1b[2JT /a HTTP/1.1"])
async def test_control_bytes_do_not_reach_the_log(
    server: Server, log: io.StringIO, sent: bytes
) -> None:
    async with wire(server) as line:
        await line.say(sent + b"\r\nHost: x\r\n\r\n")
        assert (await line.answer())[0] == 400
    assert log.getvalue().count("\n") == 1
    assert log.getvalue().strip().isprintable()


async def test_a_long_path_is_shown_in_part(server: Server, log: io.StringIO) -> None:
    async with wire(server) as line:
        await line.say(b"GET /" + b"a" * 4_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await line.answer())[0] == 404
    assert "/aaaa" in log.getvalue()
    assert len(log.getvalue()) < 1_000


async def test_a_json_line_says_who_what_and_how_long(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "tripsync.access")
    await client.get("/api/health/live", headers={"X-Request-ID": "line-1"})
    record = next(each for each in caplog.records if each.name == "tripsync.access")
    line = json.loads(JsonLines().format(record))
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/health/live", 200)
    assert line["milliseconds"] >= 0
