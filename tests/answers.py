"""What servers answer is what /openapi.json says of it: checked answer by answer.

The status is the contract's, the body fits the schema with no member more or less, and a refusal
is one that the endpoint lists, or one that any endpoint may give.
"""

import re
from collections.abc import Mapping
from functools import cache, cached_property
from typing import Any

import httpx
import jsonschema_rs
import msgspec

from tests.asyncapi import MADE_UP, closed
from tripsync.app import create_app, describe_calls
from tripsync.database.encoding import encode
from tripsync.http.endpoint import JSON, Binary, Contract
from tripsync.http.openapi.document import contracted
from tripsync.http.openapi.parameters import PATH_PARAMETER
from tripsync.http.openapi.refusals import possible_refusals
from tripsync.http.openapi.schemas import REFERENCE
from tripsync.http.problems import (
    EXPECTATION_FAILED,
    GENERAL,
    INTERNAL,
    MALFORMED_REQUEST,
    MEDIA_TYPE,
    METHOD_NOT_ALLOWED,
    NOT_FOUND,
    TOO_LARGE,
    TOO_SLOW,
)
from tripsync.realtime.gateway import NOT_YOURS
from tripsync.realtime.handshake import ORIGIN_NOT_ALLOWED
from tripsync.realtime.message_schemas import EVENT
from tripsync.realtime.protocol import UPGRADE_REQUIRED
from tripsync.settings import Settings

NOTHING = (None, b"")
# Browsers get a page there, of which the document does not speak (tests/health/test_home.py).
HOME = {"/", "/api"}
# What handshakes of sockets say, which the document of HTTP calls does not list.
HANDSHAKES = (UPGRADE_REQUIRED, NOT_YOURS, ORIGIN_NOT_ALLOWED)


# What the server says before it asks an endpoint, or when one breaks; all else the endpoint lists.
UNASKED = (
    MALFORMED_REQUEST,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    TOO_SLOW,
    TOO_LARGE,
    EXPECTATION_FAILED,
    INTERNAL,
)


class Operation:
    """One endpoint, and what it may answer."""

    def __init__(self, path: str, method: str, contract: Contract) -> None:
        self.pattern = re.compile("/" + PATH_PARAMETER.sub("[^/]+", path))
        self.method = method
        self.contract = contract
        may_refuse = (*UNASKED, *possible_refusals(method, contract))
        self.refusals = {refusal.code: refusal for refusal in may_refuse}
        self.path = "/" + PATH_PARAMETER.sub(r"{\1}", path)

    @cached_property
    def validator(self) -> Any:
        """Of its answer, as the document describes it; made when it is first needed."""
        responses = document()["paths"][self.path][self.method.lower()]["responses"]
        return validator(responses[str(self.contract.status)]["content"][JSON]["schema"])


class Checked(httpx.AsyncClient):
    """A client that looks at each answer before the test does, but for those that are streamed."""

    async def request(self, method: str, url: Any, **more: Any) -> httpx.Response:
        answer = await super().request(method, url, **more)
        check_answer(method, answer.url.path, answer)
        return answer


def check_answer(method: str, path: str, answer: Any) -> None:
    """An answer of httpx, or of Sanic's own test client."""
    operation = find_operation(method, path)
    mistake = find_mistake(operation, method, answer)
    assert not mistake, (
        f"{method} {path} answered {answer.status_code}, which /openapi.json does not say: "
        f"{mistake} in {answer.text[:2000]}"
    )


def find_mistake(operation: Operation | None, method: str, answer: Any) -> str | None:
    media_type = answer.headers.get("content-type", "").partition(";")[0]
    if answer.status_code >= 400 and method != "HEAD" and (operation or media_type == MEDIA_TYPE):
        return find_mistake_of_refusal(operation, media_type, answer)
    if operation is None or answer.status_code >= 400 or method == "OPTIONS":
        return None
    return find_mistake_of_success(operation, method, media_type, answer)


def find_mistake_of_refusal(
    operation: Operation | None, media_type: str, answer: Any
) -> str | None:
    if media_type != MEDIA_TYPE:
        return f"a refusal is {MEDIA_TYPE}, not {media_type!r}"
    problem = msgspec.json.decode(answer.content)
    if mistakes := mistakes_of(problem_validator(), problem):
        return mistakes
    refusals = operation.refusals if operation else OTHER_REFUSALS
    refusal = refusals.get(problem["code"])
    if refusal is None:
        return f"{problem['code']!r} is not among its refusals"
    if (answer.status_code, problem["status"]) != (refusal.status, refusal.status):
        return f"the status of {refusal.code!r} is {refusal.status}"
    return None


def find_mistake_of_success(
    operation: Operation, method: str, media_type: str, answer: Any
) -> str | None:
    contract = operation.contract
    if answer.status_code == 304:
        fits = isinstance(contract.answer, Binary) and contract.answer.versioned
        return None if fits else "its copies have no version"
    if answer.status_code != contract.status:
        return f"its status is {contract.status}"
    if method == "HEAD":
        return None
    if contract.answer is None:
        return None if answer.content in NOTHING else "it answers nothing"
    if media_type == "text/html" and operation.path in HOME:
        return None
    expected = contract.answer.media_type if isinstance(contract.answer, Binary) else JSON
    if media_type != expected:
        return f"it answers {expected}, not {media_type!r}"
    if isinstance(contract.answer, Binary):
        return None
    return mistakes_of(operation.validator, msgspec.json.decode(answer.content))


def mistakes_of(validator: Any, value: Any) -> str:
    # A quick look first: it is always right but for defects.
    if validator.is_valid(value):
        return ""
    return "; ".join(
        f"{each.instance_path} {each.message}" for each in validator.iter_errors(value)
    )


OTHER_REFUSALS = {refusal.code: refusal for refusal in (*GENERAL, *HANDSHAKES)}


@cache
def find_operation(method: str, path: str) -> Operation | None:
    asked = "GET" if method == "HEAD" else method
    for operation in operations():
        if operation.method == asked and operation.pattern.fullmatch(path):
            return operation
    return None


@cache
def application() -> Any:
    """For its endpoints; it is never served."""
    return create_app(Settings(), name="tripsync-described")


@cache
def document() -> Mapping[str, Any]:
    """As it is served."""
    served: Mapping[str, Any] = msgspec.json.decode(encode(describe_calls(application())))
    return served


@cache
def operations() -> list[Operation]:
    """Those without a parameter first: `/requests/active` is not a request of that id."""
    found = [
        Operation(route.path, method, contract)
        for route, contract in contracted(application())
        for method in route.methods - {"HEAD", "OPTIONS"}
    ]
    return sorted(found, key=lambda each: each.pattern.pattern.count("[^/]+"))


@cache
def problem_validator() -> Any:
    return validator({"$ref": REFERENCE.format(name="ProblemDocument")})


@cache
def components() -> Any:
    """What the document leaves open to later versions is closed; events may be of tests' own."""
    found = closed(document()["components"])
    found["schemas"][EVENT]["oneOf"].append(
        {"properties": {"type": {"pattern": f"^{MADE_UP}"}}, "required": ["type", "seq"]}
    )
    return found


def validator(schema: Mapping[str, Any]) -> Any:
    return jsonschema_rs.validator_for(
        {**schema, "components": components()}, validate_formats=True
    )
