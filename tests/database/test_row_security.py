"""The second wall between colleges: what a query forgets, PostgreSQL does not (ROW_SECURITY=on)."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import psycopg
import pytest

from tests.conftest import Server, StartServer
from tests.own_data.conftest import EXPORT, live_a_little
from tests.people import Campus, Rider
from tests.realtime.devices import on_line
from tripsync.database import Database
from tripsync.database.files import SQL
from tripsync.database.queries import load_queries
from tripsync.database.row_security import all_colleges, see_college, see_nothing


@pytest.fixture
async def walled(start_server: StartServer) -> Server:
    return await start_server(row_security="on")


@pytest.fixture
async def walled_campus(walled: Server, data_dir: Path) -> AsyncIterator[Campus]:
    async with walled.client() as client:
        yield Campus(client, data_dir / "mail")


@pytest.fixture
async def asha(walled_campus: Campus) -> Rider:
    return await walled_campus.sign_up(college_name="DJSCE")


@pytest.fixture
async def stranger(walled_campus: Campus) -> Rider:
    return await walled_campus.sign_up(college_name="VJTI")


@pytest.fixture
def behind_the_wall(walled: Server) -> Database:
    database: Database = walled.app.ctx.resources[Database]
    return database


async def colleges_seen(database: Database) -> set[int]:
    rows = await database.pool.fetch("select distinct college_id from users")
    return {row["college_id"] for row in rows}


async def test_a_session_sees_the_college_it_names_or_says_all_and_else_nothing(
    behind_the_wall: Database, asha: Rider, stranger: Rider
) -> None:
    see_nothing()
    assert await colleges_seen(behind_the_wall) == set()
    see_college(asha.college_id)
    assert await colleges_seen(behind_the_wall) == {asha.college_id}
    with all_colleges():
        assert await colleges_seen(behind_the_wall) >= {asha.college_id, stranger.college_id}
    assert await colleges_seen(behind_the_wall) == {asha.college_id}


async def test_a_connection_is_told_anew_whoever_had_it_before(
    behind_the_wall: Database, asha: Rider, stranger: Rider
) -> None:
    """Also after a transaction that came to nothing, and for those who ask at once."""

    async def look(rider: Rider) -> None:
        see_college(rider.college_id)
        for _ in range(20):
            assert await colleges_seen(behind_the_wall) == {rider.college_id}
            with pytest.raises(asyncpg.DivisionByZeroError):
                async with behind_the_wall.pool.acquire() as connection, connection.transaction():
                    await connection.execute("select 1 / 0")

    await asyncio.gather(*(look(rider) for rider in (asha, stranger) * 5))


async def test_writes_across_colleges_are_refused(
    behind_the_wall: Database, db: asyncpg.Connection, asha: Rider, stranger: Rider
) -> None:
    see_college(asha.college_id)
    pool = behind_the_wall.pool
    for change in (
        "update users set full_name = 'Nobody' where user_id = $1",
        "delete from sessions where user_id = $1",
    ):
        assert (await pool.execute(change, stranger.id)).endswith(" 0")
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await pool.execute(
            "insert into blocks (college_id, blocker_id, blocked_id) values ($1, $2, $3)",
            stranger.college_id,
            stranger.id,
            asha.id,
        )
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
        await pool.execute(
            "update users set college_id = $1 where user_id = $2", stranger.college_id, asha.id
        )
    name = await db.fetchval("select full_name from users where user_id = $1", stranger.id)
    assert name == stranger.full_name


@pytest.mark.parametrize(("row_security", "status"), [("off", 200), ("on", 404)])
async def test_a_query_that_forgets_the_college_shows_nothing_of_another(
    start_server: StartServer,
    asha: Rider,
    stranger: Rider,
    tmp_path: Path,
    row_security: str,
    status: int,
) -> None:
    """The same mistake with the wall and without: it is the wall that holds."""
    folder = tmp_path / "sql"
    shutil.copytree(SQL, folder)
    file = folder / "profiles.sql"
    head, mark, rest = file.read_text().partition("-- name: find_profile(")
    forgetful = rest.replace(
        "users.college_id = :college_id", "users.college_id > 0 * :college_id", 1
    )
    assert forgetful != rest
    file.write_text(head + mark + forgetful)
    server = await start_server(row_security=row_security)
    server.app.ctx.resources[Database].queries = load_queries(folder)
    async with server.client(headers=asha.headers) as client:
        answer = await client.get(f"/api/users/{stranger.id}/profile")
        assert answer.status_code == status, answer.text
        fellow = await client.get(f"/api/users/{asha.id}/profile")
        assert fellow.status_code == 200


# All who moderate the college are told of a report.
@pytest.mark.touches_everybody
async def test_riders_notice_nothing_of_the_wall(
    walled: Server, walled_campus: Campus, db: asyncpg.Connection, asha: Rider
) -> None:
    """Traces in every table, live events, mail by a job, the export, and moderation."""
    dev, moderator = await walled_campus.sign_up(), await walled_campus.sign_up()
    await db.execute("update users set role = 'moderator' where user_id = $1", moderator.id)
    async with on_line(walled.url, dev) as phone:
        await phone.hear("ready")
        await live_a_little(asha, dev, moderator, f"mark{asha.id}")
        heard = await phone.hear_events(3)
    assert [event["seq"] for event in heard] == [1, 2, 3]
    assert await walled_campus.mailed_code(asha.email, "Confirm your address")
    exported = (await asha.call("GET", EXPORT)).json()
    assert exported["account"]["email"] == asha.email
    assert (await dev.call("GET", "/api/events")).json()["last_seq"] >= 3
    reports = await moderator.call("GET", "/api/moderation/reports")
    assert reports.status_code == 200


def test_every_table_of_a_college_stands_behind_the_wall(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        tables = connection.execute(
            """
            select relname,
                   relrowsecurity
                   and array(select polname::text from pg_policy where polrelid = c.oid order by 1)
                       = '{granted,wall}'
              from pg_class c
              join pg_attribute on attrelid = c.oid and attname = 'college_id'
             where relnamespace = 'public'::regnamespace
               and relkind in ('r', 'p')
               and relname <> 'colleges'
            """
        ).fetchall()
    assert len(tables) > 40
    assert [name for name, walled in tables if not walled] == []


def test_no_view_looks_over_the_wall(database_url: str) -> None:
    with psycopg.connect(database_url) as connection:
        views = connection.execute(
            """
            select relname, 'security_invoker=true' = any(reloptions)
              from pg_class
             where relnamespace = 'public'::regnamespace
               and relkind = 'v'
            """
        ).fetchall()
    assert len(views) > 5
    assert [name for name, sees_as_caller in views if not sees_as_caller] == []


def test_without_the_wall_plans_have_no_trace_of_it(database_url: str) -> None:
    ask = "explain select full_name from users where user_id = 1"
    with psycopg.connect(database_url) as connection:
        plans = []
        for role in ("none", "tripsync_app", "tripsync_walled"):
            connection.execute("select set_config('role', %s, true)", [role])
            plans.append(connection.execute(ask).fetchall())
    assert plans[0] == plans[1] != plans[2]
