"""Migrations bring a database to the schema this code was written for.

yoyo applies the files of migrations/. Around it stands an advisory lock of our own:
yoyo's lock is a table row, which a killed run leaves behind for ever. Whoever holds the
advisory lock may break a row that is still there; PostgreSQL frees ours with its session.
"""

import asyncio
import getpass
import logging
import os
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager, nullcontext
from enum import StrEnum
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg
import psycopg
import yoyo
from psycopg import sql

from tripsync.database.files import MIGRATIONS, SQL
from tripsync.database.function_files import Definition, load_functions
from tripsync.database.functions import (
    Changes,
    FunctionError,
    InTheWayError,
    differing,
    hand_back,
    has_list,
    put_in_place,
)
from tripsync.database.roles import APP, OWNER, let_in, why_not

log = logging.getLogger("tripsync.migrations")

ADVISORY_KEY = 7_823_446_021
WAIT_FOR_OTHERS = 60.0
ASKS_AGAIN = "500ms"
# A migration that cannot get its table lock in this time gives up, instead of making
# every query behind it wait.
LOCK_TIMEOUT_MS = 5000
OTHER_FUNCTIONS = (
    "the database has other functions than sql/functions. Run `tripsync migrate` first."
)


class MigrationError(Exception):
    """The schema cannot be brought where it should be; the message says what to do."""


class State(StrEnum):
    APPLIED = "applied"
    PENDING = "pending"
    UNKNOWN = "unknown"


class Standing(NamedTuple):
    """Where one migration stands in one database."""

    migration: str
    state: State


class Done(NamedTuple):
    """What a run has changed."""

    migrations: list[str]
    functions: Changes


def migrate(url: str) -> list[str]:
    """Apply what is pending, oldest first; the names of what was applied."""
    return bring_up_to_date(url).migrations


def migrate_only(url: str) -> list[str]:
    """Apply what is pending, and leave the functions as they are."""
    with migrating(url) as (backend, migrations):
        return [step(backend, each, "apply") for each in backend.to_apply(migrations)]


def bring_up_to_date(url: str, folder: Path = SQL) -> Done:
    """Apply what is pending, and then make the functions as their files say."""
    # First: nothing is begun with files that cannot be read.
    functions = load_functions(folder)
    with migrating(url) as (backend, migrations):
        applied = [step(backend, each, "apply") for each in backend.to_apply(migrations)]
        return Done(applied, follow_files(backend, url, functions))


def follow_files(backend: Any, url: str, functions: Sequence[Definition]) -> Changes:
    """Make the functions as their files say, on a schema that is as our migrations say."""
    applied = {row[0] for row in backend.execute("select migration_id from _yoyo_migration")}
    # Of a newer version others know what belongs there.
    if not has_list(backend.connection) or applied - set(known_migrations()):
        return Changes()
    # In a loop of its own: whoever calls may be inside one.
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, make_functions(url, functions)).result()


async def make_functions(url: str, functions: Sequence[Definition]) -> Changes:
    """Make the functions of this database as their files say."""
    connection = await connect_as_owner(url)
    try:
        async with connection.transaction():
            return await put_in_place(connection, functions)
    except FunctionError as reason:
        raise MigrationError(f"the functions stay as they were: {reason}") from None
    except asyncpg.LockNotAvailableError:
        raise MigrationError(
            "a long transaction holds a view that has to change; the functions stay as they "
            "were, try again"
        ) from None
    finally:
        await connection.close()


async def connect_as_owner(url: str) -> asyncpg.Connection:
    """A connection that may change the schema."""
    wishes = {"role": OWNER, "lock_timeout": str(LOCK_TIMEOUT_MS)}
    return await let_in(url, timeout=10, server_settings=wishes)


