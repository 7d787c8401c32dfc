"""Row-level security bounds which college's rows a statement may touch (migrations/0035).

With ROW_SECURITY=on every connection acts as a role that PostgreSQL shows the rows of one college,
or of all where that is said, or else of none. Who begins something says which: a request that of
its rider's token; what is open to everybody, and what runs beside requests, all of them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol

NONE = ""
ALL = "all"

in_sight: ContextVar[str] = ContextVar("college", default=NONE)


class Walled(Protocol):
    """A connection that knows what it was told."""

    async def set_college(self, college: str) -> None: ...


def see_college(college_id: int) -> None:
    """From here on, whoever goes on in this context sees this college."""
    in_sight.set(str(college_id))


def see_all_colleges() -> None:
    in_sight.set(ALL)


def see_nothing() -> None:
    in_sight.set(NONE)


@contextmanager
def all_colleges() -> Iterator[None]:
    """Inside, what is done is about all colleges."""
    before = in_sight.set(ALL)
    try:
        yield
    finally:
        in_sight.reset(before)


async def stand_in_place(connection: Walled) -> None:
    """Before a connection is lent: it sees what its user does."""
    await connection.set_college(in_sight.get())
