"""Edited query files go live: all queries of a process at once, and of all processes together.

Whoever asks says "check" with the fingerprint of the files it means. Each worker reads its own
files, has PostgreSQL look at every query, keeps them aside, and answers. Only when all have said
yes comes "swap"; else "drop", and the old ones stay everywhere. A request goes on with the
queries that it began with.
"""

import asyncio
import hashlib
import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from tripsync.database import Bound, Database, QueryFileError
from tripsync.database.availability import Repeated
from tripsync.database.catalog import read_catalog
from tripsync.database.files import SQL, edition_of, query_files
from tripsync.database.findings import for_people
from tripsync.database.listener import ANYTHING, Listener, count_listeners
from tripsync.database.queries import Queries, load_queries
from tripsync.database.roles import connect
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
# What a notification can hold of a reason.
LONGEST_REASON = 1900


class ReloadError(Exception):
    """The queries that were there stay; the message says why."""


def fingerprint(folder: Path) -> str:
    """The same for the same files, on whatever host."""
    digest = hashlib.sha256()
    for file in query_files(folder):
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:32]


async def load_checked(connection: asyncpg.Connection, folder: Path, served: Queries) -> Queries:
    """The queries of these files: the database understands each, and Python can call those it
    calls now. What else may be wrong `tripsync sql check` knows, which reads Python too."""
    try:
        # In a thread: parsing holds the loop up, and riders with it.
        queries, sources = await asyncio.to_thread(read_files, folder)
    except QueryFileError as reason:
        raise ReloadError(str(reason)) from None
    faults = (await read_catalog(connection, sources)).faults
    if faults:
        raise ReloadError("\n".join(map(for_people, faults)))
    if gone := list(missing(served, queries)):
        raise ReloadError("\n".join(gone))
    return queries


def read_files(folder: Path) -> tuple[Queries, list[Source]]:
    return load_queries(folder), read_folder(folder)


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
        self._aside: tuple[str, Queries] | None = None
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
                async with self._database.pool.acquire() as connection:
                    self._database.queries = await load_checked(
                        connection, self._folder, self._database.queries
                    )
            except ReloadError as reason:
                RELOADS.labels("refused").inc()
                log.error("the queries stay as they were:\n%s", reason)
            else:
                RELOADS.labels("taken").inc()
                log.info("new queries are live")
            # Not where the database could not be asked: then nothing is known of them yet.
            self._database.edition = found

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
        await self._database.reading.announcements.announce(
            channel=ANSWERED, words=f"{ticket}:{act}:{self._name}:{answer}"
        )

    async def _act(self, act: str, ticket: str, wanted: str) -> None:
        if act == "check":
            self._aside = (ticket, await self._load(wanted))
        elif act == "swap":
            if self._aside is None or self._aside[0] != ticket:
                raise ReloadError("another reload came between; ask again")
            self._database.queries = self._aside[1]
            self._aside = None
            RELOADS.labels("taken").inc()
            log.info("new queries are live")
        else:
            self._aside = None

    async def _load(self, wanted: str) -> Queries:
        found = fingerprint(self._folder)
        if wanted != found:
            raise ReloadError("other query files lie here; copy the new ones to every host")
        async with self._database.pool.acquire() as connection:
            queries = await load_checked(connection, self._folder, self._database.queries)
        if fingerprint(self._folder) != wanted:
            raise ReloadError("the query files changed while they were read; ask again")
        return queries


async def reload_everywhere(url: str, folder: Path = SQL) -> int:
    """All workers on this database take the new queries, or none; how many there are."""
    connection = await connect(url)
    try:
        return await Reload(connection, folder).run()
    finally:
        await connection.close()


class Reload:
    """One reload, seen from whoever asked for it."""

    def __init__(self, connection: asyncpg.Connection, folder: Path) -> None:
        self._connection = connection
        self._folder = folder
        self._ticket = secrets.token_hex(8)
        self._answers: asyncio.Queue[tuple[str, str, str]] = asyncio.Queue()

    async def run(self) -> int:
        try:
            db = Bound(self._connection, load_queries(self._folder))
        except QueryFileError as reason:
            raise ReloadError(str(reason)) from None
        if not await db.desk.begin_reload():
            raise ReloadError("another reload is under way; wait a moment, and ask again")
        await self._connection.add_listener(ANSWERED, self._on_notification)
        workers = await count_listeners(self._connection)
        if not workers:
            raise ReloadError("no server runs on this database; it reads the files when it starts")
        try:
            await self._ask(db, workers, "check", fingerprint(self._folder))
        except ReloadError:
            await self._say(db, "drop")
            raise
        await self._ask(db, workers, "swap")
        return workers

    async def _ask(self, db: Bound, workers: int, act: str, more: str = "") -> None:
        """Until all have answered; what those say who refuse, and who did not answer."""
        await self._say(db, act, more)
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
        await db.announcements.announce(channel=ASKED, words=words)

    def _on_notification(
        self, _connection: object, _pid: int, _channel: str, words: object
    ) -> None:
        ticket, act, worker, answer = str(words).split(":", 3)
        if ticket == self._ticket:
            self._answers.put_nowait((act, worker, answer))
