"""What happens by the clock: each timer in one worker at a time, in one transaction.

A feature lists its timers; the application starts them in every worker. Whose turn it is the
database decides (sql/timers.sql). A timer must do its work for all that is due, not for "now":
it may have been late by an hour.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from tripsync.database import Database, Transaction
from tripsync.database.availability import Repeated
from tripsync.database.wall import all_colleges
from tripsync.metrics import NOT_WAITED_FOR, counter, histogram

TURNS = counter("tripsync_timer_turns", "Turns that were taken", "timer", "outcome")
TURN_SECONDS = histogram(
    "tripsync_timer_seconds", "How long a turn took", "timer", buckets=NOT_WAITED_FOR
)

# Workers look this often in a period, so that a turn missed by a dying one is taken soon.
LOOKS_PER_PERIOD = 4
# Rows that one turn takes away where something is forgotten, so that nobody waits for it. The rest
# has the next turn.
FEW_AT_ONCE = 5000


@dataclass(frozen=True, slots=True)
class Timer:
    """An act, and how often it happens."""

    name: str
    seconds: float
    act: Callable[[Transaction], Awaitable[object]]


class Timers:
    """Runs the timers of one worker until it stops."""

    def __init__(self, database: Database, timers: Sequence[Timer]) -> None:
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

    async def run(self, timer: Timer) -> bool:
        """Run a timer if it is this worker's turn; whether it was."""
        with all_colleges():
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

    async def _keep(self, timer: Timer) -> None:
        looking = Repeated(f"the timer {timer.name}", self._database.availability)
        while True:
            await asyncio.sleep(timer.seconds / LOOKS_PER_PERIOD)
            # A turn that fails is given back with its transaction: the next look tries again.
            if not await looking.succeeds(self.run(timer)):
                TURNS.labels(timer.name, "failed").inc()
