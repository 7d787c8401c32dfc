"""Responses carry what handlers return, and files that clients may hold copies of."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta
from sanic import HTTPResponse, Request

from tripsync.database.encoding import encode

JSON = "application/json"


class Confirmation(msgspec.Struct):
    """A sentence for the person."""

    message: Annotated[str, Meta(examples=["Done."])]


class Listed(NamedTuple):
    """A page that is a bare array, as the mobile app knows it: its cursor is a header."""

    rows: Sequence[Any]
    following: str | None


def respond(answered: object, status: int) -> HTTPResponse:
    """The answer of an endpoint as JSON; one that it has made by itself stays as it is."""
    match answered:
        case HTTPResponse():
            return answered
        case Listed(rows, following):
            page = respond(list(rows), status)
            if following is not None:
                page.headers["X-Next-Cursor"] = following
            return page
        case None:
            return HTTPResponse(status=status)
        case _:
            return HTTPResponse(encode(answered), status, content_type=JSON)


# Kept by the client, and asked for again before each use: who is blocked today must not see
# from a cache what they saw yesterday.
ASKED_AGAIN = "private, no-cache"


def has_current(request: Request, version: str) -> bool:
    """Whether the client says that it has this version."""
    offered = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in offered.split(",")}
    return "*" in tags or etag(version) in tags


def not_modified(version: str, caching: str = ASKED_AGAIN) -> HTTPResponse:
    return HTTPResponse(status=304, headers=caching_headers(version, caching))


def download(
    content: bytes,
    media_type: str,
    version: str,
    caching: str = ASKED_AGAIN,
    headers: Mapping[str, str] | None = None,
) -> HTTPResponse:
    return HTTPResponse(
        content, 200, {**caching_headers(version, caching), **(headers or {})}, media_type
    )


def caching_headers(version: str, caching: str) -> dict[str, str]:
    return {"Cache-Control": caching, "Vary": "Authorization", "ETag": etag(version)}


def etag(version: str) -> str:
    return f'"{version}"'
