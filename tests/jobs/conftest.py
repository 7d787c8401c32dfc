"""A queue of one test's own, and workers that do what the test says.

The usual server does jobs too, of the usual database. So these tests have a database of their own:
nobody else takes what they enqueue.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from tests.waiting import until
from tripsync.database import Database
from tripsync.database.migrations import migrate
from tripsync.jobs import Job, Run, enqueue
from tripsync.jobs.worker import Worker
from tripsync.settings import Settings

StartWorker = Callable[..., Awaitable[Worker]]


class Numbered(msgspec.Struct):
    """What the jobs of these tests are about."""

    number: int


@pytest.fixture
def own(empty_database: str, settings: Settings) -> Settings:
    """Settings for a migrated database of the test's own."""
    migrate(empty_database)
    return msgspec.structs.replace(
        settings, database_url=empty_database, database_pool_min=1, database_pool_max=5
    )


@pytest.fixture
async def queue(own: Settings) -> AsyncIterator[Database]:
    database = await Database.open(own)
    yield database
    await database.close()


@pytest.fixture
async def start_worker(own: Settings, queue: Database) -> AsyncIterator[StartWorker]:
    """Starts workers: `await start_worker(Job("count", Numbered, act))`."""
    async with AsyncExitStack() as started:

        async def start(*jobs: Job, dead_after: float = 30, **changes: Any) -> Worker:
            settings = msgspec.structs.replace(own, **changes)
            return await started.enter_async_context(working(settings, queue, jobs, dead_after))

        yield start


@asynccontextmanager
async def working(
    settings: Settings, database: Database, jobs: Sequence[Job], dead_after: float = 30
) -> AsyncIterator[Worker]:
    worker = Worker(settings, database, jobs, timedelta(seconds=dead_after))
    worker.start()
    yield worker
    await worker.stop()


async def ask_for(database: Database, kind: str, *numbers: int) -> None:
    async with database.transaction() as db:
        await enqueue(db, kind, *(Numbered(number) for number in numbers))


async def states_of(database: Database) -> dict[str, int]:
    """How many jobs are in which state."""
    rows = await database.reading.jobs.count_jobs()
    return {row["state"]: row["jobs"] for row in rows}


async def note(run: Run, wanted: Numbered) -> None:
    """An effect that is ours: counted in the transaction that ends the job."""
    async with run.finishing() as db:
        await db.rate_limits.count_hit(key=str(wanted.number), window_seconds=86_400)


NOTE = Job("note", Numbered, note)

# Of a thousand jobs, those in which a worker that is to be killed gets stuck: it is always in the
# middle of something, however late the killer comes.
STICKS_AT = range(99, 1000, 100)


async def effects_of(database: Database) -> dict[int, int]:
    """How often each number was noted."""
    rows = await database.pool.fetch("select key, hits from rate_counters")
    return {int(row["key"]): row["hits"] for row in rows}


async def all_done(database: Database) -> None:
    """Until no job is left, dead or alive."""

    async def is_empty() -> bool:
        return await states_of(database) == {}

    await until(is_empty)


def once(*numbers: int) -> dict[int, int]:
    return dict.fromkeys(numbers, 1)
