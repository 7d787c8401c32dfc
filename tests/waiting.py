"""Waiting for what is about to happen, instead of sleeping and hoping."""

import asyncio
import inspect
import os
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from tripsync.database.listener import count_listeners

# Long enough for the slowest machine, short enough to read the failure the same day.
PATIENCE = float(os.environ.get("TEST_PATIENCE", "90"))

Seen = TypeVar("Seen")


async def until(
    condition: Callable[[], Seen | Awaitable[Seen]], *, within: float = PATIENCE
) -> Seen:
    """The first true outcome of a condition that is about to hold."""
    async with asyncio.timeout(within):
        while True:
            outcome = condition()
            if inspect.isawaitable(outcome):
                outcome = await outcome
            if outcome:
                return outcome
            await asyncio.sleep(0.01)


async def number_of_listeners(url: str) -> int:
    """How many servers hear what happens in this database."""
    connection = await asyncpg.connect(url)
    try:
        return await count_listeners(connection)
    finally:
        await connection.close()


async def until_listening(url: str, number: int) -> None:
    """Until so many servers hear what happens in this database."""

    async def listening() -> bool:
        return await number_of_listeners(url) == number

    await until(listening)


async def until_waiting_for_locks(db: asyncpg.Connection, number: int = 1) -> None:
    """Until so many transactions of this database wait for a lock."""

    async def waiting() -> bool:
        # Inside a transaction PostgreSQL would go on showing what it showed first.
        await db.execute("select pg_stat_clear_snapshot()")
        count = await db.fetchval(
            "select count(*) from pg_stat_activity "
            "where datname = current_database() and wait_event_type = 'Lock'"
        )
        return bool(count >= number)

    await until(waiting)
