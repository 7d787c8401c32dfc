"""Parameters of an operation: in its path, in its query string, and in its headers."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec
from sanic_routing.route import Route

from tripsync.http.endpoint import Binary, Contract
from tripsync.http.openapi.schemas import REFERENCE, make_plain
from tripsync.http.tokens import EXAMPLE_SECRET

PATH_PARAMETER = re.compile(r"<(\w+)(?::(\w+))?>")
ID = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}, 1
SECRET = (
    {
        "type": "string",
        "minLength": 43,
        "maxLength": 43,
        "pattern": "^[A-Za-z0-9_-]{43}$",
    },
    EXAMPLE_SECRET,
)


def parameters(route: Route, contract: Contract) -> list[dict[str, Any]]:
    return [*path_parameters(route), *query_parameters(contract), *headers(contract)]


def path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name, pattern in PATH_PARAMETER.findall(route.path):
        schema, value = SECRET if pattern == "secret" else ID
        whose = name.removesuffix("_id").replace("_", " ")
        yield {
            "name": name,
            "in": "path",
            "required": True,
            "description": f"The id of the {whose}."
            if pattern != "secret"
            else "The secret of the link, as it came.",
            "schema": schema,
            "example": value,
        }


def query_parameters(contract: Contract) -> Iterable[dict[str, Any]]:
    if contract.query is None:
        return
    _, components = msgspec.json.schema_components([contract.query], ref_template=REFERENCE)
    schema = components[contract.query.__name__]
    make_plain(schema)
    for name, each in schema["properties"].items():
        told = [
            part["description"] for part in (each, *each.get("anyOf", ())) if "description" in part
        ]
        if each.get("default") in (None, ""):
            # It stands for nothing.
            each.pop("default", None)
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": " ".join(told),
            "schema": each,
        }


def headers(contract: Contract) -> Iterable[dict[str, Any]]:
    if contract.idempotent:
        yield {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "chosen by the client; a retry with the same key creates nothing twice",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255},
        }
    if isinstance(contract.answer, Binary) and contract.answer.versioned:
        yield {
            "name": "If-None-Match",
            "in": "header",
            "description": "the ETag of the copy one has; a 304 says that it is still right",
            "schema": {"type": "string"},
        }
