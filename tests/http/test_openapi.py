"""The document says what the server does: every route, every field, with examples that work."""

import re
from typing import Any

import msgspec
import pytest

from tests.conftest import Caller
from tripsync.http.endpoint import Contract
from tripsync.http.openapi.document import contracted
from tripsync.http.schemas import decoder


@pytest.fixture
def document(call: Caller) -> dict[str, Any]:
    answer = call("GET", "/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json
    return found


def operations(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {
        f"{method.upper()} {path}": operation
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    }


def test_every_route_under_api_is_documented(call: Caller, document: dict[str, Any]) -> None:
    documented = operations(document)
    for route in call.app.router.routes:
        path = documented_path(route)
        # Sockets are told of in /asyncapi.json.
        if path.startswith(("/api", "/auth")) and not route.extra.websocket:
            for method in route.methods - {"HEAD", "OPTIONS"}:
                assert f"{method} {path}" in documented


def test_every_operation_says_what_it_is_for(document: dict[str, Any]) -> None:
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
    for name, operation in operations(document).items():
        assert operation["summary"], name
        assert operation["tags"], name


def test_what_needs_a_token_says_so(document: dict[str, Any]) -> None:
    documented = operations(document)
    assert documented["GET /api/auth/sessions"]["security"] == [{"bearer": []}]
    assert "401" in documented["GET /api/auth/sessions"]["responses"]
    assert "security" not in documented["POST /api/auth/register"]


def test_every_example_of_a_body_is_accepted_by_its_schema(
    call: Caller, document: dict[str, Any]
) -> None:
    checked = 0
    for route, contract in contracted(call.app):
        if contract.body is None:
            continue
        operation = operations(document)[f"{method_of(route)} {documented_path(route)}"]
        example = operation["requestBody"]["content"]["application/json"]["example"]
        decoder(contract.body)(msgspec.json.encode(example))
        checked += 1
    assert checked >= 7


def documented_path(route: Any) -> str:
    return "/" + re.sub(r"<(\w+):\w+>", r"{\1}", route.path)


def method_of(route: Any) -> str:
    return str(next(iter(route.methods - {"HEAD", "OPTIONS"})))


def test_every_answer_shows_an_example(call: Caller, document: dict[str, Any]) -> None:
    for name, operation in operations(document).items():
        for status, response in operation["responses"].items():
            for content in response.get("content", {}).values():
                assert content["example"] not in ({}, None, "..."), (name, status)


def test_every_refusal_is_documented_where_it_can_happen(
    call: Caller, document: dict[str, Any]
) -> None:
    for route, contract in contracted(call.app):
        operation = operations(document)[f"{method_of(route)} {documented_path(route)}"]
        check_refusals(contract, operation)


def check_refusals(contract: Contract, operation: dict[str, Any]) -> None:
    for refusal in contract.refuses:
        assert refusal.code in operation["responses"][str(refusal.status)]["description"]


def test_bounds_of_a_field_are_told(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["Registration"]
    assert fields["additionalProperties"] is False
    assert fields["properties"]["password"]["minLength"] == 8
    assert fields["properties"]["full_name"]["maxLength"] == 200
    assert set(fields["required"]) == {"email", "full_name", "password", "college_name"}
    assert "'says'" not in str(document)
