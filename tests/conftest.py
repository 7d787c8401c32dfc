"""What every test stands on: a real PostgreSQL, a real server, and people who use it.

The server listens on a port of its own; tests talk to it through a socket like anybody
else. One database serves the whole run: each test makes its own riders.
"""

import asyncio
import os
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import uvloop
from sanic import Sanic

from tests.databases import fresh_database
from tests.people import Campus
from tripsync.app import create_app
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.serving.process import bind, serving
from tripsync.settings import Settings

SECRET = "tests only: a key of more than thirty-two bytes"


def pytest_asyncio_loop_factories() -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The loop that the server runs on outside of tests."""
    return {"uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def data_dir() -> Iterator[Path]:
    # Not pytest's own folder: as root, the database's user could not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="tripsync-test-"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def postgres(data_dir: Path) -> Iterator[str]:
    """The URL of a PostgreSQL on which databases may be made."""
    if url := os.environ.get("TEST_DATABASE_URL"):
        yield url
        return
    with embedded_server(data_dir) as url:
        yield url


@pytest.fixture(scope="session")
def database_url(postgres: str) -> Iterator[str]:
    """A migrated database."""
    with fresh_database(postgres) as url:
        migrate(url)
        yield url


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """A database without any table, for one test."""
    with fresh_database(postgres) as url:
        yield url


@pytest.fixture(scope="session")
def settings(database_url: str, data_dir: Path) -> Settings:
    return Settings(
        database_url=database_url,
        data_dir=data_dir,
        secret_key=SECRET,
        host="127.0.0.1",
        port=0,
        bcrypt_rounds=4,
        rate_limits="off",
        request_timeout_seconds=5,
        grace_seconds=2,
    )


class Server:
    """A running server, and the application inside."""

    def __init__(self, app: Sanic, sock: socket.socket) -> None:
        self.app = app
        self.port: int = sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="session")
async def start_server(settings: Settings) -> AsyncIterator[Any]:
    """Starts servers that differ from the usual one: `await start_server(proxies=1)`."""
    started = []

    async def start(**changes: object) -> Server:
        changed = msgspec.structs.replace(settings, **changes)
        sock = bind(changed)
        app = create_app(changed, name=f"tripsync-{len(started)}")
        context = serving(app, sock)
        await context.__aenter__()
        started.append(context)
        return Server(app, sock)

    yield start
    for context in started:
        await context.__aexit__(None, None, None)


@pytest.fixture(scope="session")
async def server(start_server: Any) -> Server:
    """The usual server of the run."""
    running: Server = await start_server()
    return running


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server.url) as session:
        yield session


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of one's own, to look behind the server."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


@pytest.fixture
def campus(client: httpx.AsyncClient, data_dir: Path) -> Campus:
    """Where riders come from: `await campus.sign_up()`."""
    return Campus(client, data_dir / "mail")
