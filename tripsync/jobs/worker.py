"""The worker of a process takes jobs from the queue and does several at a time.

pgqueuer lends the jobs out, hears of new ones, and takes up those whose worker beats no more. What
it says and how often a thing is tried is decided here.
"""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from random import uniform
from time import monotonic

import msgspec
from pgqueuer.db import AsyncpgDriver
from pgqueuer.errors import RetryRequested
from pgqueuer.models import Job as Lent
from pgqueuer.qm import QueueManager
from pgqueuer.queries import Queries

from tripsync.database import Database
from tripsync.database.availability import Repeated
from tripsync.database.roles import APP, let_in
from tripsync.database.row_security import all_colleges
from tripsync.jobs.job import DoneAlready, Hopeless, Job, Run, Setback
from tripsync.metrics import NOT_WAITED_FOR, counter, histogram
from tripsync.settings import Settings

log = logging.getLogger("tripsync.jobs")

TRIES = counter("tripsync_job_tries", "Tries of jobs, and how they ended", "job", "outcome")
TRY_SECONDS = histogram(
    "tripsync_job_seconds", "How long a try took that succeeded", "job", buckets=NOT_WAITED_FOR
)

AT_ONCE = 10
# pgqueuer wants room for two of its batches.
BATCH = AT_ONCE // 2
LOOK_AT_LEAST_EVERY = timedelta(seconds=5)
# Who has not beaten for so long is taken for dead, and its jobs are taken up.
DEAD_AFTER = timedelta(seconds=30)
LONGEST_ACT = 120.0
RECONNECT_AFTER = 0.5
# For saying that a job is given back.
LAST_WORDS = 2.0

# 15 seconds, a minute, four, 16, an hour; then every three hours: most of a day.
FIRST_WAIT = 15.0
LONGEST_WAIT = 3 * 60 * 60.0
MOST_TRIES = 12


