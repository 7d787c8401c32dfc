"""One place of a process knows whether the database can be used, and logs when that changes.

Everything that runs beside requests meets a lost database at the same moment. Who meets a failure
asks here whether the database explains it. The first one who asks has it examined, over a
connection of its own, and that is one line in the log; then it is examined until it is well, and
that is another.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from enum import StrEnum
from time import monotonic

import asyncpg

from tripsync.database.roles import NotLetInError, let_in

log = logging.getLogger("tripsync.database")

EXAMINE_EVERY = 0.5
ANSWERS_WITHIN = 5.0


# No database, no free connection, or none in time. A dead line is an OSError.
AWAY = (
    NotLetInError,
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.LockNotAvailableError,
    asyncpg.InterfaceError,
    # What asyncpg says when a line breaks between two of its own steps.
    asyncpg.InternalClientError,
    TimeoutError,
    OSError,
)
# A standby, or a database that its owner closed for writes.
READ_ONLY = asyncpg.ReadOnlySQLTransactionError


class Trouble(StrEnum):
    """What keeps us from using the database."""

    LOST = "lost"
    READ_ONLY = "read-only"


class Availability:
    """Knows in which trouble a database is."""

    def __init__(self, url: str, role: str, replace_connections: Callable[[], Awaitable[None]]):
        self._url = url
        self._role = role
        self._replace_connections = replace_connections
        self._trouble: Trouble | None = None
        self._since = self._back_at = 0.0
        # One examination at a time.
        self._examining = asyncio.Lock()
        self._tasks: set[asyncio.Task[object]] = set()

    async def explains(self, reason: Exception, began: float) -> bool:
        """Whether what began then failed because of the trouble in which the database is, or was
        meanwhile; the trouble has been logged."""
        if not isinstance(reason, (*AWAY, READ_ONLY)):
            return False
        if self._covers(reason, began):
            return True
        async with self._examining:
            if self._covers(reason, began):
                return True
            await self._examine()
            if self._trouble is None and isinstance(reason, READ_ONLY):
                # It was a connection that was opened before writes were allowed again.
                await self._replace_connections()
                return True
            return self._covers(reason, began)

    def suspect(self, reason: Exception) -> None:
        """Have a failure explained soon, for who cannot wait."""
        if not self._tasks:
            self._start(self.explains(reason, monotonic()))

    async def stop(self) -> None:
        for task in list(self._tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    def _start(self, act: Awaitable[object]) -> None:
        task = asyncio.ensure_future(act)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _covers(self, reason: Exception, began: float) -> bool:
        if isinstance(reason, READ_ONLY):
            return self._trouble is not None
        return self._trouble is Trouble.LOST or began < self._back_at

    async def _examine(self) -> None:
        trouble, reason = await self._look()
        before, self._trouble = self._trouble, trouble
        if trouble is before:
            return
        if trouble is None:
            # A connection may go on being read-only, as it was when it was opened.
            await self._replace_connections()
            self._back_at = monotonic()
            log.info("the database is back after %.1f s", self._back_at - self._since)
            return
        log.error("the database is %s: %s", trouble, reason)
        if before is None:
            self._since = monotonic()
            self._start(self._keep_examining())

    async def _keep_examining(self) -> None:
        while self._trouble is not None:
            await asyncio.sleep(EXAMINE_EVERY)
            async with self._examining:
                await self._examine()

    async def _look(self) -> tuple[Trouble | None, str]:
        """As whoever comes for the first time would find it."""
        try:
            async with asyncio.timeout(ANSWERS_WITHIN):
                connection = await let_in(
                    self._url,
                    server_settings={"application_name": "tripsync check", "role": self._role},
                )
                try:
                    read_only = await connection.fetchval("show transaction_read_only")
                finally:
                    connection.terminate()
        except TimeoutError:
            return Trouble.LOST, f"PostgreSQL did not answer in {ANSWERS_WITHIN:.0f} s"
        except Exception as reason:
            return Trouble.LOST, str(reason)
        if read_only == "on":
            return Trouble.READ_ONLY, "it is a standby, or was closed for writes"
        return None, ""


class Repeated:
    """What a loop does again and again: no failure ends the loop, or is logged at each turn."""

    def __init__(self, what: str, availability: Availability) -> None:
        self._what = what
        self._availability = availability
        self._logged: type[Exception] | None = None

    async def succeeds(self, act: Awaitable[object]) -> bool:
        began = monotonic()
        try:
            await act
        except Exception as reason:
            if await self._availability.explains(reason, began):
                return False
            if self._logged is not type(reason):
                # Of a line that was cut, a traceback tells nothing more.
                unexpected = None if isinstance(reason, AWAY) else reason
                log.error("%s failed: %s", self._what, type(reason).__name__, exc_info=unexpected)
            self._logged = type(reason)
            return False
        self.succeeded()
        return True

    def succeeded(self) -> None:
        """From now on a failure is news."""
        self._logged = None
