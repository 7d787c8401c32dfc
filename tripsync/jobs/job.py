"""A job is enqueued in a transaction and ends once, whoever is killed meanwhile.

A worker may be killed at any moment, and another one then takes its jobs up. So an act may begin
twice. What it writes in `run.finishing()` is written once all the same: the same transaction takes
the job off the queue. What leaves the house, such as a mail, may leave twice.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import asyncpg
import msgspec

from tripsync.database import Database, Transaction
from tripsync.jobs.timers import FEW_AT_ONCE, Timer
from tripsync.settings import Settings

MARK_AGAIN_AFTER = 0.2
DATABASE_AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class Setback(Exception):  # noqa: N818 - not an error of ours
    """It did not work now and may later. The message is kept with the job and logged: no secrets,
    nobody's address."""


class Hopeless(Exception):  # noqa: N818 - not an error of ours
    """It will not work later either. The message is kept, as that of a setback."""


class DoneAlready(Exception):  # noqa: N818 - nothing went wrong
    """Another worker has done this job meanwhile."""


@dataclass(slots=True)
class Run:
    """One try of one job."""

    job_id: int
    attempt: int
    database: Database
    settings: Settings
    finished: bool = False

    @asynccontextmanager
    async def finishing(self) -> AsyncIterator[Transaction]:
        """The transaction in which the job ends: what is written here is written once."""
        async with self.database.transaction() as db:
            if await db.jobs.finish_job(job_id=self.job_id) is None:
                raise DoneAlready
            yield db
        self.finished = True

    async def finish(self) -> None:
        """End a job whose act has left its mark elsewhere, such as a mail that was accepted.

        Where the database is away just now, this waits for it: to be done and not marked so means
        to be done again."""
        while not self.finished:
            try:
                await self.database.reading.jobs.finish_job(job_id=self.job_id)
            except DATABASE_AWAY:
                await asyncio.sleep(MARK_AGAIN_AFTER)
            else:
                self.finished = True


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of job: its payload, which holds ids and never what may be outdated when it is done,
    and what to do about it."""

    name: str
    payload: type[msgspec.Struct]
    act: Callable[[Run, Any], Awaitable[None]]


async def enqueue(db: Transaction, kind: str, *payloads: msgspec.Struct, priority: int = 0) -> None:
    """Have something done once this transaction stands; the higher its priority the sooner."""
    if payloads:
        encoded = [msgspec.json.encode(each) for each in payloads]
        await db.jobs.enqueue_jobs(kind=kind, payloads=encoded, priority=priority)


DAYS_OF_LOG = 7
DAYS_OF_THE_DEAD = 30


async def forget_jobs(db: Transaction) -> None:
    await db.jobs.forget_log(days=DAYS_OF_LOG, size=FEW_AT_ONCE)
    await db.jobs.forget_dead_jobs(days=DAYS_OF_THE_DEAD, size=FEW_AT_ONCE)


timers = (Timer("forget jobs", 120, forget_jobs),)
