"""Timers act by the clock: each turn in one worker, in one transaction.

A feature lists its timers; the application starts them in every worker. Whose turn it is the
database decides (sql/timers.sql). Most timers have one turn for all colleges; a `CollegeTimer` has
one for each, which the workers share. A timer must do its work for all that is due, not for "now":
it may have been late by an hour.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from tripsync.database import Bound, Database, Transaction
from tripsync.database.availability import Repeated
from tripsync.database.row_security import all_colleges
from tripsync.metrics import NOT_WAITED_FOR, counter, histogram

log = logging.getLogger("tripsync.timers")

TURNS = counter("tripsync_timer_turns", "Turns that were taken", "timer", "outcome")
TURN_SECONDS = histogram(
    "tripsync_timer_seconds", "How long a turn took", "timer", buckets=NOT_WAITED_FOR
)

# Workers look this often in a period, so that a turn missed by a dying one is taken soon.
LOOKS_PER_PERIOD = 4
# Rows that one turn takes away where something is forgotten, so that nobody waits for it. The rest
# has the next turn.
FEW_AT_ONCE = 5000
# Of one worker: while a large college keeps it busy, the small ones go on.
COLLEGES_AT_ONCE = 2


@dataclass(frozen=True, slots=True)
class Timer:
    """An act, and how often it happens."""

    name: str
    seconds: float
    act: Callable[[Transaction], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class CollegeTimer:
    """An act that each college has for itself: none waits for another one, or fails with it."""

    name: str
    seconds: float
    act: Callable[[Transaction, int], Awaitable[object]]
    # The ids of the colleges in which there is something to do.
    colleges: Callable[[Bound], Awaitable[Sequence[int]]]


AnyTimer = Timer | CollegeTimer


class Timers:
    """Runs the timers of one worker until it stops."""

    def __init__(self, database: Database, timers: Sequence[AnyTimer]) -> None:
        self._database = database
        self._timers = timers
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._keep(timer), name=f"timer {timer.name}")
            for timer in self._timers
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def run(self, timer: AnyTimer) -> int:
        """Take the turns of a timer that are this worker's; how many were."""
        with all_colleges():
            if isinstance(timer, CollegeTimer):
                return await self._run_in_colleges(timer)
            return await self._run(timer)

    async def _run(self, timer: Timer) -> bool:
        async with self._database.transaction() as db:
            turn = await db.timers.take_turn(name=timer.name, period_seconds=timer.seconds)
            if turn:
                with TURN_SECONDS.labels(timer.name).time():
                    await timer.act(db)
        if turn:
            TURNS.labels(timer.name, "done").inc()
        return bool(turn)

    async def _run_in_colleges(self, timer: CollegeTimer) -> int:
        async with self._database.transaction() as db:
            colleges = {f"{timer.name} {each}": each for each in await timer.colleges(db)}
            due = iter(
                await db.timers.list_due_turns(names=list(colleges), period_seconds=timer.seconds)
            )

        async def take_turns() -> int:
            taken = 0
            for row in due:
                taken += await self._run_in_college(timer, row["name"], colleges[row["name"]])
            return taken

        takers = [asyncio.create_task(take_turns()) for _ in range(COLLEGES_AT_ONCE)]
        try:
            return sum(await asyncio.gather(*takers))
        finally:
            for taker in takers:
                taker.cancel()

    async def _run_in_college(self, timer: CollegeTimer, name: str, college_id: int) -> bool:
        began = monotonic()
        try:
            async with self._database.transaction() as db:
                turn = await db.timers.take_free_turn(name=name, period_seconds=timer.seconds)
                if turn:
                    with TURN_SECONDS.labels(timer.name).time():
                        await timer.act(db, college_id)
        except Exception as reason:
            if await self._database.availability.explains(reason, began):
                # The others would fail alike.
                raise
            TURNS.labels(timer.name, "failed").inc()
            # The turn was given back, too.
            log.exception("the timer %s failed in college %s", timer.name, college_id)
            return False
        if turn:
            TURNS.labels(timer.name, "done").inc()
        return bool(turn)

    async def _keep(self, timer: AnyTimer) -> None:
        looking = Repeated(f"the timer {timer.name}", self._database.availability)
        while True:
            await asyncio.sleep(timer.seconds / LOOKS_PER_PERIOD)
            # A turn that fails is given back with its transaction: the next look tries again.
            if not await looking.succeeds(self.run(timer)):
                TURNS.labels(timer.name, "failed").inc()
