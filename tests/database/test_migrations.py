"""Migrations, against a real server: there and back, at the same time, and when things go wrong."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import asyncpg
import psycopg
import pytest
from yoyo.connections import parse_uri

from tests.processes import tripsync
from tests.waiting import until
from tripsync.database import migrations
from tripsync.database.files import SQL
from tripsync.database.function_files import load_functions
from tripsync.database.migrations import (
    MigrationError,
    Standing,
    State,
    find_schema_problem,
    known_migrations,
    migrate,
    roll_back,
    status,
)
from tripsync.desk import schema

OURS = known_migrations()
UNKNOWN = "9999.from-the-future"


def everything_in(url: str) -> frozenset[tuple[str, str, str]]:
    with psycopg.connect(url) as connection:
        return schema.everything_in(connection)


def applied_in(url: str) -> list[str]:
    with psycopg.connect(url) as connection:
        return [
            row[0]
            for row in connection.execute(
                "select migration_id from _yoyo_log where operation = 'apply' order by 1"
            )
        ]


def execute(url: str, statement: str, *values: object) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement, values)


@contextmanager
def holding(url: str, statement: str) -> Iterator[None]:
    """Somebody else's transaction that has run this statement and does not end.

    Unless we wait for it, which nobody should: then the server ends it, and the test fails.
    """
    with psycopg.connect(url) as connection:
        connection.execute("set idle_in_transaction_session_timeout = '30s'")
        connection.execute(statement)
        yield
        connection.rollback()


async def schema_problem(url: str) -> str | None:
    async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
        return await find_schema_problem(pool)


def test_there_and_back_and_there_again(empty_database: str) -> None:
    nothing = everything_in(empty_database)
    assert migrate(empty_database) == OURS
    built = everything_in(empty_database)
    assert len(built) > len(nothing) + len(OURS)
    assert roll_back(empty_database, len(OURS)) == OURS[::-1]
    assert everything_in(empty_database) == nothing
    assert migrate(empty_database) == OURS
    assert everything_in(empty_database) == built


def test_each_step_leads_back_to_where_it_began_and_there_again(empty_database: str) -> None:
    with (
        migrations.migrating(empty_database) as (backend, ours),
        psycopg.connect(empty_database, autocommit=True) as connection,
    ):
        for each in backend.to_apply(ours):
            before = schema.everything_in(connection)
            migrations.step(backend, each, "apply")
            there = schema.everything_in(connection)
            migrations.step(backend, each, "rollback")
            assert schema.everything_in(connection) == before, each.id
            migrations.step(backend, each, "apply")
            assert schema.everything_in(connection) == there, each.id


def test_a_second_run_has_nothing_to_do(empty_database: str) -> None:
    migrate(empty_database)
    assert migrate(empty_database) == []


def test_status_tells_applied_pending_and_unknown(empty_database: str) -> None:
    assert status(empty_database) == [Standing(name, State.PENDING) for name in OURS]
    migrate(empty_database)
    assert status(empty_database) == [Standing(name, State.APPLIED) for name in OURS]
    roll_back(empty_database)
    add_unknown_migration(empty_database)
    assert status(empty_database) == [
        *[Standing(name, State.APPLIED) for name in OURS[:-1]],
        Standing(OURS[-1], State.PENDING),
        Standing(UNKNOWN, State.UNKNOWN),
    ]


def add_unknown_migration(url: str) -> None:
    execute(
        url,
        "insert into _yoyo_migration (migration_hash, migration_id) values ('future', %s)",
        UNKNOWN,
    )


async def test_an_empty_database_must_not_be_served(empty_database: str) -> None:
    problem = await schema_problem(empty_database)
    assert problem is not None
    assert f"lacks {len(OURS)} of our migrations" in problem
    assert "`tripsync migrate`" in problem


async def test_a_database_that_lacks_one_migration_must_not_be_served(empty_database: str) -> None:
    migrate(empty_database)
    roll_back(empty_database)
    assert "lacks 1 of our migrations" in str(await schema_problem(empty_database))


async def test_a_migrated_database_may_be_served(empty_database: str) -> None:
    migrate(empty_database)
    assert await schema_problem(empty_database) is None


async def test_a_database_of_a_newer_version_must_not_be_served(empty_database: str) -> None:
    migrate(empty_database)
    add_unknown_migration(empty_database)
    problem = str(await schema_problem(empty_database))
    assert UNKNOWN in problem
    assert "newer version" in problem


async def test_several_processes_that_migrate_at_once_apply_each_migration_once(
    empty_database: str, data_dir: Path
) -> None:
    with ExitStack() as stack:
        runs = [
            stack.enter_context(tripsync("migrate", data_dir=data_dir, DATABASE_URL=empty_database))
            for _ in range(3)
        ]
        codes = [await run.exit_code() for run in runs]
        said = [run.said for run in runs]
    assert codes == [0, 0, 0], said
    told = re.findall(r"^applied (\S+)$", "".join(said), re.MULTILINE)
    assert sorted(told) == applied_in(empty_database) == OURS


async def test_a_run_waits_for_the_one_before_it(empty_database: str, data_dir: Path) -> None:
    with psycopg.connect(empty_database, autocommit=True) as first:
        first.execute("select pg_advisory_lock(%s)", [migrations.ADVISORY_KEY])
        nothing = everything_in(empty_database)
        with tripsync("migrate", data_dir=data_dir, DATABASE_URL=empty_database) as second:
            await until(
                lambda: first.execute(
                    "select 1 from pg_locks where locktype = 'advisory' and not granted"
                    " and database = (select oid from pg_database where datname = %s)",
                    [first.info.dbname],
                ).fetchone()
            )
            assert everything_in(empty_database) == nothing
            first.execute("select pg_advisory_unlock(%s)", [migrations.ADVISORY_KEY])
            assert await second.exit_code() == 0
    assert applied_in(empty_database) == OURS


def test_a_run_gives_up_when_the_one_before_it_does_not_end(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "WAIT_FOR_OTHERS", 0.0)
    with (
        holding(empty_database, f"select pg_advisory_lock({migrations.ADVISORY_KEY})"),
        pytest.raises(MigrationError, match="another migration is under way"),
    ):
        migrate(empty_database)
    assert migrate(empty_database) == OURS


def test_what_a_killed_run_left_behind_is_no_obstacle(empty_database: str) -> None:
    status(empty_database)
    killed = subprocess.Popen(["true"])
    killed.wait()
    execute(
        empty_database,
        "insert into yoyo_lock (locked, ctime, pid) values (1, now(), %s)",
        killed.pid,
    )
    assert migrate(empty_database) == OURS


def test_a_table_that_stays_locked_makes_the_migration_give_up(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database)
    roll_back(empty_database, len(OURS) - 1)
    monkeypatch.setattr(migrations, "LOCK_TIMEOUT_MS", 50)
    with (
        holding(empty_database, f"lock table {only_table_of(empty_database)}"),
        pytest.raises(MigrationError, match="try again"),
    ):
        migrate(empty_database)
    assert status(empty_database)[1:] == [Standing(name, State.PENDING) for name in OURS[1:]]
    assert migrate(empty_database) == OURS[1:]


def only_table_of(url: str) -> str:
    """What the first migration makes and the second refers to."""
    with psycopg.connect(url) as connection:
        [table] = connection.execute(
            "select relname from pg_class where relkind = 'r'"
            " and relnamespace = 'public'::regnamespace and relname !~ 'yoyo'"
        ).fetchall()
    return str(table[0])


def test_a_migration_that_fails_leaves_nothing_and_keeps_those_before_it(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "0001.trees.sql").write_text("create table trees (tree_id bigint);\n")
    (tmp_path / "0002.birds.sql").write_text(
        "create table birds (bird_id bigint);\n\nalter table fish add column fins int;\n"
    )
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path)
    with pytest.raises(MigrationError, match="fish"):
        migrate(empty_database)
    assert status(empty_database) == [
        Standing("0001.trees", State.APPLIED),
        Standing("0002.birds", State.PENDING),
    ]
    assert only_table_of(empty_database) == "trees"


def test_an_unreachable_server_is_said_to_be() -> None:
    with pytest.raises(MigrationError, match="PostgreSQL cannot be reached"):
        migrate("postgresql://postgres@127.0.0.1:1/postgres")


async def test_the_command_applies_tells_and_undoes(empty_database: str, data_dir: Path) -> None:
    async def run(*arguments: str) -> tuple[int, list[str]]:
        with tripsync(
            "migrate", *arguments, data_dir=data_dir, DATABASE_URL=empty_database
        ) as command:
            return await command.exit_code(), command.said.splitlines()

    assert await run("--status") == (1, [f"pending  {name}" for name in OURS])
    # Migrations know profile_image_url, which no file has any more.
    functions = f"sql/functions: {len(load_functions(SQL))} made, 1 dropped"
    assert await run() == (0, [*(f"applied {name}" for name in OURS), functions])
    assert await run() == (0, ["nothing to do: the schema is up to date"])
    assert await run("--rollback") == (0, [f"rolled back {OURS[-1]}"])
    undone = [f"rolled back {name}" for name in (OURS[-2], OURS[-3])]
    assert await run("--rollback", "2") == (0, undone)


async def test_production_asks_before_it_rolls_back(empty_database: str, data_dir: Path) -> None:
    migrate(empty_database)
    production = {
        "ENVIRONMENT": "production",
        "SECRET_KEY": "a key of tests, longer than 32 bytes",
        "DATABASE_URL": empty_database,
    }

    async def run(*arguments: str, types: str = "") -> tuple[int, str]:
        with tripsync(
            "migrate", "--rollback", *arguments, data_dir=data_dir, types=types, **production
        ) as command:
            return await command.exit_code(), command.said

    code, said = await run()
    assert code == 78
    assert f"this would undo {OURS[-1]}, and what" in said
    assert "say --yes" in said
    code, said = await run("2", types="no\n")
    assert code == 1
    assert f"This undoes {OURS[-1]}, {OURS[-2]}; what" in said
    assert said.endswith("nothing was done\n")
    assert all(each.state is State.APPLIED for each in status(empty_database))
    code, said = await run(types="yes\n")
    assert code == 0
    assert said.endswith(f"rolled back {OURS[-1]}\n")
    assert await run("--yes") == (0, f"rolled back {OURS[-2]}\n")


@pytest.mark.parametrize("steps", ["0", "-1"])
async def test_a_rollback_of_no_step_is_refused_and_changes_nothing(
    empty_database: str, data_dir: Path, steps: str
) -> None:
    migrate(empty_database)
    roll_back(empty_database)
    before = status(empty_database)
    with tripsync(
        "migrate", f"--rollback={steps}", data_dir=data_dir, DATABASE_URL=empty_database
    ) as command:
        code = await command.exit_code()
    assert (code != 0, status(empty_database)) == (True, before)


async def test_a_rollback_that_the_data_forbids_is_told_without_a_traceback(
    empty_database: str, data_dir: Path
) -> None:
    """A college of the app's list cannot go while somebody belongs to it."""
    migrate(empty_database)
    execute(
        empty_database,
        "insert into users (college_id, email, full_name, password_hash)"
        " select college_id, 'asha@djsce.example', 'Asha Rao', '' from colleges limit 1",
    )
    back_to_the_colleges = len(OURS) - OURS.index("0007.known-colleges")
    before = status(empty_database)
    with tripsync(
        "migrate",
        "--rollback",
        str(back_to_the_colleges),
        data_dir=data_dir,
        DATABASE_URL=empty_database,
    ) as command:
        code = await command.exit_code()
        said = command.said
    assert code == 78, said
    assert "Traceback" not in said
    assert status(empty_database) == before


