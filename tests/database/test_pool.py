"""The pool, against a real server: what a transaction promises, what a connection carries."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import asyncpg
import msgspec
import pytest

from tests.waiting import PATIENCE, until
from tripsync.database import Database, Transaction
from tripsync.settings import Settings

Open = Callable[..., Awaitable[Database]]


@pytest.fixture
async def open_database(settings: Settings) -> AsyncIterator[Open]:
    """Opens databases with a single connection each, which is easier to watch."""
    opened = []

    async def open_with(**changes: object) -> Database:
        single = {"database_pool_min": 1, "database_pool_max": 1, **changes}
        opened.append(await Database.open(msgspec.structs.replace(settings, **single)))
        return opened[-1]

    yield open_with
    for each in opened:
        await each.close()


@pytest.fixture
async def database(open_database: Open) -> Database:
    return await open_database()


@pytest.fixture
def key() -> str:
    """Names a counter that no other test counts with."""
    return secrets.token_hex(8)


async def count(db: Transaction, key: str) -> int:
    counted = await db.rate_limits.count_hit(key=key, window_seconds=60)
    hits: int = counted["hits"]
    return hits


async def hits_seen_by(db: asyncpg.Connection | asyncpg.Pool, key: str) -> int:
    """What everybody else sees of a counter."""
    return await db.fetchval("select hits from rate_counters where key = $1", key) or 0


async def server_pid(database: Database) -> int:
    async with database.pool.acquire() as connection:
        pid: int = connection.get_server_pid()
        return pid


async def test_a_transaction_is_seen_once_it_is_committed(
    database: Database, db: asyncpg.Connection, key: str
) -> None:
    async with database.transaction() as writing:
        await count(writing, key)
        assert await count(writing, key) == 2
        assert await hits_seen_by(db, key) == 0
    assert await hits_seen_by(db, key) == 2


async def test_a_failed_transaction_leaves_nothing(
    database: Database, db: asyncpg.Connection, key: str
) -> None:
    async def count_and_fail() -> None:
        async with database.transaction() as writing:
            await count(writing, key)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await count_and_fail()
    assert await hits_seen_by(db, key) == 0
    assert await hits_seen_by(database.pool, key) == 0


async def test_a_cancelled_transaction_leaves_nothing_and_gives_its_connection_back(
    database: Database, db: asyncpg.Connection, key: str
) -> None:
    counted = asyncio.Event()

    async def count_and_stay() -> None:
        async with database.transaction() as writing:
            await count(writing, key)
            counted.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(count_and_stay())
    async with asyncio.timeout(PATIENCE):
        await counted.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await hits_seen_by(database.pool, key) == 0
    assert await hits_seen_by(db, key) == 0


async def test_acts_follow_the_commit_in_their_order(
    database: Database, db: asyncpg.Connection, key: str
) -> None:
    heard: list[tuple[str, int]] = []

    async def hear(what: str) -> None:
        heard.append((what, await hits_seen_by(db, key)))

    async with database.transaction() as writing:
        writing.after_commit(hear, "first")
        await count(writing, key)
        writing.after_commit(heard.append, ("second", -1))
        writing.after_commit(hear, "third")
        assert heard == []
    assert heard == [("first", 1), ("second", -1), ("third", 1)]


async def test_no_act_follows_a_rollback(database: Database) -> None:
    heard: list[str] = []

    async def fail() -> None:
        async with database.transaction() as writing:
            writing.after_commit(heard.append, "never")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert heard == []


async def test_no_act_follows_a_commit_that_fails(
    database: Database, db: asyncpg.Connection
) -> None:
    heard: list[str] = []
    await db.execute(
        "create table ids (id int unique deferrable initially deferred);"
        "grant insert on ids to tripsync_app"
    )

    async def write_the_same_twice() -> None:
        async with database.transaction() as writing:
            connection: Any = writing._db
            await connection.execute("insert into ids values (1), (1)")
            writing.after_commit(heard.append, "never")

    try:
        with pytest.raises(asyncpg.UniqueViolationError):
            await write_the_same_twice()
    finally:
        await db.execute("drop table ids")
    assert heard == []


async def test_an_act_that_fails_hurts_neither_the_writer_nor_the_other_acts(
    database: Database, db: asyncpg.Connection, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []

    async def fail() -> None:
        raise RuntimeError("the phone was off")

    async with database.transaction() as writing:
        await count(writing, key)
        writing.after_commit(fail)
        writing.after_commit([].remove, "what is not there")
        writing.after_commit(heard.append, "still")
    assert heard == ["still"]
    assert await hits_seen_by(db, key) == 1
    assert "the phone was off" in caplog.text


async def test_an_act_finds_the_connection_free(database: Database, key: str) -> None:
    """Of the one connection here: an act that had to wait for its own writer never would end."""
    found: list[int] = []

    async def look() -> None:
        found.append(await hits_seen_by(database.pool, key))

    async with asyncio.timeout(PATIENCE):
        async with database.transaction() as writing:
            await count(writing, key)
            writing.after_commit(look)
    assert found == [1]


async def test_a_read_is_one_statement_and_nothing_follows_it(
    database: Database, db: asyncpg.Connection
) -> None:
    await database.reading.colleges.list_college_names()
    last = await db.fetchval(
        "select query from pg_stat_activity where pid = $1", await server_pid(database)
    )
    assert last == database.queries["colleges"]["list_college_names"].sql


async def test_the_server_ends_a_query_that_takes_too_long(open_database: Open) -> None:
    database = await open_database(statement_timeout_ms=100)
    pid = await server_pid(database)
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(asyncpg.QueryCanceledError, match="statement timeout"):
            await database.pool.fetch("select pg_sleep(600)")
    assert await server_pid(database) == pid


async def test_a_dba_sees_whose_connection_it_is(
    database: Database, db: asyncpg.Connection
) -> None:
    name = await db.fetchval(
        "select application_name from pg_stat_activity where pid = $1", await server_pid(database)
    )
    assert name == "tripsync"


@pytest.mark.parametrize(
    "value",
    [
        {"seats": 2, "music": None, "tags": ["quiet", "späť"], "nested": {"half": 0.5}},
        [],
        "a text, not JSON in a text",
        7,
        True,
    ],
    ids=["object", "array", "string", "number", "boolean"],
)
async def test_jsonb_is_plain_python(database: Database, value: object) -> None:
    assert await database.pool.fetchval("select $1::jsonb", value) == value
    assert await database.pool.fetchval("select jsonb_build_array($1::jsonb)", value) == [value]


async def test_times_come_in_utc(database: Database) -> None:
    noon = datetime(2024, 2, 29, 12, tzinfo=UTC)
    found = await database.pool.fetchrow("select $1::timestamptz as at, $1::text as seen", noon)
    assert (found["at"], found["at"].utcoffset()) == (noon, noon.utcoffset())
    assert found["seen"] == "2024-02-29 12:00:00+00"


async def test_who_waits_too_long_for_a_connection_is_told_so(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tripsync.database.connection.WAIT_FOR_CONNECTION", 0.05)
    async with asyncio.timeout(PATIENCE):
        async with database.pool.acquire():
            with pytest.raises(TimeoutError):
                await database.reading.colleges.list_college_names()
            with pytest.raises(TimeoutError):
                await database.reading.rate_limits.forget_windows(size=1)
            with pytest.raises(TimeoutError):
                async with database.transaction():
                    pytest.fail("there was no connection left")
        await database.reading.colleges.list_college_names()


async def test_a_lost_connection_is_replaced(database: Database, db: asyncpg.Connection) -> None:
    # The last one is what asyncpg says when the end arrives in the middle of a statement.
    asyncpg_failures = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
    pid = await server_pid(database)
    await db.execute("select pg_terminate_backend($1)", pid)

    async def read_again() -> bool:
        try:
            await database.reading.colleges.list_college_names()
        except (*asyncpg_failures, OSError):
            return False
        return True

    await until(read_again)
    assert await server_pid(database) != pid


async def test_what_is_said_to_be_one_statement_is_no_more(database: Database) -> None:
    async def two(db: Transaction) -> None:
        await db.channels.notify(channel="here", payload="1")
        await db.channels.notify(channel="here", payload="2")

    with pytest.raises(RuntimeError, match="run_in_transaction"):
        await database.run_statement(two)


async def test_one_statement_is_committed_before_what_follows_it(database: Database) -> None:
    followed: list[str] = []

    async def one(db: Transaction) -> str:
        db.after_commit(followed.append, "told")
        await db.channels.notify(channel="here", payload="1")
        assert not followed
        return "done"

    assert await database.run_statement(one) == "done"
    assert followed == ["told"]
