"""Three roles: who owns the schema, who serves from it, and who only looks.

The suite's server acts as the second of them, so all other tests hold that it may do what it must.
These hold that it may do no more.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from psycopg import RawCursor, sql

from tests.conftest import StartServer
from tests.databases import fresh_database
from tests.people import Campus
from tests.pooling.roads_to_campus import pair_up
from tests.processes import tripsync
from tripsync.database import migrations
from tripsync.database.files import SQL
from tripsync.database.migrations import MigrationError, migrate, roll_back
from tripsync.database.roles import APP, OWNER, NotLetInError, connect, connect_at_desk
from tripsync.database.sources import Source, read_folder, statement_of
from tripsync.desk.scratch import scratch_server

Login = Callable[..., str]

READER = "tripsync_reader"
PRIVILEGES = ("select", "insert", "update", "delete", "truncate", "references", "trigger")

# What others than the queries of sql/ do to a table: triggers and functions of the schema,
# pgqueuer, and the look at the schema with which a server starts.
DONE_BY_OTHERS = {
    ("_yoyo_migration", "select"): "find_schema_problem",
    ("sql_functions", "select"): "find_schema_problem",
    ("devices", "delete"): "forget_device_of_session",
    **{
        (f"events_{day}", privilege): "empty_next_day_of_events"
        for day in range(9)
        for privilege in ("select", "truncate")
    },
    ("event_heads", "insert"): "begin_events_of_user",
    ("live_positions", "delete"): "forget_live_positions",
    ("pgqueuer_log", "insert"): "pgqueuer",
    ("pgqueuer_statistics", "select"): "pgqueuer",
    ("profiles", "insert"): "begin_profile_of_user",
    ("second_looks", "insert"): "look_again_after_block",
}


@pytest.fixture(scope="module")
def owner(database_url: str) -> Iterator[psycopg.Connection]:
    """Whoever made the database."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def login(postgres: str) -> Iterator[Login]:
    """Makes logins that are members of roles: `login(url, APP)` is the URL of one."""
    made = []

    def make(url: str, *roles: str) -> str:
        name = f"tripsync_test_{secrets.token_hex(4)}"
        made.append(name)
        with psycopg.connect(postgres, autocommit=True) as server:
            server.execute(f"create role {name} login")
            for role in roles:
                server.execute(f"grant {role} to {name}")
        return as_login(url, name)

    yield make
    with psycopg.connect(postgres, autocommit=True) as server:
        for name in made:
            server.execute(f"drop role {name}")


