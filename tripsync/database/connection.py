"""Connections of the pool, and what runs statements on them."""

from typing import Any

import asyncpg
import msgspec

from tripsync.database.encoding import encode
from tripsync.database.row_security import NONE

# A request that cannot get a connection in this time is better told so.
WAIT_FOR_CONNECTION = 3.0


class Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that is handed back as it is.

    asyncpg would send `RESET ALL; UNLISTEN *; ...` after every use: a second round trip
    for each read. Nothing here changes a session: settings are `set local`, advisory
    locks end with their transaction, LISTEN has a connection of its own. But for one: behind the
    wall it goes on seeing the college it was told last, and is told when another one is wanted.
    """

    _college = NONE

    def get_reset_query(self) -> str:
        return ""

    async def set_college(self, college: str) -> None:
        """From now on it sees this college."""
        if college != self._college:
            await self.execute(f"set tripsync.college = '{college}'")
            self._college = college


async def prepare_connection(connection: Connection) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: encode(value).decode(),
        decoder=msgspec.json.decode,
    )


def borrow(pool: asyncpg.Pool) -> Any:
    """Hand out whichever connection is free, for as long as a context lasts."""
    return pool.acquire(timeout=WAIT_FOR_CONNECTION)


class Lender:
    """Runs each statement on whichever connection is free."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        async with borrow(self._pool) as connection:
            return await connection.fetch(sql, *values)  # type: ignore[no-any-return]

    async def fetchrow(self, sql: str, *values: object) -> Any:
        async with borrow(self._pool) as connection:
            return await connection.fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        async with borrow(self._pool) as connection:
            return await connection.fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        async with borrow(self._pool) as connection:
            return await connection.execute(sql, *values)  # type: ignore[no-any-return]


class OnlyStatement:
    """Runs one statement, which is a transaction by itself, and refuses a second one."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection | None = connection

    def _spend(self) -> Connection:
        connection, self._connection = self._connection, None
        if connection is None:
            raise RuntimeError("two statements need a transaction: use run_in_transaction")
        return connection

    async def fetch(self, sql: str, *values: object) -> list[Any]:
        return await self._spend().fetch(sql, *values)  # type: ignore[no-any-return]

    async def fetchrow(self, sql: str, *values: object) -> Any:
        return await self._spend().fetchrow(sql, *values)

    async def fetchval(self, sql: str, *values: object) -> Any:
        return await self._spend().fetchval(sql, *values)

    async def execute(self, sql: str, *values: object) -> str:
        return await self._spend().execute(sql, *values)  # type: ignore[no-any-return]