def plan_rides(url: str, rides: str) -> None:
    """Rides of one rider: for each its status, and in how many hours it leaves."""
    execute(
        url,
        "insert into pooling_requests (college_id, user_id, start, destination, departure,"
        " solo_meters, reach, status) select college_id, user_id, '(72.83,19.1)', '(72.85,19.2)',"
        " tstzrange(now() + hours * interval '1 hour', now() + (hours + 0.5) * interval '1 hour'),"
        f" 1000, '(73,20),(72,19)', status from users cross join (values {rides})"
        " as planned (status, hours)",
    )


def test_of_several_planned_rides_the_way_back_keeps_the_one_that_is_shared_or_leaves_first(
    empty_database: str,
) -> None:
    migrate(empty_database)
    execute(
        empty_database,
        "insert into users (college_id, email, full_name, password_hash)"
        " select college_id, 'asha@djsce.example', 'Asha Rao', '' from colleges limit 1",
    )
    undone = len(OURS) - OURS.index("0039.indexes-of-planned-rides")
    plan_rides(empty_database, "('active', 3), ('active', 1), ('active', 5)")
    roll_back(empty_database, undone)
    assert open_rides_of(empty_database) == [("active", 1)]
    migrate(empty_database)
    plan_rides(empty_database, "('matched', 8), ('active', 3)")
    roll_back(empty_database, undone)
    assert open_rides_of(empty_database) == [("matched", 8)]
    migrate(empty_database)
    plan_rides(empty_database, "('matched', 10)")
    with pytest.raises(MigrationError):
        roll_back(empty_database, undone)
    assert {each.state for each in status(empty_database)} == {State.APPLIED}
    assert open_rides_of(empty_database) == [("matched", 8), ("matched", 10)]


