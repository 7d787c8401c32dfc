"""Lists come in pages: a `limit`, and either a `cursor` or the mobile app's `skip`."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from msgspec import Meta

from tripsync.http.problems import FieldError, invalid
from tripsync.http.schemas import Schema
from tripsync.http.urls import LARGEST_ID

LARGEST_PAGE = 100
# Beyond this an offset costs more than any reader is worth; a cursor has no such end.
FURTHEST_SKIP = 100_000
# What PostgreSQL can compare an id with.
RowId = Annotated[int, Meta(ge=0, le=LARGEST_ID)]

Row = TypeVar("Row")
Item = TypeVar("Item")
NextCursor = Annotated[
    str | None,
    Meta(
        description="the `cursor` of the next page; null: this one is the last",
        examples=["NDExMQ=="],
    ),
]


class Page(Schema):
    """Which part of a list."""

    limit: Annotated[
        int, Meta(ge=1, le=LARGEST_PAGE, description="how many at most", examples=[20])
    ] = 20
    skip: Annotated[
        int, Meta(ge=0, le=FURTHEST_SKIP, description="how many to pass over", examples=[0])
    ] = 0
    cursor: (
        Annotated[str, Meta(max_length=400, description="`next_cursor` of the page before")] | None
    ) = None

    def after(self, kind: type[Any]) -> Any:
        """The key that the cursor stands for, or None on the first page."""
        if self.cursor is None:
            return None
        try:
            packed = base64.urlsafe_b64decode(self.cursor.encode())
            return msgspec.json.decode(packed, type=RowId if kind is int else kind)
        except (ValueError, binascii.Error, msgspec.DecodeError):
            raise invalid(
                FieldError(
                    "cursor", "This cursor is not one of ours; use `next_cursor` as it came."
                )
            ) from None


class ItemPage(msgspec.Struct, Generic[Item]):
    """A page of a list: `class SessionPage(ItemPage[Session])`."""

    items: list[Item]
    next_cursor: NextCursor


def next_cursor(rows: Sequence[Row], page: Page, key: Callable[[Row], object]) -> str | None:
    """Where the next page begins; None when this one was the last."""
    if len(rows) < page.limit:
        return None
    return base64.urlsafe_b64encode(msgspec.json.encode(key(rows[-1]))).decode()
