"""The document says what the server does: every route, every field, with examples that work."""

import re
from typing import Any

import msgspec
import pytest
from sanic import Blueprint, Request, Sanic

from tests.answers import validator
from tests.conftest import Caller
from tripsync.app import describe_sockets, every
from tripsync.http.endpoint import FORM, endpoint
from tripsync.http.openapi.document import contracted, describe, refusals
from tripsync.http.openapi.examples import UNKNOWN
from tripsync.http.openapi.names import NAMES
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
    tags = {each["name"]: each["description"] for each in document["tags"]}
    ids = [operation["operationId"] for operation in operations(document).values()]
    assert len(ids) == len(set(ids))
    for name, operation in operations(document).items():
        assert re.fullmatch("[a-z]+([A-Z][a-z]+)*", operation["operationId"]), name
        assert operation["summary"], name
        assert operation["description"], name
        assert all(each["description"] for each in operation["parameters"]), name
        [tag] = operation["tags"]
        assert tags[tag], name
    assert {operation["tags"][0] for operation in operations(document).values()} == set(tags)


def test_a_code_is_one_refusal(call: Caller) -> None:
    codes = [each.code for each in refusals(call.app)]
    assert len(codes) == len(set(codes))


def test_two_handlers_of_one_name_are_seen(call: Caller) -> None:
    @endpoint()
    async def ping(_: Request) -> None:
        """Say hello again."""

    app = Sanic("test-two-of-one-name")
    for name in ("here", "there"):
        blueprint = Blueprint(name, url_prefix=name)
        blueprint.ctx.title = blueprint.ctx.description = name
        blueprint.add_route(ping, "/ping")
        app.blueprint(blueprint)
    app.router.finalize()
    with pytest.raises(TypeError, match="ping"):
        describe(app, {})


def test_what_needs_a_token_says_so(document: dict[str, Any]) -> None:
    documented = operations(document)
    assert documented["GET /api/auth/sessions"]["security"] == [{"bearer": []}, {"password": []}]
    assert "401" in documented["GET /api/auth/sessions"]["responses"]
    assert documented["POST /api/auth/register"]["security"] == []


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


def test_every_body_and_answer_shows_an_example_that_fits(document: dict[str, Any]) -> None:
    shown = 0
    for name, operation in operations(document).items():
        bodies = operation.get("requestBody", {}).get("content", {})
        answers = next(
            each.get("content", {})
            for status, each in operation["responses"].items()
            if status.startswith("2")
        )
        for media_type, content in (*bodies.items(), *answers.items()):
            if "example" not in content:
                # A file.
                assert media_type not in ("application/json", FORM), name
                continue
            shown += 1
            assert UNKNOWN not in str(content["example"]), name
            validator(content["schema"]).validate(content["example"])
    assert shown > 150


def test_every_problem_shows_an_example_of_each_code(document: dict[str, Any]) -> None:
    examples = document["components"]["examples"]
    for name, response in document["components"]["responses"].items():
        if name == "Otherwise":
            continue
        shown = response["content"]["application/problem+json"]
        _, more = document["components"]["schemas"][last(shown["schema"])]["allOf"]
        values = [examples[last(each)]["value"] for each in shown["examples"].values()]
        assert [each["code"] for each in values] == more["properties"]["code"]["enum"]
        assert len({each["status"] for each in values}) == 1


def last(reference: dict[str, str]) -> str:
    return reference["$ref"].rpartition("/")[2]


def test_every_refusal_is_documented_where_it_can_happen(
    call: Caller, document: dict[str, Any]
) -> None:
    for route, contract in contracted(call.app):
        operation = operations(document)[f"{method_of(route)} {documented_path(route)}"]
        for refusal in contract.refuses:
            named = last(operation["responses"][str(refusal.status)])
            assert refusal.code in document["components"]["responses"][named]["description"]


def test_bounds_of_a_field_are_told(document: dict[str, Any]) -> None:
    fields = document["components"]["schemas"]["Registration"]
    assert fields["additionalProperties"] is False
    assert fields["properties"]["password"]["minLength"] == 8
    assert fields["properties"]["full_name"]["maxLength"] == 200
    assert set(fields["required"]) == {"email", "full_name", "password", "college_name"}
    assert "'says'" not in str(document)


def test_events_are_told_apart_by_their_type(document: dict[str, Any]) -> None:
    schemas = document["components"]["schemas"]
    told = schemas["EventPage"]["properties"]["events"]["items"]
    union = schemas[last(told)]
    assert union["discriminator"]["propertyName"] == "type"
    named = union["discriminator"]["mapping"]
    assert set(named) == {each.type for each in every("events") if each.durable}
    assert [each["$ref"] for each in union["oneOf"]] == list(named.values())
    for name, reference in named.items():
        schema = schemas[reference.rpartition("/")[2]]
        assert schema["properties"]["type"]["const"] == name
        assert {"type", "seq"} <= set(schema["required"])


def test_every_field_says_what_it_is(document: dict[str, Any]) -> None:
    said = set()
    for name, schema in document["components"]["schemas"].items():
        for field, each in schema.get("properties", {}).items():
            assert each.get("description"), (name, field)
            said.add((field, each["description"].partition("; left out")[0]))
    sockets = describe_sockets()["components"]["schemas"].values()
    said |= {
        (field, each["description"])
        for schema in sockets
        for field, each in schema.get("properties", {}).items()
    }
    # What a name means is told of no name that is gone.
    assert set(NAMES.items()) <= said
