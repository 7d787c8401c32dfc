"""Turning what the database gave into what the client gets."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from msgspec import Meta
from sanic import HTTPResponse

from tripsync.database.encoding import encode


class Message(msgspec.Struct):
    """A sentence for the person."""

    message: Annotated[str, Meta(examples=["Done."])]


def answer(body: Any, status: int = 200) -> HTTPResponse:
    return HTTPResponse(encode(body), status, content_type="application/json")


def list_answer(rows: Sequence[Any], following: str | None) -> HTTPResponse:
    """A page that is a bare array, as the mobile app knows it: its cursor is a header."""
    page = answer(rows)
    if following is not None:
        page.headers["X-Next-Cursor"] = following
    return page


def no_content() -> HTTPResponse:
    return HTTPResponse(status=204)
