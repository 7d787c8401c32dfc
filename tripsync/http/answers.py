"""Turning what the database gave into what the client gets."""

from typing import Any

import asyncpg
import msgspec
from sanic import HTTPResponse


def plain(value: Any) -> Any:
    """What msgspec does not know by itself."""
    if isinstance(value, asyncpg.Record):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


# Times are ISO 8601 with a zone, sums of money stay exact.
encode = msgspec.json.Encoder(enc_hook=plain, decimal_format="number").encode


def answer(body: Any, status: int = 200) -> HTTPResponse:
    return HTTPResponse(encode(body), status, content_type="application/json")


def no_content() -> HTTPResponse:
    return HTTPResponse(status=204)