def as_login(url: str, name: str) -> str:
    """The same database for somebody else; tests trust everybody who comes from here."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))


def test_everything_belongs_to_the_owner_role(owner: psycopg.Connection) -> None:
    everything = owner.execute(
        """
        select relname, relowner::regrole::text from pg_class
         where relnamespace = 'public'::regnamespace
         union all
        select proname, proowner::regrole::text from pg_proc
         where pronamespace = 'public'::regnamespace
         union all
        select typname, typowner::regrole::text from pg_type
         where typnamespace = 'public'::regnamespace
        """
    ).fetchall()
    assert len(everything) > 100
    assert {name for name, role in everything if role != OWNER} == set()


def test_the_app_has_no_privilege_that_nobody_needs(database_url: str) -> None:
    """Each is taken away in turn: something must break, or it is one too many."""
    with psycopg.connect(database_url) as connection:
        plans = prepared(connection)
        unneeded = [
            f"{privilege} on {table}"
            for table, privilege in granted(connection, APP)
            if (table, privilege) not in DONE_BY_OTHERS
            and not is_needed(connection, plans, table, privilege)
        ]
        connection.rollback()
    assert unneeded == []


def prepared(connection: psycopg.Connection) -> list[tuple[Source, str]]:
    """Every query, and what shows its plan for all values."""
    connection.execute("set plan_cache_mode = force_generic_plan")
    plans = []
    for number, source in enumerate(read_folder(SQL)):
        statement = statement_of(source)
        RawCursor(connection).execute(f"prepare q{number} as {statement.sql}".encode())
        nulls = ", ".join(["null"] * len(statement.parameters))
        plans.append((source, f"explain execute q{number}" + (f"({nulls})" if nulls else "")))
    return plans


def granted(connection: psycopg.Connection, role: str) -> list[tuple[str, str]]:
    return connection.execute(
        """
        select relname, lower(privilege_type)
          from pg_class, aclexplode(relacl)
         where relnamespace = 'public'::regnamespace
           and relkind in ('r', 'p', 'v')
           and grantee = %s::regrole
         order by 1, 2
        """,
        [role],
    ).fetchall()


def is_needed(
    connection: psycopg.Connection, plans: list[tuple[Source, str]], table: str, privilege: str
) -> bool:
    """Whether there is a query that its lack breaks; those that name the table are asked first."""
    revoke = sql.SQL(f"revoke {privilege} on {{}} from {APP}").format(sql.Identifier(table))
    for _, plan in sorted(plans, key=lambda each: table not in each[0].text):
        try:
            with connection.transaction(force_rollback=True):
                connection.execute(revoke)
                connection.execute(f"set local role {APP}")
                connection.execute(plan.encode())
        except psycopg.errors.InsufficientPrivilege:
            return True
    return False


def test_what_others_than_queries_do_is_still_done(owner: psycopg.Connection) -> None:
    """Who is named as the reason for a privilege is there, and does so."""
    bodies = dict(
        owner.execute(
            "select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace"
        ).fetchall()
    )
    privileges = set(granted(owner, APP))
    for (table, privilege), who in DONE_BY_OTHERS.items():
        assert (table, privilege) in privileges
        if who not in ("pgqueuer", "find_schema_problem"):
            words = {"insert": f"insert into {table}", "delete": f"delete from {table}"}
            assert words.get(privilege, "truncate" if "events" in table else "") in bodies[who]


def test_what_functions_read_the_app_may_read(owner: psycopg.Connection) -> None:
    """They run with the rights of their callers, and `sql check` does not look into them."""
    tables = owner.execute(
        """
        select distinct c.relname, has_table_privilege(%s, c.oid, 'select')
          from pg_proc p
          join pg_depend d on d.classid = 'pg_proc'::regclass
                          and d.objid = p.oid
                          and d.refclassid = 'pg_class'::regclass
          join pg_class c on c.oid = d.refobjid
         where p.pronamespace = 'public'::regnamespace
        """,
        [APP],
    ).fetchall()
    assert len(tables) > 5
    assert [table for table, may in tables if not may] == []


def test_no_function_runs_with_the_rights_of_its_owner(owner: psycopg.Connection) -> None:
    found = owner.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace and prosecdef"
    )
    assert found.fetchall() == []


@pytest.mark.parametrize(
    "act",
    [
        "create table trees (tree_id bigint)",
        "create temporary table trees (tree_id bigint)",
        "create view trees as select 1 as tree_id",
        "create function trees() returns int language sql return 1",
        "create schema trees",
        "create role trees",
        "alter table users add column trees int",
        "alter table moderation_acts disable trigger all",
        "drop table unwanted_mails",
        "drop function road_meters(point, point)",
        "create index trees on users (full_name)",
        "truncate users cascade",
        "set role tripsync_owner",
        "set session_replication_role = replica",
        "delete from users",
        "delete from messages",
        "update moderation_acts set note = ''",
        "delete from moderation_acts",
        "truncate moderation_acts",
        "insert into colleges (name, place, time_zone) values ('Elsewhere', '(1,1)', 'UTC')",
        "update colleges set name = ''",
        "delete from _yoyo_migration",
        "select migration_id from _yoyo_log",
        "select expression from pgqueuer_schedules",
    ],
)
def test_the_app_may_not(database_url: str, login: Login, act: str) -> None:
    # As a login of its own: who has logged in as a superuser may become anybody again.
    with (
        psycopg.connect(login(database_url, APP), options=f"-c role={APP}") as app,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        app.execute(act.encode())


SECRETS = ("password", "hash", "secret", "token", "key", "answer", "fingerprint")
# Named like secrets, and none.
NO_SECRETS = {
    "profile_files.storage_key",
    "unreferenced_files.storage_key",
    "rate_counters.key",
    "pgqueuer.dedupe_key",
    "_yoyo_log.migration_hash",
    "_yoyo_migration.migration_hash",
}


def test_the_reader_reads_everything_but_secrets(owner: psycopg.Connection) -> None:
    columns = dict(
        owner.execute(
            """
            select c.relname || '.' || a.attname,
                   has_column_privilege(%s, c.oid, a.attnum, 'select')
              from pg_class c
              join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
             where c.relnamespace = 'public'::regnamespace
               and c.relkind in ('r', 'p', 'v')
            """,
            [READER],
        ).fetchall()
    )
    secret = {
        each
        for each in columns
        if set(each.partition(".")[2].split("_")) & set(SECRETS) and each not in NO_SECRETS
    }
    assert {"users.password_hash", "devices.token", "ride_shares.token_hash"} < secret
    # A view of a secret: its table has the rest.
    hidden = {each for each in columns if each.startswith("open_ride_shares.")}
    assert {each for each, may in columns.items() if not may} == secret | hidden


def test_what_the_reader_may_read_can_be_read(database_url: str, owner: psycopg.Connection) -> None:
    """A view asks for what it looks at, too."""
    readable = owner.execute(
        """
        select c.relname, string_agg(quote_ident(a.attname), ', ')
          from pg_class c
          join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
         where c.relnamespace = 'public'::regnamespace
           and c.relkind in ('r', 'p', 'v')
           and has_column_privilege(%s, c.oid, a.attnum, 'select')
         group by c.relname
        """,
        [READER],
    ).fetchall()
    assert len(readable) > 50
    with psycopg.connect(database_url) as reader:
        reader.execute(f"set role {READER}")
        for table, columns in readable:
            reader.execute(f"explain select {columns} from {table}".encode())


def test_the_reader_writes_nothing(owner: psycopg.Connection) -> None:
    assert {privilege for _, privilege in granted(owner, READER)} == {"select"}


def test_a_new_table_belongs_to_the_owner_and_is_read_by_the_reader(
    empty_database: str, login: Login, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    migrate(empty_database)
    for file in migrations.MIGRATIONS.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "9000.trees.sql").write_text("create table trees (tree_id bigint);\n")
    (tmp_path / "9000.trees.rollback.sql").write_text("drop table trees;\n")
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path)
    deployer = login(empty_database, OWNER)
    assert migrate(deployer) == ["9000.trees"]
    with psycopg.connect(empty_database) as connection:
        assert connection.execute(
            """
            select relowner::regrole::text,
                   has_table_privilege('tripsync_reader', oid, 'select'),
                   has_table_privilege('tripsync_app', oid, 'select')
              from pg_class where relname = 'trees'
            """
        ).fetchone() == (OWNER, True, False)
    assert roll_back(deployer) == ["9000.trees"]


def test_the_rollback_gives_everything_back(empty_database: str) -> None:
    ours = migrations.known_migrations()
    migrate(empty_database)
    roll_back(empty_database, len(ours) - ours.index("0034.roles"))
    with psycopg.connect(empty_database) as connection:
        [(user, owners, grantees)] = connection.execute(
            """
            select current_user::text,
                   array_agg(distinct relowner::regrole::text),
                   array_agg(distinct grantee::regrole::text)
                       filter (where grantee::regrole::text like 'tripsync_%')
              from pg_class
              left join lateral aclexplode(relacl) on true
             where relnamespace = 'public'::regnamespace
            """
        ).fetchall()
        assert (owners, grantees) == ([user], None)
        assert connection.execute("select count(*) from pg_default_acl").fetchone() == (0,)
    assert migrate(empty_database)[0] == "0034.roles"


async def test_a_login_that_is_a_member_serves_and_works(
    empty_database: str, login: Login, start_server: StartServer, data_dir: Path
) -> None:
    """From the sign-up to the shared ride, and a mail by a worker, on an ordinary login."""
    migrate(empty_database)
    web = login(empty_database, APP)
    server = await start_server(database_url=web, jobs="off")
    with tripsync("worker", data_dir=data_dir, DATABASE_URL=web):
        async with server.client() as client:
            campus = Campus(client, data_dir / "mail")
            asha, dev = await campus.sign_up(), await campus.sign_up()
            await pair_up(asha, dev)
            pool = (await asha.call("GET", "/api/pool/pools/current")).json()["pool"]
            assert (pool["status"], len(pool["members"])) == ("open", 2)
            assert await campus.mailed_code(asha.email, "Confirm your address")


async def test_a_login_that_is_no_member_is_told_what_to_type(
    empty_database: str, login: Login, data_dir: Path
) -> None:
    migrate(empty_database)
    stranger = login(empty_database)
    name = urlsplit(stranger).username
    for arguments in (("serve",), ("jobs",), ("sql", "check"), ("sql", "explain", "--all")):
        with tripsync(*arguments, data_dir=data_dir, DATABASE_URL=stranger) as command:
            assert await command.exit_code() == 78
            assert f"type: grant {APP} to {name};" in command.said
            assert "Traceback" not in command.said


async def test_a_login_of_the_app_cannot_migrate_and_is_told_who_can(
    empty_database: str, login: Login, data_dir: Path
) -> None:
    migrate(empty_database)
    web = login(empty_database, APP)
    with tripsync("migrate", data_dir=data_dir, DATABASE_URL=web) as command:
        assert await command.exit_code() == 78
        assert f"may not change the schema, which belongs to {OWNER}" in command.said
        assert "DATABASE_OWNER_URL" in command.said
    with tripsync(
        "migrate", data_dir=data_dir, DATABASE_URL=web, DATABASE_OWNER_URL=empty_database
    ) as command:
        assert await command.exit_code() == 0
        assert "up to date" in command.said


async def test_a_member_of_the_owner_migrates_and_serves(postgres: str, login: Login) -> None:
    """No superuser is needed, once there are the roles."""
    with fresh_database(postgres) as url:
        migrate(url)
    with fresh_database(postgres) as url:
        name = urlsplit(url).path[1:]
        deployer = login(url, OWNER, APP, "tripsync_reader", "tripsync_walled")
        with psycopg.connect(url, autocommit=True) as server:
            server.execute(f"alter database {name} owner to {urlsplit(deployer).username}")
        try:
            assert migrate(deployer) == migrations.known_migrations()
            connection = await connect(deployer)
            assert await connection.fetchval("select count(*) from colleges") > 0
            await connection.close()
            steps = len(migrations.known_migrations())
            assert len(roll_back(deployer, steps)) == steps
        finally:
            with psycopg.connect(url, autocommit=True) as server:
                server.execute(f"reassign owned by {urlsplit(deployer).username} to current_user")
                server.execute(f"drop owned by {urlsplit(deployer).username}")


def test_roles_that_cannot_be_made_are_asked_for() -> None:
    """On a server of its own: there, nobody has made them yet."""
    with scratch_server() as url, psycopg.connect(url, autocommit=True) as server:
        server.execute("create role humble login")
        server.execute("create database rides owner humble")
        humble = as_login(urlunsplit(urlsplit(url)._replace(path="/rides")), "humble")
        with pytest.raises(MigrationError) as refused:
            migrate(humble)
        typed = re.search(r"missing: (create role .*;)$", str(refused.value), re.MULTILINE)
        assert typed, refused.value
        with pytest.raises(NotLetInError, match="no role tripsync_app yet"):
            connect_at_desk(humble)
        server.execute(typed[1])
        assert migrate(humble)[0] == "0034.roles"


def test_a_login_that_may_make_roles_makes_them() -> None:
    with scratch_server() as url, psycopg.connect(url, autocommit=True) as server:
        server.execute("create role founder login createrole")
        server.execute("create database rides owner founder")
        founder = as_login(urlunsplit(urlsplit(url)._replace(path="/rides")), "founder")
        assert migrate(founder) == migrations.known_migrations()
        with connect_at_desk(founder) as app:
            assert app.execute("select count(*) > 0 from colleges").fetchone() == (True,)


def test_databases_of_one_server_are_migrated_at_once() -> None:
    """The roles are the server's: all of them want to make them at the same moment."""
    with ExitStack() as stack:
        server = stack.enter_context(scratch_server())
        urls = [stack.enter_context(fresh_database(server)) for _ in range(4)]
        with ThreadPoolExecutor(len(urls)) as threads:
            done = list(threads.map(migrate, urls))
        assert done == [migrations.known_migrations()] * len(urls)
