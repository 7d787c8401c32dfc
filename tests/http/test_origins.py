from types import SimpleNamespace
from typing import cast

import pytest
from sanic import Request

from tests.conftest import Caller, StartServer
from tripsync.http.origins import (
    by_first_trusted,
    is_own_origin,
    is_same_address,
    may_open_sockets,
)
from tripsync.settings import Settings

PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type",
}


@pytest.mark.parametrize("origin", ["http://localhost:5173", "http://localhost:3000"])
@pytest.mark.parametrize("path", ["/api/auth/login", "/api/auth/sessions/1", "/not/there"])
def test_preflight_names_what_is_allowed(call: Caller, origin: str, path: str) -> None:
    answer = call("OPTIONS", path, headers={"Origin": origin, **PREFLIGHT})
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == origin
    assert answer.headers["access-control-allow-credentials"] == "true"
    allowed = answer.headers["access-control-allow-headers"]
    assert "Authorization" in allowed
    assert "Content-Type" in allowed
    assert "*" not in allowed
    assert "DELETE" in answer.headers["access-control-allow-methods"]


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:5173.evil.example", "https://localhost:5173", "null"],
)
def test_other_origins_get_nothing(call: Caller, origin: str) -> None:
    preflight = call("OPTIONS", "/api/auth/login", headers={"Origin": origin, **PREFLIGHT})
    answer = call("GET", "/api/health/ping", headers={"Origin": origin})
    for each in (preflight, answer):
        assert not [name for name in each.headers if name.startswith("access-control-")]


def test_errors_can_be_read_by_the_page_too(call: Caller) -> None:
    answer = call("GET", "/api/auth/sessions", headers={"Origin": "http://localhost:5173"})
    assert answer.status_code == 401
    assert answer.headers["access-control-allow-origin"] == "http://localhost:5173"
    assert "X-Request-ID" in answer.headers["access-control-expose-headers"]


def test_what_is_no_preflight_is_answered_like_anything(call: Caller) -> None:
    asked = call("GET", "/api/health/ping", headers=PREFLIGHT)
    assert (asked.status_code, asked.json) == (200, call("GET", "/api/health/ping").json)
    assert "GET" in call("OPTIONS", "/api/health/ping").headers["allow"]


def test_caches_keep_origins_apart(call: Caller) -> None:
    assert "Origin" in call("GET", "/api/health/ping").headers["vary"]


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://10.0.2.2:8000", "10.0.2.2:8000"),
        ("http://rides.example.edu", "rides.example.edu"),
        ("https://rides.example.edu", "rides.example.edu"),
        ("https://rides.example.edu:443", "rides.example.edu"),
        ("http://rides.example.edu", "rides.example.edu:80"),
        ("wss://rides.example.edu", "rides.example.edu:443"),
        ("ws://rides.example.edu", "rides.example.edu:80"),
        ("ws://rides.example.edu:8000", "rides.example.edu:8000"),
        ("HTTPS://Rides.Example.EDU", "rides.example.edu"),
        ("http://rides.example.edu:8000", "RIDES.example.edu:8000"),
        ("http://[::1]:8000", "[::1]:8000"),
        ("https://[2001:DB8::1]", "[2001:db8::1]"),
        ("http://my_laptop:8000", "my_laptop:8000"),
    ],
)
def test_an_origin_with_the_host_and_port_of_the_request_is_the_servers_own(
    origin: str, host: str
) -> None:
    assert is_same_address(origin, host)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("null", "null"),
        ("", ""),
        ("http://", ""),
        ("http://evil.example", "rides.example.edu"),
        ("http://rides.example.edu.evil.example", "rides.example.edu"),
        ("http://evil.example:8000", "rides.example.edu:8000"),
        ("http://rides.example.edu:8001", "rides.example.edu:8000"),
        ("http://rides.example.edu:8000", "rides.example.edu"),
        ("http://rides.example.edu", "rides.example.edu:443"),
        ("http://[::1]:8000", "[::2]:8000"),
        ("http://::1:8000", "::1:8000"),
        ("http://rides.example.edu@evil.example", "rides.example.edu"),
        ("http://rides.example.edu/", "rides.example.edu"),
        ("http://rides.example.edu:", "rides.example.edu:"),
        ("http://rides.example.edu:8e3", "rides.example.edu:8e3"),
        ("http://rides.example.edu\n", "rides.example.edu\n"),
        ("http://ri\u017fe.example.edu", "rise.example.edu"),
        ("file://rides.example.edu", "rides.example.edu"),
        ("rides.example.edu", "rides.example.edu"),
        ("http://rides.example.edu http://evil.example", "rides.example.edu"),
    ],
)
def test_any_other_origin_is_not(origin: str, host: str) -> None:
    assert not is_same_address(origin, host)


