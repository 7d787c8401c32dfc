"""Edited query and function files go live at once, in all processes or in none.

Whoever asks says "check" with the edition of the files it means. Each worker reads its own
files, has PostgreSQL look at every query, keeps them aside, and answers. Only when all have said
yes comes "swap"; else "drop", and the old ones stay everywhere. A request goes on with the
queries that it began with.

Functions are in the database, not in workers. Where they have changed, whoever asks makes them
first in a transaction that is rolled back, and has every query looked at in there. When all
workers have said yes they are made for good, and the commit says "swap".
"""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import asyncpg

from tripsync.database import Bound, Database, QueryFileError
from tripsync.database.availability import Repeated
from tripsync.database.catalog import read_catalog
from tripsync.database.files import SQL, edition_of
from tripsync.database.findings import for_people
from tripsync.database.function_files import Definition, load_functions
from tripsync.database.functions import FunctionError, differing, put_in_place
from tripsync.database.listener import ANYTHING, Listener, count_listeners
from tripsync.database.migrations import connect_as_owner
from tripsync.database.queries import Queries, load_queries
from tripsync.database.roles import APP, NotLetInError, connect
from tripsync.database.sources import Source, read_folder
from tripsync.metrics import counter

log = logging.getLogger("tripsync.queries")

RELOADS = counter("tripsync_query_reloads", "Edited queries that were taken, or refused", "outcome")

ASKED, ANSWERED = "queries", "queries_answered"
ALL_ANSWER_WITHIN = 20.0
# In development, where one edits and looks.
LOOK_AT_MOST_EVERY = 0.1
# Where the database could not be asked about what was missed.
TRY_AGAIN_AFTER = 1.0
NO_SERVER = (
    "no server runs on this database; `tripsync migrate` makes the functions, and a server reads "
    "the queries when it starts"
)
OTHER_FUNCTIONS = (
    "the database has other functions than sql/functions; `tripsync sql reload` makes them, and "
    "puts the queries live with them"
)
# What a notification can hold of a reason.
LONGEST_REASON = 1900


class ReloadError(Exception):
    """The queries that were there stay; the message says why."""


class TakenBackError(Exception):
    """Ends a transaction that was only there to be looked at."""


class Files(NamedTuple):
    """What the files of a folder say."""

    queries: Queries
    sources: list[Source]
    functions: tuple[Definition, ...]


async def load(folder: Path) -> Files:
    try:
        # In a thread: parsing holds the loop up, and riders with it.
        return await asyncio.to_thread(read_files, folder)
    except QueryFileError as reason:
        raise ReloadError(str(reason)) from None


def read_files(folder: Path) -> Files:
    return Files(load_queries(folder), read_folder(folder), load_functions(folder))


async def refuse_faults(connection: asyncpg.Connection, files: Files, served: Queries) -> None:
    """The database understands each query, and Python can call those it calls now. What else may be
    wrong `tripsync sql check` knows, which reads Python too."""
    faults = (await read_catalog(connection, files.sources)).faults
    if faults:
        raise ReloadError("\n".join(map(for_people, faults)))
    refuse_missing(files, served)


def refuse_missing(files: Files, served: Queries) -> None:
    if gone := list(missing(served, files.queries)):
        raise ReloadError("\n".join(gone))


@asynccontextmanager
async def functions_made(url: str, files: Files) -> AsyncIterator[asyncpg.Connection]:
    """A transaction, of a server's role, in which the functions are as their files say."""
    try:
        connection = await connect_as_owner(url)
    except NotLetInError as reason:
        raise ReloadError(str(reason)) from None
    try:
        async with connection.transaction():
            await put_in_place(connection, files.functions)
            await connection.execute(f"set local role {APP}")
            yield connection
    except FunctionError as reason:
        raise ReloadError(str(reason)) from None
    except asyncpg.LockNotAvailableError:
        raise ReloadError(
            "a migration is under way, or a long transaction holds a view that has to change; "
            "ask again"
        ) from None
    finally:
        await connection.close()


def missing(served: Queries, fresh: Queries) -> Iterator[str]:
    """What Python calls, and would not find."""
    for file, queries in served.items():
        for name, query in queries.items():
            found = fresh.get(file, {}).get(name)
            if found is None:
                yield f"{query.name} is gone, and Python calls it"
            elif set(found.parameters) != set(query.parameters):
                yield f"{query.name} takes other parameters than Python passes"


