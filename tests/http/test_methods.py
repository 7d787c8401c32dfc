"""A path says what it takes: HEAD wherever there is a GET, OPTIONS everywhere, Allow in a 405."""

import re
from dataclasses import dataclass

import pytest
from sanic.constants import HTTP_METHODS
from sanic.signals import SignalRouter

from tests.conftest import Answer, Caller, StartServer
from tests.people import PASSWORD, new_email
from tests.profiles.files import IMAGE, RESUME, pdf, picture

# Of each answer, and of none in particular.
OF_THE_MOMENT = {"x-request-id", "date", "expires"}
# Values of parameters, so that a path can be asked for.
SOME = {"id": "1", "secret": "x" * 43, "path": "nowhere.html"}

Paths = dict[str, set[str]]


@pytest.fixture(scope="module")
def paths(call: Caller) -> Paths:
    """Every path of the server, as a client would ask for it, and the methods of its routes."""
    found: Paths = {}
    for route in call.app.router.routes:
        path = re.sub(r"<\w+:(\w+)>", lambda each: SOME[each[1]], f"/{route.path}")
        found.setdefault(path, set()).update(route.methods)
    return found


@dataclass(frozen=True)
class Owner:
    """A rider who has a picture and a résumé."""

    id: int
    headers: dict[str, str]


@pytest.fixture(scope="module")
def owner(call: Caller) -> Owner:
    account = {"email": new_email(), "password": PASSWORD}
    opening = {**account, "full_name": "Asha Rao", "college_name": "DJSCE"}
    registered = call("POST", "/api/auth/register", json=opening)
    token = call("POST", "/api/auth/login", json=account).json["access_token"]
    owner = Owner(registered.json["id"], {"Authorization": f"Bearer {token}"})
    for path, content in ((IMAGE, picture()), (RESUME, pdf())):
        sent = call("POST", path, headers=owner.headers, files={"file": ("file.bin", content)})
        assert sent.status_code == 200, sent.text
    return owner


def lasting(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name not in OF_THE_MOMENT}


def allowed(answer: Answer) -> set[str]:
    return set(re.split(r", ?", answer.headers["allow"]))


def test_head_is_a_get_without_its_body(call: Caller, paths: Paths, owner: Owner) -> None:
    statuses = set()
    for path in sorted(path for path, methods in paths.items() if "GET" in methods):
        with_body = call("GET", path, headers=owner.headers)
        without = call("HEAD", path, headers=owner.headers)
        assert without.status_code == with_body.status_code, path
        assert lasting(without) == lasting(with_body), path
        assert without.content == b"", path
        if {"transfer-encoding", "content-encoding"}.isdisjoint(with_body.headers):
            assert int(without.headers["content-length"]) == len(with_body.content), path
        statuses.add(with_body.status_code)
    assert {200, 404, 426} <= statuses


def test_head_of_what_is_sent_piece_by_piece_has_its_headers_and_no_length(
    call: Caller, owner: Owner, caplog: pytest.LogCaptureFixture
) -> None:
    with_body = call("GET", "/api/profile/me/export", headers=owner.headers)
    without = call("HEAD", "/api/profile/me/export", headers=owner.headers)
    assert len(with_body.content) > 0
    assert lasting(without) == lasting(with_body)
    assert (without.content, without.headers["transfer-encoding"]) == (b"", "chunked")
    # The server comes to the end of the answer before it takes the next call on this line.
    assert call("GET", "/api/health/ping").status_code == 200
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


def test_head_of_a_file_tells_its_size(call: Caller, owner: Owner) -> None:
    for file in ("image", "resume"):
        path = f"/api/users/{owner.id}/{file}"
        with_body = call("GET", path, headers=owner.headers)
        without = call("HEAD", path, headers=owner.headers)
        assert without.status_code == 200, path
        assert lasting(without) == lasting(with_body)
        assert int(without.headers["content-length"]) == len(with_body.content) > 0
        known = {**owner.headers, "If-None-Match": with_body.headers["etag"]}
        assert call("HEAD", path, headers=known).status_code == 304


def test_head_opens_no_socket(call: Caller) -> None:
    opening = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    refused = call("HEAD", "/api/ws/pool", headers=opening)
    assert refused.status_code == 426


def test_options_names_exactly_what_a_path_takes(call: Caller, paths: Paths) -> None:
    for path, methods in paths.items():
        answer = call("OPTIONS", path)
        assert answer.status_code == 204, path
        assert allowed(answer) == methods, path
        assert "OPTIONS" in methods, path
        assert ("HEAD" in methods) == ("GET" in methods), path


def test_what_options_names_is_taken_and_the_rest_is_not(call: Caller, paths: Paths) -> None:
    """Every refusal names the same methods; with and without parameters in the path."""
    for path, methods in paths.items():
        for method in set(HTTP_METHODS) - methods:
            answer = call(method, path)
            assert answer.status_code == 405, (method, path)
            assert answer.headers["content-type"] == "application/problem+json"
            assert allowed(answer) == methods, path


def test_an_unknown_path_takes_nothing(call: Caller) -> None:
    for method in HTTP_METHODS:
        answer = call(method, "/api/no/such/thing")
        assert answer.status_code == 404, method
        assert "allow" not in answer.headers


async def test_a_start_does_not_compile_signals_for_each_route(
    start_server: StartServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiled = []
    finalize = SignalRouter.finalize

    def count(router: SignalRouter, **how: bool) -> object:
        compiled.append(router)
        return finalize(router, **how)

    monkeypatch.setattr(SignalRouter, "finalize", count)
    await start_server()
    assert len(compiled) <= 3
