"""Responses carry what handlers return, and files that clients may hold copies of."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import Meta
from sanic import HTTPResponse, Request

from tripsync.database.encoding import encode

JSON = "application/json"


class Confirmation(msgspec.Struct):
    """A sentence for the person."""

    message: Annotated[str, Meta(examples=["Done."])]


# A header by its name in small letters, and as it is written.
Written = tuple[str, tuple[bytes, bytes]]


def written(headers: Mapping[str, str]) -> tuple[Written, ...]:
    return tuple((name.lower(), (name.encode(), value.encode())) for name, value in headers.items())


class Answer(HTTPResponse):
    """An answer that takes `usual` headers as bytes, where it has none of that name by itself.

    Those of `headers` are looked through and encoded one by one."""

    __slots__ = ("usual",)

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.usual: Iterable[Written] = ()

    @property
    def processed_headers(self) -> Iterator[tuple[bytes, bytes]]:
        added = [pair for name, pair in self.usual if name not in self.headers]
        return chain(super().processed_headers, added)


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
            return Answer(status=status)
        case _:
            return Answer(encode(answered), status, content_type=JSON)


# Kept by the client, and asked for again before each use: who is blocked today must not see
# from a cache what they saw yesterday.
ASKED_AGAIN = "private, no-cache"


def has_current(request: Request, version: str) -> bool:
    """Whether the client says that it has this version."""
    offered = request.headers.get("if-none-match", "")
    tags = {each.strip().removeprefix("W/") for each in offered.split(",")}
    return "*" in tags or etag(version) in tags


def not_modified(version: str, caching: str = ASKED_AGAIN) -> HTTPResponse:
    return Answer(status=304, headers=caching_headers(version, caching))


def download(
    content: bytes,
    media_type: str,
    version: str,
    caching: str = ASKED_AGAIN,
    headers: Mapping[str, str] | None = None,
) -> HTTPResponse:
    return Answer(
        content, 200, {**caching_headers(version, caching), **(headers or {})}, media_type
    )


def caching_headers(version: str, caching: str) -> dict[str, str]:
    return {"Cache-Control": caching, "Vary": "Authorization", "ETag": etag(version)}


def etag(version: str) -> str:
    return f'"{version}"'