def roll_back(url: str, steps: int = 1) -> list[str]:
    """Undo the latest migrations, newest first; the names of what was undone."""
    functions = load_functions(SQL)
    with migrating(url) as (backend, migrations):
        latest = list(backend.to_rollback(migrations))[:steps]
        undone: list[Any] = []
        # All of them or none: who asks for three steps back wants no half-way house.
        try:
            for together in by_transaction(latest):
                with_functions_of_migrations(backend)
                with in_transaction(backend, *together):
                    for each in together:
                        step(backend, each, "rollback")
                undone += together
        except (MigrationError, psycopg.Error):
            # What no transaction takes back is done again: indexes, for the most part.
            for each in reversed(undone):
                step(backend, each, "apply")
            follow_files(backend, url, functions)
            raise
        return [str(each.id) for each in latest]


def with_functions_of_migrations(backend: Any) -> None:
    """Migrations undo what they made, and know nothing of what files made of it."""
    try:
        with backend.transaction():
            hand_back(backend.connection)
    except InTheWayError as reason:
        raise MigrationError(str(reason)) from None


def by_transaction(migrations: Iterable[Any]) -> Iterator[list[Any]]:
    """Neighbours that can share one, and each that can have none by itself."""
    for each in migrations:
        each.load()
    for shares, group in groupby(migrations, key=lambda each: bool(each.use_transactions)):
        if shares:
            yield list(group)
        else:
            yield from ([each] for each in group)


def step(backend: Any, migration: Any, direction: str) -> str:
    """Take one migration's way forth or back, and its mark, in one transaction.

    yoyo would mark it in a transaction of its own; a failure between the two leaves a
    database that can be migrated neither forth nor back.
    """
    mark = backend.mark_one if direction == "apply" else backend.unmark_one
    try:
        with in_transaction(backend, migration):
            migration.process_steps(backend, direction)
            mark(migration, log=False)
            backend.log_migration(migration, direction)
    except psycopg.errors.LockNotAvailable:
        raise
    except psycopg.Error as reason:
        raise MigrationError(f"{migration.id} failed and changed nothing: {reason}") from None
    return str(migration.id)


def in_transaction(backend: Any, *migrations: Any) -> AbstractContextManager[Any]:
    """One transaction around these, unless one of them (`-- transactional: false`) forbids it."""
    for each in migrations:
        each.load()
    if all(each.use_transactions for each in migrations):
        return backend.transaction()  # type: ignore[no-any-return]
    return nullcontext()


def status(url: str) -> list[Standing]:
    """Every migration that this code or the database knows."""
    with migrating(url) as (backend, migrations):
        backend.ensure_internal_schema_updated()
        applied = {row[0] for row in backend.execute("select migration_id from _yoyo_migration")}
    return standings([each.id for each in migrations], applied)


async def find_schema_problem(pool: asyncpg.Pool) -> str | None:
    """Why this code must not serve this database, if so."""
    try:
        rows = await pool.fetch("select migration_id from _yoyo_migration")
    except asyncpg.UndefinedTableError:
        rows = []
    except asyncpg.InsufficientPrivilegeError:
        return f"{APP} may not read which migrations there are. Run `tripsync migrate` first."
    found = standings(known_migrations(), {row["migration_id"] for row in rows})
    if unknown := [each.migration for each in found if each.state is State.UNKNOWN]:
        return (
            f"the database has migrations this version does not know: {', '.join(unknown)}. "
            "Serve it with the newer version, or roll them back with that version's "
            "`tripsync migrate --rollback`."
        )
    if pending := [each.migration for each in found if each.state is State.PENDING]:
        return f"the database lacks {len(pending)} of our migrations. Run `tripsync migrate` first."
    return None


async def find_start_problem(pool: asyncpg.Pool) -> str | None:
    """Why a server of this code must not start on this database, if so.

    One that runs is well on other functions than its files say: they are edited before they go
    live.
    """
    if problem := await find_schema_problem(pool):
        return problem
    return OTHER_FUNCTIONS if await differing(pool, load_functions(SQL)) else None


