"""The document puts the operations of all endpoints together."""

from collections.abc import Iterator
from typing import Any

from sanic import Sanic
from sanic_routing.route import Route

from tripsync import __version__
from tripsync.http import problems
from tripsync.http.endpoint import Contract
from tripsync.http.openapi.operations import operation
from tripsync.http.openapi.parameters import PATH_PARAMETER
from tripsync.http.openapi.refusals import RETRY_AFTER, Problems
from tripsync.http.openapi.schemas import Components, schemas_of
from tripsync.http.problems import Refusal

DESCRIPTION = """Pool rides with students of your college.

Errors are `application/problem+json`: `detail` is a sentence for people, `code` is stable and for
programs. Send `Idempotency-Key` with a POST that creates something, and a retry creates nothing
twice. Times are ISO 8601 with a zone."""
INFO = {
    "title": "TripSync",
    "version": __version__,
    "summary": "Students of a college share rides.",
    "description": DESCRIPTION,
    "contact": {"name": "The TripSync authors"},
    "license": {"name": "MIT", "identifier": "MIT"},
}
SECURITY_SCHEMES = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "The `access_token` of a sign-in.",
    },
    "password": {
        "type": "oauth2",
        "description": "Signs in with email and password.",
        "flows": {"password": {"tokenUrl": "/api/auth/token", "scopes": {}}},
    },
}
NEXT_CURSOR = {
    "description": "The `cursor` of the next page; missing on the last one.",
    "schema": {"type": "string"},
}


def describe(app: Sanic, events: Components) -> dict[str, Any]:
    """The document of all endpoints that carry a contract; `events` are schemas of what they list
    of events, which features bring."""
    endpoints = sorted(
        contracted(app),
        key=lambda each: (title_of(app, each[0]), each[0].path, sorted(each[0].methods)),
    )
    components = {**schemas_of(contract for _, contract in endpoints), **events}
    refused = Problems()
    paths: dict[str, dict[str, Any]] = {}
    ids = set()
    for route, contract in endpoints:
        operations = paths.setdefault("/" + PATH_PARAMETER.sub(r"{\1}", route.path), {})
        for method in sorted(route.methods - {"HEAD", "OPTIONS"}):
            told = operation(app, route, method, contract, components, refused)
            if told["operationId"] in ids:
                raise TypeError(f"two handlers make an operation {told['operationId']}")
            ids.add(told["operationId"])
            operations[method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": [{"url": "/", "description": "The server that this document is from."}],
        "tags": tags(app, {title_of(app, route) for route, _ in endpoints}),
        "paths": paths,
        "components": {
            "schemas": dict(sorted({**components, **refused.schemas}.items())),
            "responses": dict(sorted(refused.responses.items())),
            "examples": dict(sorted(refused.examples.items())),
            "headers": {"NextCursor": NEXT_CURSOR, "RetryAfter": RETRY_AFTER},
            "securitySchemes": SECURITY_SCHEMES,
        },
    }


def tags(app: Sanic, titles: set[str]) -> list[dict[str, str]]:
    """One for each feature."""
    features = [each.ctx for each in app.blueprints.values() if hasattr(each.ctx, "title")]
    return [
        {"name": each.title, "description": each.description}
        for each in sorted(features, key=lambda each: each.title)
        if each.title in titles
    ]


def title_of(app: Sanic, route: Route) -> str:
    title: str = app.blueprints[route.name.split(".")[1]].ctx.title
    return title


def contracted(app: Sanic) -> Iterator[tuple[Route, Contract]]:
    for route in app.router.routes:
        if contract := getattr(route.handler, "contract", None):
            yield route, contract


def refusals(app: Sanic) -> list[Refusal]:
    """Every way in which this server says no, by status."""
    declared = {each for _, contract in contracted(app) for each in contract.refuses}
    return sorted(declared | set(problems.GENERAL), key=lambda each: (each.status, each.code))