class LiveQueries:
    """Takes new queries into one worker's service."""

    def __init__(self, database: Database, folder: Path = SQL) -> None:
        self._database = database
        self._folder = folder
        self._name = f"{socket.gethostname()}/{os.getpid()}"
        self._aside: tuple[str, Files] | None = None
        # Those of the files that were taken last.
        self._functions: tuple[Definition, ...] = ()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lock = asyncio.Lock()
        self._looked_at = 0.0

    async def follow(self) -> None:
        """An edit is live with the next request. One that is wrong is told, and not taken."""
        now = time.monotonic()
        if now - self._looked_at < LOOK_AT_MOST_EVERY:
            return
        self._looked_at = now
        await self._catch_up()

    async def _catch_up(self) -> None:
        """Take the files as they are, if they are not those that were read."""
        async with self._lock:
            found = edition_of(self._folder)
            if found == self._database.edition:
                return
            try:
                files = await load(self._folder)
                await self._prepare(files)
                await self._take(files)
            except ReloadError as reason:
                RELOADS.labels("refused").inc()
                log.error("the queries stay as they were:\n%s", reason)
            # Not where the database could not be asked: then nothing is known of them yet.
            self._database.edition = found

    async def _prepare(self, files: Files) -> None:
        """Have all queries looked at; where one develops, make the functions that they call."""
        served = self._database.queries
        async with self._database.pool.acquire() as connection:
            if not await differing(connection, files.functions):
                await refuse_faults(connection, files, served)
                return
        if not self._database.in_development:
            raise ReloadError(OTHER_FUNCTIONS)
        async with functions_made(self._database.owner_url, files) as connection:
            await refuse_faults(connection, files, served)

    async def _take(self, files: Files) -> None:
        if files.functions != self._functions:
            # Statements that are prepared know what functions gave before.
            await self._database.pool.expire_connections()
        self._functions = files.functions
        self._database.queries = files.queries
        RELOADS.labels("taken").inc()
        log.info("new queries are live")

    async def _catch_up_at_last(self) -> None:
        catching_up = Repeated("looking at edited queries", self._database.availability)
        while True:
            if await catching_up.succeeds(self._catch_up()):
                return
            await asyncio.sleep(TRY_AGAIN_AFTER)

    def attach(self, listener: Listener) -> None:
        listener.subscribe(ASKED, self._on_notification)

    def _on_notification(self, words: str) -> None:
        # Who was not listening has missed what was put live meanwhile, as at its start.
        act = self._catch_up_at_last() if words == ANYTHING else self._obey(*words.split(":", 2))
        task = asyncio.create_task(act)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _obey(self, act: str, ticket: str, wanted: str = "") -> None:
        answer = "ok"
        try:
            async with self._lock:
                await self._act(act, ticket, wanted)
        except ReloadError as reason:
            RELOADS.labels("refused").inc()
            answer = str(reason)[:LONGEST_REASON]
        except Exception as reason:
            log.exception("queries cannot be reloaded")
            answer = f"unexpected failure: {type(reason).__name__}"
        await self._database.reading.channels.notify(
            channel=ANSWERED, payload=f"{ticket}:{act}:{self._name}:{answer}"
        )

    async def _act(self, act: str, ticket: str, wanted: str) -> None:
        if act == "check":
            self._aside = (ticket, await self._load(wanted))
        elif act == "swap":
            if self._aside is None or self._aside[0] != ticket:
                raise ReloadError("another reload came between; ask again")
            _, files = self._aside
            self._aside = None
            await self._take(files)
        else:
            self._aside = None

    async def _load(self, wanted: str) -> Files:
        found = edition_of(self._folder)
        if wanted != found:
            raise ReloadError("other query files lie here; copy the new ones to every host")
        files = await load(self._folder)
        async with self._database.pool.acquire() as connection:
            if await differing(connection, files.functions):
                # Whoever asks has looked at the queries, on functions that are yet to be seen here.
                refuse_missing(files, self._database.queries)
            else:
                await refuse_faults(connection, files, self._database.queries)
        if edition_of(self._folder) != wanted:
            raise ReloadError("the query files changed while they were read; ask again")
        return files


async def reload_everywhere(url: str, folder: Path = SQL, owner_url: str = "") -> int:
    """All workers on this database take the new queries, or none; how many there are."""
    connection = await connect(url)
    try:
        return await Reload(connection, folder, owner_url or url).run()
    finally:
        await connection.close()


class Reload:
    """One reload, seen from whoever asked for it."""

    def __init__(self, connection: asyncpg.Connection, folder: Path, owner_url: str) -> None:
        self._connection = connection
        self._folder = folder
        self._owner_url = owner_url
        self._ticket = secrets.token_hex(8)
        self._answers: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()

    async def run(self) -> int:
        edition = edition_of(self._folder)
        files = await load(self._folder)
        db = Bound(self._connection, files.queries)
        if not await db.desk.begin_reload():
            raise ReloadError("another reload is under way; wait a moment, and ask again")
        await self._connection.add_listener(ANSWERED, self._on_notification)
        workers = await count_listeners(self._connection)
        if not workers:
            raise ReloadError(NO_SERVER)
        has_new_functions = await differing(self._connection, files.functions)
        if has_new_functions:
            await self._rehearse(files)
        try:
            await self._say(db, "check", edition)
            await self._hear_all(workers, "check")
            if has_new_functions:
                async with functions_made(self._owner_url, files) as connection:
                    # It is heard when the functions are there, and never if they are not.
                    await self._say(Bound(connection, files.queries), "swap")
        except ReloadError:
            await self._say(db, "drop")
            raise
        if not has_new_functions:
            await self._say(db, "swap")
        await self._hear_all(workers, "swap")
        return workers

    async def _rehearse(self, files: Files) -> None:
        """Make the functions, look at all queries, and take it back."""
        try:
            async with functions_made(self._owner_url, files) as connection:
                await refuse_faults(connection, files, {})
                raise TakenBackError
        except TakenBackError:
            pass

    async def _hear_all(self, workers: int, act: str) -> None:
        """Until all have answered; what those say who refuse, and who did not answer."""
        refusals: list[str] = []
        answered = 0
        try:
            async with asyncio.timeout(ALL_ANSWER_WITHIN):
                while answered < workers:
                    about, worker, answer = await self._answers.get()
                    if about == act:
                        answered += 1
                        if answer != "ok":
                            refusals.append(f"worker {worker}: {answer}")
        except TimeoutError:
            refusals.append(f"{workers - answered} of {workers} workers did not answer")
        if refusals:
            raise ReloadError("\n".join(refusals))

    async def _say(self, db: Bound, act: str, more: str = "") -> None:
        words = ":".join(filter(None, (act, self._ticket, more)))
        await db.channels.notify(channel=ASKED, payload=words)

    def _on_notification(
        self, _connection: object, _pid: int, _channel: str, words: object
    ) -> None:
        ticket, act, worker, answer = str(words).split(":", 3)
        if ticket == self._ticket:
            self._answers.put_nowait((act, worker, answer))
