"""Ended sessions are remembered while their access tokens would still be good.

A token is checked without the database. How does a logout, a ban or a new password then
take effect at once, everywhere? Each worker keeps the ids of all sessions that ended within
the life of a token: a small set, looked up for every request. A trigger says NOTIFY when
sessions end, and every worker then reads which; so whoever ends them, also a DBA in psql,
is heard within milliseconds. Should the LISTEN connection be dead and not know it, the
same reading happens every half second anyway.
"""

import asyncio
from collections.abc import Callable, Collection
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from tripsync.database import Database
from tripsync.database.availability import Repeated
from tripsync.database.listener import Listener
from tripsync.database.row_security import all_colleges

CHANNEL = "session_ended"
READ_AT_LEAST_EVERY = 0.5
# Read again what ended shortly before the last reading: a transaction may commit late.
OVERLAP = timedelta(minutes=1)


class EndedSessions:
    """The sessions this worker no longer lets in."""

    def __init__(self, database: Database, token_lifetime: int) -> None:
        self._database = database
        self._remember = timedelta(seconds=token_lifetime) + OVERLAP
        self._ended: dict[int, datetime] = {}
        self._read_until = datetime.now(UTC) - self._remember
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._on_end: Callable[[Collection[int]], None] = lambda session_ids: None

    def on_end(self, act: Callable[[Collection[int]], None]) -> None:
        """What this worker does as soon as it learns that sessions ended."""
        self._on_end = act

    def __contains__(self, session_id: int) -> bool:
        return session_id in self._ended

    def add(self, session_id: int) -> None:
        """This worker ended one itself and need not wait for the news."""
        self._ended[session_id] = datetime.now(UTC)
        self._on_end([session_id])

    async def start(self, listener: Listener) -> None:
        listener.subscribe(CHANNEL, lambda _: self._woken.set())
        await self.read()
        self._task = asyncio.create_task(self._keep_reading(), name="ended sessions")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def read(self) -> None:
        """Learn what ended since the last reading, and forget what no token can name any more."""
        oldest = datetime.now(UTC) - self._remember
        with all_colleges():
            rows = await self._database.reading.sessions.list_ended_sessions(
                since=self._read_until - OVERLAP
            )
        fresh = [row["session_id"] for row in rows if row["session_id"] not in self._ended]
        for row in rows:
            self._ended[row["session_id"]] = row["ended_at"]
            self._read_until = max(self._read_until, row["ended_at"])
        if any(ended_at < oldest for ended_at in self._ended.values()):
            self._ended = {
                session_id: ended_at
                for session_id, ended_at in self._ended.items()
                if ended_at >= oldest
            }
        if fresh:
            self._on_end(fresh)

    async def _keep_reading(self) -> None:
        reading = Repeated("reading ended sessions", self._database.availability)
        while True:
            # Not wait_for: until Python 3.12 it swallows a cancellation that comes together with
            # what was waited for, and a stop would wait for ever.
            with suppress(TimeoutError):
                async with asyncio.timeout(READ_AT_LEAST_EVERY):
                    await self._woken.wait()
            self._woken.clear()
            await reading.succeeds(self.read())
