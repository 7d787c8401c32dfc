"""A database that lets nobody in, or takes no writes: what callers hear, and how it ends."""

import logging
import secrets
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import httpx
import psycopg
import pytest

from tests.conftest import Server, StartServer
from tests.people import PASSWORD, Campus, Rider
from tests.waiting import until
from tripsync.database.availability import Availability, Repeated
from tripsync.database.migrations import migrate
from tripsync.database.roles import APP
from tripsync.jobs.timers import Timer, Timers

Closing = Callable[[psycopg.Connection, str, str], AbstractContextManager[None]]


@pytest.fixture
def login(postgres: str, empty_database: str) -> Iterator[str]:
    """The URL of a database of this test's own, for a login of its own."""
    migrate(empty_database)
    name = f"tripsync_test_{secrets.token_hex(4)}"
    parts = urlsplit(empty_database)
    with psycopg.connect(postgres, autocommit=True) as owner:
        owner.execute(f"create role {name} login in role {APP}")
        yield urlunsplit(parts._replace(netloc=f"{name}@{parts.netloc.rpartition('@')[2]}"))
        cut(owner, name)
        owner.execute(f"drop role {name}")


@pytest.fixture
async def server(start_server: StartServer, login: str) -> Server:
    return await start_server(database_url=login)


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client() as session:
        yield session


@pytest.fixture
async def rider(client: httpx.AsyncClient, data_dir: Path) -> Rider:
    return await Campus(client, data_dir / "mail").sign_up()


def cut(owner: psycopg.Connection, login: str) -> None:
    """End all connections of a login."""
    owner.execute(
        "select pg_terminate_backend(pid, 60000) from pg_stat_activity where usename = %s", [login]
    )


@contextmanager
def changed(owner: psycopg.Connection, login: str, change: str, back: str) -> Iterator[None]:
    owner.execute(change)
    cut(owner, login)
    try:
        yield
    finally:
        owner.execute(back)


def closed_database(
    owner: psycopg.Connection, login: str, database: str
) -> AbstractContextManager[None]:
    change = f"alter database {database} allow_connections"
    return changed(owner, login, f"{change} false", f"{change} true")


def role_without_login(
    owner: psycopg.Connection, login: str, _: str
) -> AbstractContextManager[None]:
    return changed(owner, login, f"alter role {login} nologin", f"alter role {login} login")


def no_connection_left(
    owner: psycopg.Connection, login: str, _: str
) -> AbstractContextManager[None]:
    change = f"alter role {login} connection limit"
    return changed(owner, login, f"{change} 0", f"{change} -1")


def closed_for_writes(
    owner: psycopg.Connection, login: str, database: str
) -> AbstractContextManager[None]:
    change = f"alter database {database}"
    return changed(
        owner,
        login,
        f"{change} set default_transaction_read_only = on",
        f"{change} reset default_transaction_read_only",
    )


@pytest.fixture
def closing(
    postgres: str, login: str
) -> Iterator[Callable[[Closing], AbstractContextManager[None]]]:
    """`with closing(closed_database): ...`"""
    parts = urlsplit(login)
    with psycopg.connect(postgres, autocommit=True) as owner:
        yield lambda how: how(owner, str(parts.username), parts.path.lstrip("/"))


def sign_in(rider: Rider) -> dict[str, str]:
    return {"email": rider.email, "password": PASSWORD}


async def is_read(client: httpx.AsyncClient) -> bool:
    """Those connections that were cut have been replaced, as far as they are needed."""
    return (await client.get("/api/colleges")).status_code == 200


async def is_ready(client: httpx.AsyncClient) -> bool:
    return (await client.get("/api/health/ready")).status_code == 200


