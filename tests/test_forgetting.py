"""What is over is taken away, a bounded number of rows at a time; what still counts stays."""

from collections.abc import AsyncIterator

import asyncpg
import msgspec
import pytest

from tests.jobs.conftest import ask_for
from tripsync.auth.forgetting import forget_codes, forget_sessions
from tripsync.database import Database
from tripsync.database.migrations import migrate
from tripsync.http.idempotency import forget_keys
from tripsync.http.rate_limits import forget_windows
from tripsync.jobs.job import forget_jobs
from tripsync.pooling.saved_searches import SEARCHES
from tripsync.settings import Settings


@pytest.fixture
async def database(empty_database: str, settings: Settings) -> AsyncIterator[Database]:
    """Of one test's own: nobody else's rows are old."""
    migrate(empty_database)
    own = msgspec.structs.replace(
        settings, database_url=empty_database, database_pool_min=1, database_pool_max=2
    )
    opened = await Database.open(own)
    yield opened
    await opened.close()


@pytest.fixture
async def rider(database: Database) -> asyncpg.Record:
    return await database.pool.fetchrow(
        "insert into users (college_id, email, full_name, password_hash) "
        "select college_id, 'asha@djsce.example', 'Asha Rao', '!' from colleges limit 1 "
        "returning college_id, user_id"
    )


async def session(
    database: Database, rider: asyncpg.Record, ended: str | None = None, **tokens: str
) -> int:
    """A session, perhaps ended so long ago, with an unused and perhaps a used token."""
    session_id: int = await database.pool.fetchval(
        "insert into sessions (college_id, user_id, started_at, ended_at, end_reason) "
        "values ($1, $2, now() - interval '1 year', now() - $3::text::interval, "
        "case when $3 is null then null else 'logout' end) returning session_id",
        *rider,
        ended,
    )
    for use, expired in tokens.items():
        await database.pool.execute(
            "insert into refresh_tokens (token_hash, session_id, expires_at, used_at) "
            "values (convert_to($1 || $2::text, 'UTF8'), $2::text::bigint, "
            "now() - $3::text::interval, case when $1 = 'used' then now() end)",
            use,
            str(session_id),
            expired,
        )
    return session_id


async def test_sessions_that_nothing_opens_are_forgotten(
    database: Database, rider: asyncpg.Record
) -> None:
    kept = [
        await session(database, rider, unused="-1 day"),
        await session(database, rider, unused="1 day"),
        await session(database, rider, ended="29 days"),
        await session(database, rider, unused="-1 day", used="3 days"),
    ]
    await session(database, rider, unused="3 days")
    await session(database, rider, unused="3 days", used="30 days")
    await session(database, rider, ended="31 days", used="-1 day")
    async with database.transaction() as db:
        await forget_sessions(db)
    left = await database.pool.fetch("select session_id from sessions order by 1")
    assert [row["session_id"] for row in left] == kept
    tokens = await database.pool.fetch("select session_id from refresh_tokens order by 1")
    # Of the last, whose used token is of no use any more, only the one that opens it.
    assert [row["session_id"] for row in tokens] == [kept[0], kept[1], kept[3]]


async def test_a_turn_takes_a_bounded_number_and_the_next_the_rest(
    database: Database, rider: asyncpg.Record
) -> None:
    for _ in range(5):
        await session(database, rider, ended="31 days")
    async with database.transaction() as db:
        turns = [await db.sessions.forget_ended_sessions(size=2) for _ in range(4)]
    assert turns == [2, 2, 1, 0]


async def test_what_somebody_holds_is_left_to_the_next_turn(
    database: Database, rider: asyncpg.Record
) -> None:
    held = await session(database, rider, ended="31 days")
    await session(database, rider, ended="31 days")
    async with database.transaction() as db, database.pool.acquire() as other, other.transaction():
        await other.execute("select from sessions where session_id = $1 for update", held)
        assert await db.sessions.forget_ended_sessions(size=10) == 1


