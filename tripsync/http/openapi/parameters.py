"""Parameters of an operation: in its path, in its query string, and in its headers."""

import re
from collections.abc import Iterable
from typing import Any

from sanic_routing.route import Route

from tripsync.http import urls
from tripsync.http.endpoint import Binary, Contract
from tripsync.http.openapi.names import EXAMPLES
from tripsync.http.openapi.schemas import components_of
from tripsync.http.tokens import EXAMPLE_SECRET

PATH_PARAMETER = re.compile(r"<(\w+)(?::(\w+))?>")
ID = {"type": "integer", "minimum": 1, "maximum": urls.LARGEST_ID}
ANY_ID = 23
SECRET = {
    "type": "string",
    "minLength": 43,
    "maxLength": 43,
    "pattern": f"^{urls.SECRET.pattern}$",
}


def parameters(route: Route, contract: Contract) -> list[dict[str, Any]]:
    return [*path_parameters(route), *query_parameters(contract), *headers(contract)]


def path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name, pattern in PATH_PARAMETER.findall(route.path):
        parameter = {"name": name, "in": "path", "required": True}
        if pattern == "secret":
            parameter |= {
                "description": "the secret of the link",
                "schema": SECRET,
                "example": EXAMPLE_SECRET,
            }
        else:
            parameter |= {
                "description": f"the id of the {name.removesuffix('_id').replace('_', ' ')}",
                "schema": ID,
                "example": EXAMPLES.get(name, ANY_ID),
            }
        yield parameter


def query_parameters(contract: Contract) -> Iterable[dict[str, Any]]:
    if contract.query is None:
        return
    schema = components_of([contract.query])[contract.query.__name__]
    for name, each in schema["properties"].items():
        yield {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": each.pop("description", ""),
            "schema": as_sent(each),
        }


def as_sent(schema: dict[str, Any]) -> dict[str, Any]:
    """As it stands in a query string, which knows no null; a list is a name given several times,
    or once."""
    options = {each["type"]: each for each in schema.pop("anyOf", ()) if each["type"] != "null"}
    told = {**(options.get("array") or next(iter(options.values()), {})), **schema}
    if told.get("default") in (None, ""):
        # It stands for nothing.
        told.pop("default", None)
    told.pop("description", None)
    return told


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
