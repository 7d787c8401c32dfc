"""Each device says how far it has come; that is kept with its session, once a second."""

import asyncio
from contextlib import suppress

from tripsync.database import Database
from tripsync.database.availability import Repeated
from tripsync.database.row_security import all_colleges

WRITE_EVERY = 1.0


class Acknowledgements:
    """Gathers what devices of this process acknowledge."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._said: dict[int, int] = {}
        self._writing = Repeated("writing acknowledgements", database.availability)
        self._task: asyncio.Task[None] | None = None

    def add(self, session_id: int, seq: int) -> None:
        self._said[session_id] = max(seq, self._said.get(session_id, 0))

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_writing(), name="acknowledgements")

    async def stop(self) -> None:
        """Write what is left."""
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        await self.write()

    async def write(self) -> None:
        """What cannot be written now is written with the next; a number that is lost with the
        process is said again: events may come twice, never not at all."""
        said, self._said = self._said, {}
        if not said:
            return
        with all_colleges():
            write = self._database.reading.events.acknowledge(
                session_ids=list(said), seqs=list(said.values())
            )
            written = await self._writing.succeeds(write)
        if not written:
            for session_id, seq in said.items():
                self.add(session_id, seq)

    async def _keep_writing(self) -> None:
        while True:
            await asyncio.sleep(WRITE_EVERY)
            await self.write()
