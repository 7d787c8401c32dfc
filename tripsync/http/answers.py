"""Turning what the database gave into what the client gets."""

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


def no_content() -> HTTPResponse:
    return HTTPResponse(status=204)
