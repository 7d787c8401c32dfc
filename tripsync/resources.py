"""What a process opens when it starts and closes when it stops, each found by its class.

    hasher = Hasher(settings)
    resources.add(hasher, closed_by=hasher.close)
    ...
    await resources[Hasher].hash(password)

They are closed in the opposite order of their opening.
"""

from collections.abc import Callable
from contextlib import AsyncExitStack
from inspect import isawaitable
from typing import TypeVar, cast

from tripsync.database import Database
from tripsync.database.files import SQL
from tripsync.database.function_files import load_functions
from tripsync.database.migrations import OTHER_FUNCTIONS, find_start_problem, make_functions
from tripsync.settings import Settings

T = TypeVar("T")


class StartError(Exception):
    """The server must not start; the message says what to do."""


class Resources:
    """The resources of one process."""

    def __init__(self) -> None:
        self._opened: dict[type, object] = {}
        self._closing = AsyncExitStack()
        # The process is about to stop: it is not ready any more, and begins nothing new.
        self.draining = False

    def add(
        self,
        opened: T,
        *,
        kind: type[T] | None = None,
        closed_by: Callable[[], object] | None = None,
    ) -> T:
        """Keep a resource until it is closed by this call, which may be awaitable.

        It is found by its class, or by the kind of which several classes are."""
        self._opened[kind or type(opened)] = opened
        if closed_by is not None:
            self._closing.push_async_callback(call, closed_by)
        return opened

    def __getitem__(self, kind: type[T]) -> T:
        return cast("T", self._opened[kind])

    async def close(self) -> None:
        await self._closing.aclose()


async def call(close: Callable[[], object]) -> None:
    closing = close()
    if isawaitable(closing):
        await closing


async def open_database(resources: Resources) -> Database:
    """The database, if it can be reached and has the schema that this code knows."""
    settings = resources[Settings]
    database = await Database.open(settings)
    resources.add(database, closed_by=database.close)
    problem = await find_start_problem(database.pool)
    if problem == OTHER_FUNCTIONS and settings.in_development:
        # A file was edited while no server ran, or it is the edit that has restarted this one.
        await make_functions(settings.owner_url, load_functions(SQL))
        problem = await find_start_problem(database.pool)
    if problem:
        raise StartError(problem)
    return database
