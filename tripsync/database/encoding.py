"""Rows and values are encoded as JSON, for jsonb columns and for answers."""

from typing import Any

import asyncpg
import msgspec


def plain(value: Any) -> Any:
    """What msgspec does not know by itself."""
    if isinstance(value, asyncpg.Record):
        return dict(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")


# Times are ISO 8601 with a zone, sums of money stay exact.
encode = msgspec.json.Encoder(enc_hook=plain, decimal_format="number").encode
