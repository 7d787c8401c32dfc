"""Whatever goes wrong, the answer is a problem document and nothing else gets out."""

import json

import asyncpg
import pytest

from tests.conftest import Answer, Caller, Server, StartServer
from tests.http.wire import Said, wire
from tripsync.http.error_handler import as_problem
from tripsync.http.hashing import Hasher

MEMBERS = {"type", "title", "status", "detail", "code", "errors", "request_id"}


def assert_problem(answer: Answer, status: int, code: str) -> None:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert set(problem) == MEMBERS
    assert (problem["status"], problem["code"]) == (status, code)
    assert problem["detail"]
    assert problem["request_id"] == answer.headers["x-request-id"]


async def say(server: Server, sent: bytes) -> Said:
    """Send raw bytes; the answer's status, headers and body."""
    async with wire(server) as line:
        await line.say(sent)
        return await line.answer()


def test_unknown_address(call: Caller) -> None:
    assert_problem(call("GET", "/api/no/such/thing"), 404, "not_found")


def test_wrong_method_names_the_right_ones(call: Caller) -> None:
    answer = call("DELETE", "/api/health/ping")
    assert_problem(answer, 405, "method_not_allowed")
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"{nope}", b'{"email": "a@b.edu"', b"\xff\xfe", b"nul"]
)
def test_broken_json(call: Caller, body: bytes) -> None:
    answer = call(
        "POST", "/api/auth/register", content=body, headers={"content-type": "application/json"}
    )
    assert_problem(answer, 400, "malformed_json")


def test_bottomless_json(call: Caller) -> None:
    body = b'{"email":' + b"[" * 100_000
    answer = call(
        "POST", "/api/auth/register", content=body, headers={"content-type": "application/json"}
    )
    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"17", b"null"])
def test_json_that_is_no_object(call: Caller, body: bytes) -> None:
    answer = call(
        "POST", "/api/auth/register", content=body, headers={"content-type": "application/json"}
    )
    assert_problem(answer, 422, "invalid")


def test_wrong_content_type_says_which_is_right(call: Caller) -> None:
    answer = call(
        "POST", "/api/auth/register", content="<xml/>", headers={"content-type": "text/xml"}
    )
    assert_problem(answer, 415, "unsupported_media_type")
    assert "application/json" in answer.json["detail"]


def test_body_over_the_limit(call: Caller) -> None:
    answer = call("POST", "/api/auth/register", json={"full_name": "x" * 1_100_000})
    assert_problem(answer, 413, "too_large")


def test_every_mistake_is_named_at_once(call: Caller) -> None:
    answer = call(
        "POST",
        "/api/auth/register",
        json={"email": "nobody", "full_name": 7, "passwort": "x", "college_name": "DJSCE"},
    )
    assert_problem(answer, 422, "invalid")
    assert {error["field"] for error in answer.json["errors"]} == {
        "email",
        "full_name",
        "password",
        "passwort",
    }


async def test_garbage_instead_of_http(server: Server) -> None:
    status, headers, body = await say(server, b"\x16\x03\x01 hello\r\n\r\n")
    assert status == 400
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["code"] == "malformed_request"


@pytest.mark.parametrize(
    "line",
    [
        b"GET /api/ws/chat?token=hush\x00 HTTP/1.1",
        b"GET api?token=hush HTTP/1.1",
        b"GET http://[x/?token=hush HTTP/1.1",
    ],
)
async def test_a_line_without_a_url_is_refused_and_kept_out_of_the_log(
    server: Server, line: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    status, headers, body = await say(server, line + b"\r\nHost: x\r\n\r\n")
    assert status == 400
    assert headers["content-type"] == "application/problem+json"
    assert json.loads(body)["code"] == "malformed_request"
    assert "hush" not in caplog.text


async def test_headers_without_end(server: Server) -> None:
    status, _, body = await say(
        server, b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 70_000 + b"\r\n\r\n"
    )
    assert status == 413
    assert json.loads(body)["code"] == "too_large"


async def test_expectation_nobody_can_meet(server: Server) -> None:
    status, _, body = await say(
        server,
        b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\n"
        b"Content-Length: 2\r\n\r\n{}",
    )
    assert status == 417
    assert json.loads(body)["code"] == "expectation_failed"


async def test_request_that_never_ends(start_server: StartServer) -> None:
    server = await start_server(request_timeout_seconds=1)
    status, _, body = await say(
        server, b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\n{"
    )
    assert status == 408
    assert json.loads(body)["code"] == "request_timeout"


@pytest.mark.parametrize(
    ("failure", "status", "code"),
    [
        (asyncpg.UniqueViolationError("users_email_key"), 409, "conflict"),
        (asyncpg.DeadlockDetectedError("process 1 waits"), 409, "conflict"),
        (asyncpg.QueryCanceledError("statement timeout"), 503, "unavailable"),
        (asyncpg.TooManyConnectionsError("too many clients"), 503, "unavailable"),
        (asyncpg.InternalClientError("cannot switch to state 12"), 503, "unavailable"),
        (ConnectionRefusedError("10.0.0.7:5432"), 503, "unavailable"),
        (TimeoutError(), 503, "unavailable"),
        (asyncpg.UndefinedColumnError("column secret_column"), 500, "internal_error"),
        (ZeroDivisionError("division by zero"), 500, "internal_error"),
    ],
)
def test_failures_keep_their_words_to_themselves(
    failure: Exception, status: int, code: str
) -> None:
    problem = as_problem(failure)
    assert (problem.refusal.status, problem.refusal.code) == (status, code)
    assert not str(failure) or str(failure) not in problem.detail


def test_a_bug_is_a_500_without_a_word_of_the_code(
    call: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(call.app.ctx.resources._opened, Hasher, None)
    answer = call("POST", "/api/auth/login", json={"email": "a@b.edu", "password": "x" * 8})
    assert_problem(answer, 500, "internal_error")
    assert "NoneType" not in answer.text
    assert "Traceback" not in answer.text
