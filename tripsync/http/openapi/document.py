"""The document puts the operations of all endpoints together."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, get_args, get_origin

import msgspec
from sanic import Sanic
from sanic_routing.route import Route

from tripsync import __version__
from tripsync.http import problems
from tripsync.http.endpoint import FORM, Binary, Contract
from tripsync.http.problems import MEDIA_TYPE, ProblemDocument, Refusal
from tripsync.http.responses import JSON
from tripsync.http.schemas import ReadsItself
from tripsync.http.uploads import FIELD, MULTIPART, Upload

REFERENCE = "#/components/schemas/{name}"
PATH_PARAMETER = re.compile(r"<(\w+)(?::(\w+))?>")
ID = {"type": "integer", "minimum": 1}, 1
SECRET = {"type": "string", "minLength": 43, "maxLength": 43}, "p3V1..."
NEXT_CURSOR = {
    "description": "the `cursor` of the next page; missing on the last one",
    "schema": {"type": "string"},
}
DESCRIPTION = """Pool rides with students of your college.

Errors are `application/problem+json`: `detail` is a sentence for people, `code` is stable and for
programs. Send `Idempotency-Key` with a POST that creates something, and a retry creates nothing
twice. Times are ISO 8601 with a zone."""


def describe(app: Sanic) -> dict[str, Any]:
    """The document of all endpoints that carry a contract."""
    endpoints = sorted(
        ((f"/{route.path}", route, contract) for route, contract in contracted(app)),
        key=lambda each: (each[1].name.split(".")[1], each[0]),
    )
    components = schemas(contract for _, _, contract in endpoints)
    paths: dict[str, dict[str, Any]] = {}
    for path, route, contract in endpoints:
        operations = paths.setdefault(PATH_PARAMETER.sub(r"{\1}", path), {})
        for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
            operations[method.lower()] = operation(app, route, method, contract, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "TripSync", "version": __version__, "description": DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
            },
        },
    }


def contracted(app: Sanic) -> Iterator[tuple[Route, Contract]]:
    for route in app.router.routes:
        if contract := getattr(route.handler, "contract", None):
            yield route, contract


def refusals(app: Sanic) -> list[Refusal]:
    """Every way in which this server says no, by status."""
    declared = {each for _, contract in contracted(app) for each in contract.refuses}
    return sorted(declared | set(problems.GENERAL), key=lambda each: (each.status, each.code))


def schemas(contracts: Iterable[Contract]) -> dict[str, Any]:
    kinds: dict[Any, None] = {ProblemDocument: None}
    for contract in contracts:
        for kind in (contract.body, contract.form, contract.answer):
            if kind is not None and not isinstance(kind, Binary):
                kinds[entry_of(kind)] = None
    return components_of(kinds)


def components_of(kinds: Collection[Any]) -> dict[str, dict[str, Any]]:
    """The schemas of these kinds, and of what they hold, by name."""
    _, components = msgspec.json.schema_components(
        kinds, schema_hook=custom_schema, ref_template=REFERENCE
    )
    for kind in kinds:
        if kind.__name__ not in components:
            # Clients make types of these names.
            raise TypeError(
                f"{kind.__module__}.{kind.__name__} shares its name with another schema; rename one"
            )
    for component in components.values():
        without_notes(component)
    return dict(components)


def entry_of(kind: Any) -> Any:
    """What a bare array holds; anything else is what it is."""
    return get_args(kind)[0] if get_origin(kind) is list else kind


def custom_schema(kind: type[ReadsItself]) -> dict[str, Any]:
    return kind.json_schema()


def without_notes(schema: Any) -> None:
    """Leave out `says`: it is for our own messages."""
    if isinstance(schema, dict):
        schema.pop("says", None)
        for each in schema.values():
            without_notes(each)
    elif isinstance(schema, list):
        for each in schema:
            without_notes(each)


def operation(
    app: Sanic, route: Route, method: str, contract: Contract, components: Mapping[str, Any]
) -> dict[str, Any]:
    _, feature, name = route.name.split(".", 2)
    described: dict[str, Any] = {
        "tags": [app.blueprints[feature].ctx.title],
        "operationId": f"{feature}_{name}",
        "summary": contract.summary,
        "description": contract.description,
        "parameters": [*path_parameters(route), *query_parameters(contract), *headers(contract)],
        "responses": responses(method, contract, components),
    }
    if contract.body or contract.form or contract.upload:
        described["requestBody"] = {"required": True, "content": contents(contract, components)}
    if not contract.open:
        described["security"] = [{"bearer": []}]
    return described


def path_parameters(route: Route) -> Iterable[dict[str, Any]]:
    for name, pattern in PATH_PARAMETER.findall(route.path):
        schema, value = SECRET if pattern == "secret" else ID
        yield {"name": name, "in": "path", "required": True, "schema": schema, "example": value}


def query_parameters(contract: Contract) -> Iterable[dict[str, Any]]:
    if contract.query is None:
        return
    _, components = msgspec.json.schema_components([contract.query], ref_template=REFERENCE)
    schema = components[contract.query.__name__]
    for name, each in schema["properties"].items():
        required = name in schema.get("required", ())
        told = [
            part["description"] for part in (each, *each.get("anyOf", ())) if "description" in part
        ]
        yield {
            "name": name,
            "in": "query",
            "required": required,
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


def contents(contract: Contract, components: Mapping[str, Any]) -> dict[str, Any]:
    offered = {}
    if contract.body:
        offered[JSON] = content(contract.body, components)
    if contract.form:
        offered[FORM] = offered[MULTIPART] = content(contract.form, components)
    if contract.upload:
        offered[MULTIPART] = file_form(contract.upload)
    return offered


def file_form(upload: Upload) -> dict[str, Any]:
    file = {"type": "string", "format": "binary", "description": upload.description}
    return {
        "schema": {
            "title": "File",
            "type": "object",
            "properties": {FIELD: file},
            "required": [FIELD],
        },
        "encoding": {FIELD: {"contentType": ", ".join(upload.media_types)}},
        "example": {FIELD: "(the file)"},
    }


def content(kind: Any, components: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = {"$ref": REFERENCE.format(name=entry_of(kind).__name__)}
    if entry_of(kind) is not kind:
        schema = {"type": "array", "items": schema}
    return {"schema": schema, "example": example(schema, components)}


def responses(method: str, contract: Contract, components: Mapping[str, Any]) -> dict[str, Any]:
    success: dict[str, Any] = {"description": "Done"}
    answers = {str(contract.status): success}
    if isinstance(contract.answer, Binary):
        schema = {"type": "string", "format": "binary"}
        success["content"] = {
            contract.answer.media_type: {"schema": schema, "example": "(the file)"}
        }
        if contract.answer.versioned:
            answers["304"] = {"description": "The copy named in `If-None-Match` is still right"}
    elif contract.answer is not None:
        success["content"] = {JSON: content(contract.answer, components)}
        if entry_of(contract.answer) is not contract.answer:
            success["headers"] = {"X-Next-Cursor": NEXT_CURSOR}
    for status, group in sorted(by_status(possible_refusals(method, contract)).items()):
        answers[str(status)] = {
            "description": "; ".join(f"`{each.code}`: {each.title}" for each in group),
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": REFERENCE.format(name="ProblemDocument")},
                    "example": example_problem(group[0]),
                }
            },
        }
    return answers


def possible_refusals(method: str, contract: Contract) -> list[Refusal]:
    found = list(contract.refuses)
    if not contract.open:
        found.append(problems.NOT_AUTHENTICATED)
    if contract.body or contract.form or contract.upload:
        found += [problems.TOO_LARGE, problems.UNSUPPORTED_MEDIA_TYPE, problems.INVALID]
    if contract.body:
        found.append(problems.MALFORMED_JSON)
    if contract.query:
        found.append(problems.INVALID)
    if contract.idempotent:
        found.append(problems.KEY_REUSED)
    if method != "GET":
        found.append(problems.READ_ONLY)
    return list(dict.fromkeys([*found, problems.UNAVAILABLE]))


def by_status(group: Iterable[Refusal]) -> dict[int, list[Refusal]]:
    sorted_out: dict[int, list[Refusal]] = {}
    for each in group:
        sorted_out.setdefault(each.status, []).append(each)
    return sorted_out


def example_problem(refusal: Refusal) -> dict[str, Any]:
    return {
        "type": f"/redoc#{refusal.code}",
        "title": refusal.title,
        "status": refusal.status,
        "detail": refusal.detail,
        "code": refusal.code,
        "errors": [],
        "request_id": "4f1c2a9e",
    }


def example(schema: Mapping[str, Any], components: Mapping[str, Any]) -> Any:
    """A value that fits the schema, put together from the examples of its fields."""
    match schema:
        case {"examples": [first, *_]}:
            return first
        case {"$ref": str(reference)}:
            return example(components[reference.rpartition("/")[2]], components)
        case {"enum": [first, *_]}:
            return first
        case {"anyOf": [*options]}:
            return example(next(each for each in options if each.get("type") != "null"), components)
        case {"properties": dict(fields)}:
            return {name: example(each, components) for name, each in fields.items()}
        case {"type": "array", "items": dict(items)}:
            return [example(items, components)]
        case {"format": "date-time"}:
            return "2026-11-20T08:30:00Z"
        case {"type": "integer" | "number"}:
            return 1
        case {"type": "boolean"}:
            return True
        case {"type": "object"}:
            return {}
        case _:
            return "..."
