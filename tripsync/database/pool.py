"""A process has one connection pool; a write is one transaction."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from functools import partial
from time import monotonic
from typing import Any, Self, TypeVar

import asyncpg

from tripsync.database.availability import Availability
from tripsync.database.bound import Bound
from tripsync.database.connection import (
    Connection,
    Lender,
    OnlyStatement,
    borrow,
    prepare_connection,
)
from tripsync.database.files import SQL, edition_of
from tripsync.database.publisher import Publisher
from tripsync.database.queries import Queries, load_queries
from tripsync.database.retrying import retry
from tripsync.database.roles import let_in, role_of
from tripsync.database.row_security import see_nothing, stand_in_place
from tripsync.database.slow_log import SlowLog
from tripsync.settings import Settings

log = logging.getLogger("tripsync.database")

Outcome = TypeVar("Outcome")

# Of a long answer, held in memory.
ROWS_AT_ONCE = 200


# What a request began with, so that an edit which goes live meanwhile is not mixed in.
begun_with: ContextVar[Queries | None] = ContextVar("queries", default=None)


class Transaction(Bound):
    """Queries that succeed or fail together, and what is to happen once they stand."""

    def __init__(
        self,
        connection: Connection | OnlyStatement,
        queries: Queries,
        slow_log: SlowLog,
        publisher: Publisher,
        availability: Availability,
        settings: Settings,
    ) -> None:
        super().__init__(connection, queries, slow_log)
        self._publisher = publisher
        self._availability = availability
        self._settings = settings
        self._afterwards: list[Callable[[], Awaitable[object] | None]] = []

    @property
    def unverified_may_ride(self) -> bool:
        """UNVERIFIED_RIDERS, also for timers, which are given nothing but a transaction."""
        return self._settings.unverified_may_ride

    def after_commit(self, act: Callable[..., Awaitable[object] | None], *details: object) -> None:
        """Do this when the transaction is committed; a rolled-back one never happened."""
        self._afterwards.append(partial(act, *details))

    def publish(self, channel: str, words: Sequence[str]) -> None:
        """Tell every process this when the transaction is committed."""
        self.after_commit(self._publisher.publish, channel, words)

    async def committed(self) -> None:
        for act in self._afterwards:
            began = monotonic()
            try:
                outcome = act()
                if outcome is not None:
                    await outcome
            except Exception as reason:
                # The write stands: its caller must not hear of a failure.
                if not await self._availability.explains(reason, began):
                    log.exception("an act after commit failed")


class Snapshot(Bound):
    """Queries that all see the database as it was at one moment, and change nothing."""

    def __init__(self, connection: Connection, queries: Queries, slow_log: SlowLog) -> None:
        super().__init__(connection, queries, slow_log)
        self._connection = connection

    def rows(self, file: str, name: str, **values: object) -> AsyncIterator[Any]:
        """The rows of a query as the server gives them: however many, a few at a time."""
        query = self._queries[file][name]
        ordered = [values[each] for each in query.parameters]
        return aiter(self._connection.cursor(query.sql, *ordered, prefetch=ROWS_AT_ONCE))


class Database:
    """The pool and the queries of one process."""

    def __init__(
        self, pool: asyncpg.Pool, queries: Queries, edition: str, settings: Settings
    ) -> None:
        self.pool = pool
        self.queries = queries
        # Of the files that these queries were read from.
        self.edition = edition
        self._settings = settings
        self._slow_log = SlowLog(settings.slow_query_ms)
        self._lender = Lender(pool)
        self.availability = Availability(
            settings.database_url, role_of(settings), pool.expire_connections
        )
        self.publisher = Publisher(self._notify, self.availability)

    @classmethod
    async def open(cls, settings: Settings) -> Self:
        # First: what is edited meanwhile is then found to be newer.
        edition = edition_of(SQL)
        queries = load_queries(SQL)
        pool = await asyncpg.create_pool(
            settings.database_url,
            connect=let_in,
            min_size=settings.database_pool_min,
            max_size=settings.database_pool_max,
            connection_class=Connection,
            init=prepare_connection,
            setup=stand_in_place if settings.row_security == "on" else None,
            # The server gives up first, so that the client's own limit only meets dead lines.
            command_timeout=settings.statement_timeout_ms / 1000 + 1,
            server_settings={
                "application_name": "tripsync",
                "role": role_of(settings),
                "statement_timeout": str(settings.statement_timeout_ms),
                "idle_in_transaction_session_timeout": "30000",
                "timezone": "UTC",
            },
        )
        return cls(pool, queries, edition, settings)

    @property
    def owner_url(self) -> str:
        """For what changes functions."""
        return self._settings.owner_url

    @property
    def in_development(self) -> bool:
        return self._settings.in_development

    def begin_request(self) -> None:
        """From here on, whoever goes on in this context has the queries of this moment."""
        begun_with.set(self.queries)
        see_nothing()

    @property
    def _in_force(self) -> Queries:
        return begun_with.get() or self.queries

    @property
    def reading(self) -> Bound:
        """For a single read; what is more than one statement belongs in a transaction."""
        return Bound(self._lender, self._in_force, self._slow_log)

    def _transaction_on(self, connection: Connection | OnlyStatement) -> Transaction:
        return Transaction(
            connection,
            self._in_force,
            self._slow_log,
            self.publisher,
            self.availability,
            self._settings,
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        async with borrow(self.pool) as connection:
            db = self._transaction_on(connection)
            async with connection.transaction():
                yield db
        await db.committed()

    async def run_in_transaction(
        self,
        act: Callable[[Transaction], Awaitable[Outcome]],
        before: Callable[[], Awaitable[None]] | None = None,
    ) -> Outcome:
        """What `act` gives, in a transaction that is tried again where it lost a race; `before`
        runs ahead of each try."""

        async def once() -> Outcome:
            if before:
                await before()
            async with self.transaction() as db:
                return await act(db)

        return await retry(once)

    async def run_statement(self, act: Callable[[Transaction], Awaitable[Outcome]]) -> Outcome:
        """What `act` gives, whose only statement is a transaction by itself, tried again where it
        lost a race: two round trips fewer than run_in_transaction."""

        async def once() -> Outcome:
            async with borrow(self.pool) as connection:
                db = self._transaction_on(OnlyStatement(connection))
                outcome = await act(db)
            await db.committed()
            return outcome

        return await retry(once)

    @asynccontextmanager
    async def snapshot(self) -> AsyncIterator[Snapshot]:
        """For many reads that must agree with each other."""
        async with (
            borrow(self.pool) as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            yield Snapshot(connection, self._in_force, self._slow_log)

    async def expect_writes(self) -> None:
        """Fail as a write would, where only reads are allowed."""
        if await self.pool.fetchval("show transaction_read_only") == "on":
            raise asyncpg.ReadOnlySQLTransactionError("transaction_read_only is on")

    async def connection_limit(self) -> int:
        """How many connections PostgreSQL takes, apart from those it keeps for its owner."""
        return int(
            await self.pool.fetchval(
                "select current_setting('max_connections')::int "
                "- current_setting('superuser_reserved_connections')::int"
            )
        )

    async def close(self) -> None:
        await self.publisher.stop()
        await self.availability.stop()
        await self.pool.close()

    async def _notify(self, channel: str, payload: str) -> None:
        await self.reading.channels.notify(channel=channel, payload=payload)