def open_rides_of(url: str) -> list[tuple[str, int]]:
    with psycopg.connect(url) as connection:
        return connection.execute(
            "select status, round(extract(epoch from lower(departure) - now()) / 3600)::int"
            " from pooling_requests where status in ('active', 'matched') order by departure"
        ).fetchall()


def test_a_post_that_a_moderator_closed_stays_in_the_trail_on_the_way_back(
    empty_database: str,
) -> None:
    """The trail is added to, never changed; so the way back takes it as it is."""
    migrate(empty_database)
    closed = (
        "insert into moderation_acts (college_id, act, subject_id, outcome, note)"
        " select college_id, 'close_post', user_id, 'spam', '' from users"
    )
    execute(
        empty_database,
        "insert into users (college_id, email, full_name, password_hash)"
        " select college_id, 'asha@djsce.example', 'Asha Rao', '' from colleges limit 1",
    )
    execute(empty_database, closed)
    undone = len(OURS) - OURS.index("0027.services-meet-chat-and-moderation")
    assert roll_back(empty_database, undone) == OURS[-1 : -undone - 1 : -1]
    with pytest.raises(psycopg.errors.CheckViolation):
        execute(empty_database, closed)
    assert migrate(empty_database) == OURS[-undone:]
    execute(empty_database, closed)


