"""A transaction that lost a race is tried again from its beginning, a few times.

Either PostgreSQL ends it: a deadlock, a serialization failure, a lock that it did not get in time,
a constraint that another one's row came to first. Or it raises `MovedError`, because what it had
looked at is no longer so now that it holds it. A try that ends in this way is rolled back whole,
with its events and with what was to happen after the commit; the next one finds what the other
transaction has left, and either succeeds or is refused for good.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import asyncpg

from tripsync.metrics import counter

Outcome = TypeVar("Outcome")

MOST_TRIES = 6
# Before the second try; before each further one up to twice as long.
FIRST_PAUSE = 0.02

RETRIES = counter("tripsync_retries", "Transactions that were tried again", "reason")


class MovedError(Exception):
    """What a transaction had looked at was changed before it held it."""


LOST_RACES = (
    MovedError,
    asyncpg.UniqueViolationError,
    asyncpg.ExclusionViolationError,
    asyncpg.ForeignKeyViolationError,
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
)


async def retry(act: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Run `act`, one transaction and nothing else, until it is settled or every try is used up."""
    for nth in range(MOST_TRIES - 1):
        try:
            return await act()
        except LOST_RACES as lost:
            RETRIES.labels(type(lost).__name__).inc()
        # At random, so that two who met do not meet again.
        await asyncio.sleep(random.uniform(0, FIRST_PAUSE * 2**nth))
    return await act()