@pytest.mark.parametrize("how", [closed_database, role_without_login, no_connection_left])
async def test_a_database_that_lets_nobody_in_is_a_503_until_it_does(
    client: httpx.AsyncClient,
    rider: Rider,
    closing: Callable[[Closing], AbstractContextManager[None]],
    caplog: pytest.LogCaptureFixture,
    how: Closing,
) -> None:
    requests = (
        partial(client.get, "/api/colleges"),
        partial(client.post, "/api/auth/login", json=sign_in(rider)),
        partial(rider.call, "GET", "/api/profile/me"),
        partial(rider.call, "GET", "/api/pool/requests"),
        partial(rider.call, "PUT", "/api/profile/me", json={"bio": "owls"}),
    )
    with closing(how):
        for request in requests:
            answer = await request()
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
        ready = await client.get("/api/health/ready")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert "cannot be reached" in ready.json()["detail"]
    await until(partial(is_ready, client))
    for request in requests:
        assert (await request()).status_code == 200
    ours = [each for each in caplog.records if each.name.startswith("tripsync")]
    assert not [each for each in ours if each.exc_info]


async def test_a_database_that_takes_no_writes_is_read_and_writes_are_a_503_until_it_does(
    client: httpx.AsyncClient,
    rider: Rider,
    closing: Callable[[Closing], AbstractContextManager[None]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "tripsync.database")
    writes = (
        partial(client.post, "/api/auth/login", json=sign_in(rider)),
        partial(rider.call, "PUT", "/api/profile/me", json={"bio": "owls"}),
    )
    reads = ("/api/colleges", "/api/profile/me", "/api/pool/requests", "/api/services")
    with closing(closed_for_writes):
        await until(partial(is_read, client))
        for read in reads:
            assert (await rider.call("GET", read)).status_code == 200
        for write in writes:
            answer = await write()
            assert (answer.status_code, answer.json()["code"]) == (503, "read_only")
            assert int(answer.headers["retry-after"]) > 0
            assert answer.json()["detail"].startswith("Nothing can be changed right now")
        ready = await client.get("/api/health/ready")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert "takes no changes" in ready.json()["detail"]
        await until(lambda: news(caplog))
    await until(lambda: len(news(caplog)) == 2)
    assert await is_ready(client)
    for write in writes:
        assert (await write()).status_code == 200
    went, returned = news(caplog)
    assert went.startswith("the database is read-only: ")
    assert returned.startswith("the database is back after ")


def news(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log has of the database. The LISTEN connection was cut, which is another line."""
    return [each.message for each in caplog.records if each.message.startswith("the database is")]


async def test_work_outside_requests_goes_on_after_a_time_without_writes(
    server: Server,
    rider: Rider,
    closing: Callable[[Closing], AbstractContextManager[None]],
    data_dir: Path,
) -> None:
    """Over connections that were opened meanwhile, and would take no write for as long as they
    are open: those of the pool, and the one on which jobs are taken."""
    ran: list[str] = []

    async def act(_: object) -> None:
        ran.append("ran")

    timers = server.app.ctx.resources[Timers]
    timer = Timer("writes again", 0.1, act)
    with closing(closed_for_writes):
        await until(partial(is_read, rider.client))
        with pytest.raises(Exception, match="read-only transaction"):
            await timers.run(timer)
        forgotten = await rider.client.post(
            "/api/auth/password/forgotten", json={"email": rider.email}
        )
        assert forgotten.json()["code"] == "read_only"
    await until(partial(is_ready, rider.client))
    await timers.run(timer)
    assert ran == ["ran"]
    await rider.client.post("/api/auth/password/forgotten", json={"email": rider.email})
    campus = Campus(rider.client, data_dir / "mail")
    assert await campus.mailed_code(rider.email, "A new password")


async def test_a_loop_logs_a_failure_once_until_it_has_succeeded_or_fails_in_another_way(
    availability: Availability, caplog: pytest.LogCaptureFixture
) -> None:
    async def fail(reason: Exception) -> None:
        raise reason

    async def succeed() -> None:
        pass

    counting = Repeated("counting owls", availability)

    async def logged_after(*reasons: Exception) -> list[str]:
        caplog.clear()
        for reason in reasons:
            assert not await counting.succeeds(fail(reason))
        return [each.message for each in caplog.records]

    failed = "counting owls failed:"
    assert await logged_after(KeyError(), KeyError()) == [f"{failed} KeyError"]
    # The database is well: what was refused was something else.
    assert await logged_after(ConnectionRefusedError()) == [f"{failed} ConnectionRefusedError"]
    assert await logged_after(KeyError()) == [f"{failed} KeyError"]
    assert await counting.succeeds(succeed())
    assert await logged_after(KeyError()) == [f"{failed} KeyError"]