@pytest.mark.parametrize(
    ("url", "same"),
    [
        (
            "postgresql://a%40b:p%40s%2Fw%25rd@db.example:6432/rides?sslmode=require",
            ("a@b", "p@s/w%rd", "db.example", 6432, "rides", {"sslmode": "require"}),
        ),
        (
            "postgres://postgres:@/rides?host=/tmp/a%20b",
            ("postgres", "", None, None, "rides", {"host": "/tmp/a b"}),
        ),
        (
            "postgresql:///rides?host=/run/postgresql",
            (None, None, None, None, "rides", {"host": "/run/postgresql"}),
        ),
    ],
    ids=["password", "socket", "no host"],
)
def test_yoyo_reads_the_address_as_everybody_else(url: str, same: tuple[object, ...]) -> None:
    read = parse_uri(migrations.yoyo_url(url))
    options = read.args.pop("options")
    assert options == f"-c lock_timeout={migrations.LOCK_TIMEOUT_MS}"
    found = (read.username, read.password, read.hostname, read.port, read.database, read.args)
    assert found == same


def test_options_in_the_address_hold_for_migrations_too(empty_database: str) -> None:
    execute(empty_database, "create schema rides")
    nothing = everything_in(empty_database)
    query = "&" if "?" in empty_database else "?"
    migrate(f"{empty_database}{query}options=-c%20search_path%3Drides")
    assert everything_in(empty_database) == nothing
