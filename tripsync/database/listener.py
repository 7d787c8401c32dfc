"""A process has one LISTEN connection, apart from the pool, and restores it when it is lost.

A notification is a hint: it may say whom it concerns, and whoever is woken reads the truth from
its table. So nothing is lost with a connection: on coming back, everybody is woken once, and is
told nothing but that.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import asyncpg

from tripsync.database.availability import Availability, Repeated
from tripsync.database.roles import APP, let_in
from tripsync.metrics import counter

LOST = counter("tripsync_listener_lost", "How often the LISTEN connection was lost")
# By which PostgreSQL knows a connection that hears everything: one a worker.
NAME = "tripsync listener"

# The notification that stands for all that may have been missed.
ANYTHING = ""

RETRY_AFTER = 0.5
# A dead line shows itself only when it is used.
PROBE_EVERY = 5.0


class Listener:
    """Calls the subscribers of a channel with each of its notifications."""

    def __init__(self, url: str, availability: Availability) -> None:
        self._url = url
        self._listening = Repeated("listening", availability)
        self._subscribers: dict[str, list[Callable[[str], None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def subscribe(self, channel: str, subscriber: Callable[[str], None]) -> None:
        """Call this for each notification of a channel; before `start`."""
        self._subscribers.setdefault(channel, []).append(subscriber)

    def dispatch(self, channel: str, words: str) -> None:
        """Pass a notification on to who subscribes to its channel."""
        for subscriber in self._subscribers.get(channel, ()):
            subscriber(words)

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_listening(), name="listener")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_listening(self) -> None:
        while True:
            if not await self._listening.succeeds(self._listen()):
                LOST.inc()
            await asyncio.sleep(RETRY_AFTER)

    async def _listen(self) -> None:
        connection = await let_in(
            self._url,
            timeout=5,
            command_timeout=PROBE_EVERY,
            server_settings={"application_name": "tripsync", "role": APP},
        )
        try:
            for channel in self._subscribers:
                await connection.add_listener(channel, self._on_notification)
            # Only now: whoever counts listeners waits for an answer from each of them.
            await connection.execute(f"set application_name to '{NAME}'")
            for channel in self._subscribers:
                self.dispatch(channel, ANYTHING)
            self._listening.succeeded()
            while True:
                await asyncio.sleep(PROBE_EVERY)
                await connection.execute("select 1")
        finally:
            connection.terminate()

    def _on_notification(self, _connection: object, _pid: int, channel: str, words: object) -> None:
        self.dispatch(channel, str(words))


async def count_listeners(connection: asyncpg.Connection) -> int:
    """How many workers, on whatever hosts, hear what is said on this database."""
    return int(
        await connection.fetchval(
            "select count(*) from pg_stat_activity"
            " where datname = current_database() and application_name = $1",
            NAME,
        )
    )
