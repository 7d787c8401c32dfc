"""Whom PostgreSQL does not let in is told why, and what to do about it, in one line."""

import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

from tests.processes import tripsync
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import MigrationError, migrate
from tripsync.database.roles import NotLetInError, connect, connect_at_desk

# Of whom the server wants a password; it trusts everybody else.
GUARDED = "tripsync_guarded"


@pytest.fixture(scope="module")
def guarded() -> Iterator[str]:
    """The URL of a server that asks one of its logins for a password, and lets others not in."""
    # Not pytest's own folder: as root, the database's user could not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="tripsync-logins-"))
    folder.chmod(0o755)
    with embedded_server(folder) as url:
        rules = folder / "postgres" / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")
        with psycopg.connect(url, autocommit=True) as owner:
            owner.execute("create role tripsync_app")
            owner.execute(f"create role {GUARDED} login password 'sesame' in role tripsync_app")
            owner.execute("create role dormant nologin in role tripsync_app")
            owner.execute("create role crowded login connection limit 0 in role tripsync_app")
            owner.execute("create role owl login in role tripsync_app")
            owner.execute("create database closed allow_connections false")
            owner.execute("select pg_reload_conf()")
        yield url
    shutil.rmtree(folder)


def at(server: str, login: str, database: str) -> str:
    parts = urlsplit(server)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{login}@{host}", path=f"/{database}"))


KEPT_OUT = pytest.mark.parametrize(
    ("login", "database", "why", "what_to_do"),
    [
        ("nobody", "postgres", 'role "nobody" does not exist', "create role nobody login"),
        (
            f"{GUARDED}:mellon",
            "postgres",
            f'password authentication failed for user "{GUARDED}"',
            f"alter role {GUARDED} password",
        ),
        ("dormant", "postgres", 'role "dormant" is not permitted', "alter role dormant login;"),
        ("crowded", "postgres", "too many connections for role", "DATABASE_POOL_MAX"),
        ("owl", "nowhere", 'database "nowhere" does not exist', "create database nowhere;"),
        ("owl", "closed", 'database "closed" is not currently', "allow_connections true;"),
    ],
    ids=["no role", "wrong password", "no login", "no room", "no database", "closed database"],
)


@KEPT_OUT
@pytest.mark.parametrize("way_in", [connect_at_desk, migrate], ids=["commands", "migrations"])
def test_a_command_that_is_kept_out_says_what_to_do(
    guarded: str,
    way_in: Callable[[str], object],
    login: str,
    database: str,
    why: str,
    what_to_do: str,
) -> None:
    with pytest.raises((NotLetInError, MigrationError)) as refusal:
        way_in(at(guarded, login, database))
    assert_says_what_to_do(str(refusal.value), why, what_to_do)


@KEPT_OUT
async def test_a_server_that_is_kept_out_says_what_to_do(
    guarded: str, login: str, database: str, why: str, what_to_do: str
) -> None:
    with pytest.raises(NotLetInError) as refusal:
        await connect(at(guarded, login, database))
    assert_says_what_to_do(str(refusal.value), why, what_to_do)


def assert_says_what_to_do(said: str, why: str, what_to_do: str) -> None:
    assert why in said
    assert what_to_do in said
    assert "\n" not in said
    assert "mellon" not in said


@pytest.mark.parametrize("command", ["serve", "worker"])
async def test_it_is_one_line_on_the_terminal(guarded: str, data_dir: Path, command: str) -> None:
    missing = f"owl_{secrets.token_hex(3)}"
    url = at(guarded, missing, "postgres")
    with tripsync(command, data_dir=data_dir, DATABASE_URL=url) as process:
        assert await process.exit_code() == 78
        [line] = process.said.strip().splitlines()
    assert f"create role {missing} login" in line