class Worker:
    """Does jobs until it is stopped."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        jobs: Sequence[Job],
        dead_after: timedelta = DEAD_AFTER,
    ) -> None:
        self._settings = settings
        self._database = database
        self._jobs = jobs
        self._dead_after = dead_after
        self._queue: QueueManager | None = None
        self._keeper: asyncio.Task[None] | None = None
        self._stopping = asyncio.Event()
        self._patient_until = 0.0
        self._out_of_patience = False
        self._working = Repeated("the work on jobs", database.availability)
        self._acts: set[asyncio.Task[None]] = set()

    def start(self) -> None:
        self._keeper = asyncio.create_task(self._keep_working(), name="jobs")

    def wind_down(self) -> None:
        """Take no more jobs. Those under way have the grace of everything else to end."""
        if not self._stopping.is_set():
            self._stopping.set()
            self._patient_until = asyncio.get_running_loop().time() + self._settings.grace_seconds
            if self._queue:
                self._queue.shutdown.set()

    async def stop(self) -> None:
        """Wait for the jobs under way; what takes too long is given back to the queue."""
        self.wind_down()
        if self._keeper is None:
            return
        patience = self._patient_until - asyncio.get_running_loop().time()
        await asyncio.wait([self._keeper], timeout=max(0.0, patience))
        self._out_of_patience = True
        for act in self._acts:
            act.cancel()
        await asyncio.wait([self._keeper], timeout=LAST_WORDS)
        self._keeper.cancel()
        with suppress(asyncio.CancelledError):
            await self._keeper

    async def _keep_working(self) -> None:
        while not self._stopping.is_set():
            if not await self._working.succeeds(self._work()):
                with suppress(TimeoutError):
                    async with asyncio.timeout(RECONNECT_AFTER):
                        await self._stopping.wait()

    async def _work(self) -> None:
        """Take jobs over one connection, apart from the pool, for as long as it lasts."""
        connection = await let_in(
            self._settings.database_url,
            timeout=5,
            command_timeout=self._settings.statement_timeout_ms / 1000 + 1,
            server_settings={
                "application_name": "tripsync jobs",
                "role": APP,
                "statement_timeout": str(self._settings.statement_timeout_ms),
            },
        )
        self._working.succeeded()
        try:
            self._queue = QueueManager(Queries(AsyncpgDriver(connection)))
            for job in self._jobs:
                # Held when it has failed for good: somebody may look at it and try again.
                self._queue.entrypoint(job.name, on_failure="hold", accepts_context=False)(
                    partial(self._do, job)
                )
            if not self._stopping.is_set():
                await self._queue.run(
                    dequeue_timeout=LOOK_AT_LEAST_EVERY,
                    batch_size=BATCH,
                    max_concurrent_tasks=AT_ONCE,
                    heartbeat_timeout=self._dead_after,
                    shutdown_on_listener_failure=True,
                    # Its statistics are nobody's; what was done is in our log.
                    log_aggregation_interval=timedelta(0),
                )
        finally:
            connection.terminate()

    async def _do(self, job: Job, lent: Lent) -> None:
        """One try, and a line about it."""
        run = Run(lent.id, lent.attempts + 1, self._database, self._settings)
        about = {"job": job.name, "job_id": run.job_id, "attempt": run.attempt}
        if run.attempt > MOST_TRIES:
            # The last one ended with its worker, which therefore could not say so.
            raise self._failed(job, run, Setback("its worker died"), about)
        began = monotonic()
        act = asyncio.create_task(perform(job, run, lent.payload or b""))
        self._acts.add(act)
        try:
            async with asyncio.timeout(LONGEST_ACT):
                await act
        except asyncio.CancelledError:
            if not self._out_of_patience:
                raise
            TRIES.labels(job.name, "given back").inc()
            log.info("job %s is given back", job.name, extra=about)
            # pgqueuer would take a cancelled job off the queue.
            raise RetryRequested(timedelta(0), "the worker stopped") from None
        except Hopeless as reason:
            TRIES.labels(job.name, "dead").inc()
            log.error("job %s is dead: %s", job.name, reason, extra=about)
            raise Hopeless(str(reason)) from None
        except TimeoutError:
            raise self._failed(job, run, Setback("it took too long"), about) from None
        except Exception as reason:
            if await self._database.availability.explains(reason, began):
                reason = Setback("the database was lost meanwhile")
            raise self._failed(job, run, reason, about) from None
        finally:
            self._acts.discard(act)
        took = monotonic() - began
        TRIES.labels(job.name, "done").inc()
        TRY_SECONDS.labels(job.name).observe(took)
        milliseconds = round(took * 1000, 1)
        log.info("job %s is done", job.name, extra={**about, "milliseconds": milliseconds})

    def _failed(
        self, job: Job, run: Run, reason: Exception, about: dict[str, object]
    ) -> RetryRequested | Hopeless:
        """What becomes of a job that failed for a reason that may pass."""
        expected = isinstance(reason, Setback)
        words = str(reason) if expected else type(reason).__name__
        unexpected = None if expected else reason
        if run.attempt >= MOST_TRIES:
            TRIES.labels(job.name, "dead").inc()
            log.error("job %s is dead: %s", job.name, words, extra=about, exc_info=unexpected)
            return Hopeless(words)
        TRIES.labels(job.name, "to be tried again").inc()
        wait = wait_after(run.attempt)
        again = f"job %s failed: %s; again in {wait:.0f} s"
        log.warning(again, job.name, words, extra=about, exc_info=unexpected)
        return RetryRequested(timedelta(seconds=wait), words)


async def perform(job: Job, run: Run, payload: bytes) -> None:
    try:
        wanted = msgspec.json.decode(payload, type=job.payload)
    except msgspec.DecodeError:
        raise Hopeless("the payload is not of this kind") from None
    try:
        with all_colleges():
            await job.act(run, wanted)
            await run.finish()
    except DoneAlready:
        pass


def wait_after(attempt: int) -> float:
    """Longer each time, and not the same for all that failed together."""
    return float(min(LONGEST_WAIT, FIRST_WAIT * 4 ** (attempt - 1))) * uniform(0.8, 1.2)
