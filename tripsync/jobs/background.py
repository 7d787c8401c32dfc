"""Jobs and timers run beside requests, inside a server or in `tripsync worker`."""

from collections.abc import Sequence

from tripsync.database import Database
from tripsync.jobs import Job
from tripsync.jobs.timers import AnyTimer, Timers
from tripsync.jobs.worker import Worker
from tripsync.settings import Settings


class Background:
    """The jobs and timers of one process."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        jobs: Sequence[Job],
        timers: Sequence[AnyTimer],
    ) -> None:
        self._worker = Worker(settings, database, jobs)
        self._timers = Timers(database, timers)

    def start(self) -> None:
        self._worker.start()
        self._timers.start()

    def wind_down(self) -> None:
        """Begin nothing new."""
        self._worker.wind_down()

    async def stop(self) -> None:
        await self._timers.stop()
        await self._worker.stop()