@pytest.mark.parametrize(
    ("origin", "scheme", "port", "is_same"),
    [
        ("https://rides.example.edu", "https", 0, True),
        ("https://rides.example.edu", "WSS", 0, True),
        ("http://rides.example.edu", "https", 0, False),
        ("https://rides.example.edu", "http", 0, False),
        ("https://rides.example.edu:8443", "https", 8443, True),
        ("https://rides.example.edu", "https", 8443, False),
        ("http://rides.example.edu", "gopher", 0, True),
    ],
)
def test_the_scheme_and_port_that_a_proxy_tells_fill_in_the_port(
    origin: str, scheme: str, port: int, is_same: bool
) -> None:
    assert is_same_address(origin, "rides.example.edu", scheme, port) == is_same


@pytest.mark.parametrize(
    ("tls", "told", "origin", "is_own"),
    [
        (False, {}, "http://rides.example.edu", True),
        (True, {}, "https://rides.example.edu", True),
        (True, {}, "http://rides.example.edu", False),
        (True, {"proto": "http"}, "http://rides.example.edu", True),
        (False, {"proto": "https"}, "http://rides.example.edu", False),
    ],
)
def test_a_server_that_speaks_tls_itself_is_at_https_unless_a_proxy_tells_otherwise(
    tls: bool, told: dict[str, str], origin: str, is_own: bool
) -> None:
    request = SimpleNamespace(
        app=SimpleNamespace(ctx=SimpleNamespace(resources={Settings: Settings(proxies=1)})),
        conn_info=SimpleNamespace(ssl=tls),
        forwarded=told,
        headers={"host": "rides.example.edu"},
    )
    assert is_own_origin(cast("Request", request), origin) == is_own


def test_of_a_list_the_value_of_the_outermost_trusted_proxy_counts() -> None:
    assert by_first_trusted("invented, seen by the proxy", 1) == "seen by the proxy"
    assert by_first_trusted("invented, outer, inner", 2) == "outer"
    assert by_first_trusted("outer", 2) == "outer"
    assert by_first_trusted("", 1) == ""


def refusals(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [each for each in caplog.messages if "BACKEND_CORS_ORIGINS" in each]


async def test_the_log_names_an_origin_that_is_refused_once(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server()
    async with server.client() as client:
        for _ in range(3):
            await client.get("/api/health/ping", headers={"Origin": "https://evil.example"})
            await client.options(
                "/api/auth/login", headers={"Origin": "https://evil.example", **PREFLIGHT}
            )
        for origin in (server.url, "http://localhost:5173"):
            await client.get("/api/health/ping", headers={"Origin": origin})
    [refusal] = refusals(caplog)
    assert "'https://evil.example'" in refusal


async def test_an_invented_origin_fills_neither_the_log_nor_forges_a_line_in_it(
    start_server: StartServer, caplog: pytest.LogCaptureFixture
) -> None:
    server = await start_server()
    async with server.client() as client:
        odd = "http://\x1b[31m\xfc" + "x" * 5000
        await client.get("/api/health/ping", headers={"Origin": odd.encode()})
        [refusal] = refusals(caplog)
        assert refusal.isascii()
        assert refusal.isprintable()
        # A hundred characters of it.
        assert "x" * 87 in refusal
        assert "x" * 88 not in refusal
        for number in range(120):
            await client.get("/api/health/ping", headers={"Origin": f"http://{number}.example"})
    # One more says that there are others.
    assert len(refusals(caplog)) == 100 + 1


@pytest.mark.parametrize(
    ("origin", "may"),
    [
        (None, True),
        ("http://localhost:5173", True),
        ("http://rides.example.edu", True),
        ("http://evil.example", False),
    ],
)
def test_sockets_are_opened_by_apps_by_pages_of_the_list_and_by_our_own(
    origin: str | None, may: bool
) -> None:
    headers = {"host": "rides.example.edu", **({"origin": origin} if origin else {})}
    request = SimpleNamespace(
        app=SimpleNamespace(ctx=SimpleNamespace(resources={Settings: Settings()})),
        conn_info=None,
        forwarded={},
        headers=headers,
    )
    assert may_open_sockets(cast("Request", request)) is may