async def test_codes_answers_and_tries_are_forgotten_when_they_are_over(
    database: Database, rider: asyncpg.Record
) -> None:
    await database.pool.execute(
        "insert into mailed_codes (college_id, user_id, purpose, code_hash, expires_at) "
        "values ($1, $2, 'verify_email', 'old', now() - interval '25 hours'), "
        "($1, $2, 'reset_password', 'new', now() - interval '23 hours')",
        *rider,
    )
    await database.pool.execute(
        "insert into idempotency_keys (scope, key, fingerprint, created_at) "
        "values ('s', 'old', '', now() - interval '25 hours'), "
        "('s', 'new', '', now() - interval '23 hours')"
    )
    await database.pool.execute(
        "insert into rate_counters (key, hits, expires_at) "
        "values ('old', 1, now() - interval '1 second'), ('new', 1, now() + interval '1 hour')"
    )
    async with database.transaction() as db:
        await forget_codes(db)
        await forget_keys(db)
        await forget_windows(db)
    for query in (
        "select string_agg(encode(code_hash, 'escape'), '') from mailed_codes",
        "select string_agg(key, '') from idempotency_keys",
        "select string_agg(key, '') from rate_counters",
    ):
        assert await database.pool.fetchval(query) == "new"


async def test_the_dead_and_the_log_are_kept_for_a_while(database: Database) -> None:
    await ask_for(database, "note", *range(4))
    await database.pool.execute(
        "update pgqueuer set status = 'failed', updated = now() - interval '29 days' where id > 1"
    )
    await database.pool.execute(
        "update pgqueuer set updated = now() - interval '31 days' where id <= 2"
    )
    await database.pool.execute(
        "insert into pgqueuer_log (job_id, status, priority, entrypoint, created) "
        "values (1, 'picked', 0, 'note', now() - interval '8 days'), "
        "(2, 'picked', 0, 'note', now() - interval '6 days')"
    )
    async with database.transaction() as db:
        await forget_jobs(db)
    # The first is old and waits: nobody gave it up.
    left = await database.pool.fetch("select id from pgqueuer order by id")
    assert [row["id"] for row in left] == [1, 3, 4]
    assert await database.pool.fetchval("select array_agg(job_id) from pgqueuer_log") == [2]


async def test_rides_that_fitted_long_ago_are_forgotten(
    database: Database, rider: asyncpg.Record
) -> None:
    request_id, search_id = await told(database, rider)
    async with database.transaction() as db:
        await SEARCHES.forget_hits(db)
    assert await database.pool.fetchval("select count(*) from saved_search_hits") == 1
    await database.pool.execute(
        "update saved_search_hits set told_at = now() - interval '91 days' "
        "where request_id = $1 and search_id = $2",
        request_id,
        search_id,
    )
    async with database.transaction() as db:
        await SEARCHES.forget_hits(db)
    assert await database.pool.fetchval("select count(*) from saved_search_hits") == 0


async def told(database: Database, rider: asyncpg.Record) -> tuple[int, int]:
    """A search, and a ride that it told of."""
    request_id = await database.pool.fetchval(
        "insert into pooling_requests "
        "(college_id, user_id, start, destination, departure, solo_meters, reach) "
        "values ($1, $2, point(72.8, 19), point(72.9, 19.1), "
        "tstzrange(now(), now() + interval '1 hour'), 1000, box(point(72, 19), point(73, 20))) "
        "returning request_id",
        *rider,
    )
    search_id = await database.pool.fetchval(
        "insert into saved_searches (college_id, user_id, name, start, start_radius_meters, "
        "destination, destination_radius_meters, mail_me) "
        "values ($1, $2, 'Home', point(72.8, 19), 500, point(72.9, 19.1), 500, false) "
        "returning search_id",
        *rider,
    )
    await database.pool.execute(
        "insert into saved_search_hits (college_id, search_id, request_id, mailed) "
        "values ($1, $2, $3, false)",
        rider["college_id"],
        search_id,
        request_id,
    )
    return request_id, search_id
