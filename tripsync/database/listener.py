"""One LISTEN connection a process, apart from the pool, found again when it is lost.

A notification is a hint and carries no data: whoever is woken reads the truth from its
table. So nothing is lost with a connection: on coming back, everybody is woken once.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import asyncpg

log = logging.getLogger("tripsync.database")

RETRY_AFTER = 0.5
# A dead line shows itself only when it is used.
PROBE_EVERY = 5.0


class Listener:
    """Calls the listeners of a channel whenever something was said on it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._wakes: dict[str, list[Callable[[], None]]] = {}
        self._task: asyncio.Task[None] | None = None

    def on(self, channel: str, wake: Callable[[], None]) -> None:
        """Say before `start` who wants to be woken by which channel."""
        self._wakes.setdefault(channel, []).append(wake)

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_listening(), name="listener")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_listening(self) -> None:
        while True:
            try:
                await self._listen()
            except Exception as reason:
                # Whatever it was, a worker that hears nothing any more must go on trying.
                log.warning("the LISTEN connection was lost: %s", type(reason).__name__)
            await asyncio.sleep(RETRY_AFTER)

    async def _listen(self) -> None:
        connection = await asyncpg.connect(
            self._url, timeout=5, server_settings={"application_name": "tripsync listener"}
        )
        try:
            for channel in self._wakes:
                await connection.add_listener(channel, self._heard)
            for channel in self._wakes:
                self._wake(channel)
            while True:
                await asyncio.sleep(PROBE_EVERY)
                await connection.execute("select 1", timeout=PROBE_EVERY)
        finally:
            connection.terminate()

    def _heard(self, _connection: object, _pid: int, channel: str, _payload: object) -> None:
        self._wake(channel)

    def _wake(self, channel: str) -> None:
        for wake in self._wakes[channel]:
            wake()