def known_migrations() -> list[str]:
    """The names of our migrations, in order; without their rollbacks. A .py is one whose SQL a
    library writes."""
    files = (*MIGRATIONS.glob("*.sql"), *MIGRATIONS.glob("*.py"))
    return sorted(file.stem for file in files if not file.stem.endswith(".rollback"))


def standings(known: list[str], applied: set[str]) -> list[Standing]:
    ours = [
        Standing(each, State.APPLIED if each in applied else State.PENDING)
        for each in sorted(known)
    ]
    return ours + [Standing(each, State.UNKNOWN) for each in sorted(applied - set(known))]


@contextmanager
def migrating(url: str, folder: Path | None = None) -> Iterator[tuple[Any, Any]]:
    """The only migrating process on this database, with yoyo's backend and our files."""
    try:
        with (
            psycopg.connect(url, autocommit=True, connect_timeout=10) as guard,
        ):
            wait_for_others(guard)
            backend = yoyo.get_backend(yoyo_url(url, owner_in_place(guard)))
            have_a_name()
            try:
                backend.break_lock()
                with backend.lock():
                    yield backend, yoyo.read_migrations(str(folder or MIGRATIONS))
            finally:
                backend.connection.close()
    except psycopg.errors.LockNotAvailable:
        raise MigrationError(
            "a lock could not be had in time: another migration is under way, or a long "
            "transaction holds a table. The migration that failed changed nothing; try again."
        ) from None
    except psycopg.errors.InsufficientPrivilege as reason:
        raise MigrationError(
            f"this login may not change the schema ({str(reason).strip()}). "
            "Set DATABASE_OWNER_URL to one that may, usually the database's owner."
        ) from None
    except (psycopg.OperationalError, psycopg.ProgrammingError) as reason:
        raise MigrationError(why_not(reason, url, OWNER)) from None


def owner_in_place(guard: psycopg.Connection) -> str | None:
    """The role that owns the schema, once migration 0034 has handed it over."""
    owner = guard.execute(
        "select relowner::regrole::text from pg_class where oid = to_regclass('_yoyo_migration')"
    ).fetchone()
    if owner is None or owner[0] != OWNER:
        return None
    try:
        guard.execute(sql.SQL("set role {}").format(sql.Identifier(OWNER)))
    except psycopg.errors.InsufficientPrivilege:
        login = guard.info.user
        raise MigrationError(
            f"the login {login} may not change the schema, which belongs to {OWNER}. Set "
            "DATABASE_OWNER_URL to a login that may, or, as an administrator of the database, "
            f"type: grant {OWNER} to {login};"
        ) from None
    return OWNER


def wait_for_others(guard: psycopg.Connection) -> None:
    """By asking again and again: an index that the one before builds concurrently waits for every
    statement that runs, and one that waited here for it would wait for ever."""
    guard.execute(f"set lock_timeout = '{ASKS_AGAIN}'")
    patience = time.monotonic() + WAIT_FOR_OTHERS
    while True:
        try:
            guard.execute("select pg_advisory_lock(%s)", [ADVISORY_KEY])
        except psycopg.errors.LockNotAvailable:
            if time.monotonic() > patience:
                raise
        else:
            return


def have_a_name() -> None:
    """yoyo logs who migrates; the user of a container may have no name."""
    try:
        getpass.getuser()
    except (KeyError, OSError):
        os.environ["LOGNAME"] = f"uid {os.getuid()}"


def yoyo_url(url: str, role: str | None = None) -> str:
    """The same database, in yoyo's spelling, as this role and with a limit on waiting for locks."""
    parts = urlsplit(url)
    wishes = dict(parse_qsl(parts.query))
    options = [wishes.get("options", ""), f"-c lock_timeout={LOCK_TIMEOUT_MS}"]
    if role:
        options.append(f"-c role={role}")
    wishes["options"] = " ".join(options).strip()
    return urlunsplit(parts._replace(scheme="postgresql+psycopg", query=urlencode(wishes)))
