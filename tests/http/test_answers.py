"""That tests look at every answer has eyes: wrong ones are seen."""

from typing import Any

import httpx
import pytest

from tests.answers import Checked, check_answer
from tests.conftest import Server

ACCOUNT = {"id": 17, "email": "asha@djsce.example", "full_name": "Asha Rao", "college_id": 3}
PROBLEM = {
    "type": "/redoc#email_taken",
    "title": "Address taken",
    "status": 400,
    "detail": "This address has an account.",
    "code": "email_taken",
    "errors": [],
    "request_id": "4f1c2a9e",
}
REGISTER = "/api/auth/register"
PROBLEM_JSON = {"content-type": "application/problem+json"}


def answer(status: int, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
    return httpx.Response(status, json=body, headers=headers)


def refusal(answered: int = 400, **changes: Any) -> httpx.Response:
    return answer(answered, {**PROBLEM, **changes}, PROBLEM_JSON)


@pytest.mark.parametrize(
    ("method", "path", "right"),
    [
        ("POST", REGISTER, answer(201, ACCOUNT)),
        ("POST", REGISTER, refusal()),
        ("POST", REGISTER, refusal(422, code="invalid", status=422)),
        ("DELETE", "/api/devices/5", httpx.Response(204)),
        ("GET", "/api/users/17/image", httpx.Response(304)),
        ("GET", "/no/such/place", refusal(404, code="not_found", status=404)),
        ("GET", "/docs", httpx.Response(200, html="<p>")),
    ],
)
def test_a_right_answer_is_let_through(method: str, path: str, right: httpx.Response) -> None:
    check_answer(method, path, right)


@pytest.mark.parametrize(
    ("method", "path", "wrong", "why"),
    [
        ("POST", REGISTER, answer(200, ACCOUNT), "its status is 201"),
        ("POST", REGISTER, answer(201, {**ACCOUNT, "shoe_size": 41}), "shoe_size"),
        ("POST", REGISTER, answer(201, {"id": 17}), "email"),
        ("POST", REGISTER, answer(201, {**ACCOUNT, "id": "17"}), "integer"),
        ("POST", REGISTER, httpx.Response(201, text="done"), "it answers application/json"),
        ("POST", REGISTER, refusal(code="ride_open"), "'ride_open' is not among its refusals"),
        ("POST", REGISTER, refusal(403), "the status of 'email_taken' is 400"),
        ("POST", REGISTER, refusal(why="so"), "why"),
        ("POST", REGISTER, answer(400, PROBLEM), "a refusal is"),
        ("DELETE", "/api/devices/5", httpx.Response(204, text="gone"), "it answers nothing"),
        ("GET", "/api/profile/me", httpx.Response(304), "its copies have no version"),
        ("GET", "/no/such/place", refusal(), "'email_taken' is not among its refusals"),
    ],
)
def test_a_wrong_answer_is_seen(method: str, path: str, wrong: httpx.Response, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        check_answer(method, path, wrong)


async def test_clients_of_tests_look_at_every_answer(server: Server) -> None:
    async with server.client() as client:
        assert isinstance(client, Checked)

    def lie(request: httpx.Request) -> httpx.Response:
        return answer(200, {"status": "fine", "shoe_size": 41})

    async with Checked(base_url=server.url, transport=httpx.MockTransport(lie)) as deceived:
        with pytest.raises(AssertionError, match="shoe_size"):
            await deceived.get("/api/colleges")
