"""What every test stands on: a real PostgreSQL, a real server, and people who use it.

The server listens on a port of its own; tests talk to it through a socket like anybody
else. One database serves the whole run: each test makes its own riders.
"""

import asyncio
import os
import secrets
import shutil
import socket
import ssl
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import msgspec
import pytest
import uvloop
from sanic import Sanic
from sanic_testing.reusable import ReusableClient
from sanic_testing.testing import TestingResponse as Answer

from tests import slow_first, whole_run
from tests.answers import Checked, check_answer
from tests.asyncapi import check_events
from tests.bystanders import Watch, settle
from tests.databases import fresh_database
from tests.people import Campus, Rider, numbers
from tests.processes import tripsync
from tests.waiting import PATIENCE
from tripsync.app import create_app
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.jobs.timers import Timers
from tripsync.realtime.protocol import SocketProtocol
from tripsync.serving.process import bind, serving
from tripsync.settings import Settings

SECRET = "tests only: a key of more than thirty-two bytes"
# Of requests that a test makes at the same moment.
LARGEST_CROWD = 200
# Tests call without TLS. A client that is given none reads the certificates of all authorities,
# which takes longer than most tests.
NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


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
def database_url(postgres: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database. Whatever the tests made riders hear is looked at in the end."""
    template = os.environ.get("TEST_TEMPLATE", "")
    with fresh_database(postgres, template) as url:
        if not template:
            migrate(url)
            settle(url)
        yield url
        whole_run.remember(request.config, check_events(url, made_by_tests=True))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(whole_run, "whole run")
    config.pluginmanager.register(slow_first, "slow first")


@pytest.fixture(scope="session")
def watch(database_url: str) -> Iterator[Watch]:
    watch = Watch(database_url)
    yield watch
    watch.close()


@pytest.fixture(autouse=True)
def bystanders_are_left_alone(request: pytest.FixtureRequest) -> Iterator[None]:
    """Rows of riders whom a test does not know are as they were before it."""
    if "database_url" not in request.fixturenames:
        yield
        return
    watch: Watch = request.getfixturevalue("watch")
    watch.look()
    yield
    touched = watch.look()
    if request.node.get_closest_marker("touches_everybody") is None:
        assert not touched, "rows of bystanders are not as they were:\n" + "\n".join(touched[:20])


@pytest.fixture
def empty_database(postgres: str) -> Iterator[str]:
    """A database without any table, for one test."""
    with fresh_database(postgres) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def patient_pools() -> Iterator[None]:
    """A crowd that wants one row at once waits for its turn, as long as a busy machine takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tripsync.database.connection.WAIT_FOR_CONNECTION", PATIENCE)
        yield


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
        # `.ci/run` runs a part of the suite behind the wall, too.
        row_security="on" if os.environ.get("TEST_ROW_SECURITY") == "on" else "off",
        # A slow machine is not to pass for a slow server.
        request_timeout_seconds=60,
        statement_timeout_ms=60_000,
        slow_query_ms=600_000,
        grace_seconds=2,
    )


StartServer = Callable[..., Awaitable["Server"]]
SignUp = Callable[..., Awaitable[Rider]]

# So that "in forty minutes" is the same day there, at whatever hour the tests run.
WHERE_IT_IS_NOON = f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


class Server:
    """A running server, and the application inside."""

    def __init__(self, app: Sanic, sock: socket.socket) -> None:
        self.app = app
        self.port: int = sock.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"

    def client(self, **how: Any) -> httpx.AsyncClient:
        """A caller who waits as long as a busy machine takes."""
        return Checked(base_url=self.url, timeout=PATIENCE, **{"verify": NO_AUTHORITIES, **how})


@asynccontextmanager
async def running(
    settings: Settings,
    *,
    timers: bool = False,
    mount: Callable[[Sanic], None] = lambda app: None,
) -> AsyncIterator[Server]:
    """A server, with what `mount` adds to it. What happens by the clock happens there when a test
    says so, and never between two of its steps."""
    # Several applications in one process: Sanic rewrites its own code for each, and keeps the
    # original only in this mode.
    Sanic.test_mode = True
    sock = bind(settings)
    app = create_app(settings, name=f"tripsync-{next(numbers)}")
    mount(app)
    async with serving(app, sock):
        if not timers:
            await app.ctx.resources[Timers].stop()
        yield Server(app, sock)


@pytest.fixture(scope="session")
async def server(settings: Settings) -> AsyncIterator[Server]:
    """The usual server of the run."""
    async with running(settings) as usual:
        yield usual


@pytest.fixture
async def start_server(settings: Settings) -> AsyncIterator[StartServer]:
    """Starts servers that differ from the usual one: `await start_server(proxies=1)`."""
    async with AsyncExitStack() as started:

        async def start(*, timers: bool = False, **changes: object) -> Server:
            # Few connections: a test may start several, and the database has room for a hundred.
            few = msgspec.structs.replace(settings, database_pool_min=1, database_pool_max=5)
            changed = msgspec.structs.replace(few, **changes)
            return await started.enter_async_context(running(changed, timers=timers))

        yield start


class Insisting(httpx.AsyncHTTPTransport):
    """Asks again where a server says that it is too busy, as it is told to."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        while (answer := await super().handle_async_request(request)).status_code == 503:
            await answer.aclose()
        return answer


@pytest.fixture
async def two_addresses(database_url: str, data_dir: Path) -> AsyncIterator[tuple[str, str]]:
    """Of two servers in processes of their own, on the database of the run."""
    environment = {
        "DATABASE_URL": database_url,
        "SECRET_KEY": SECRET,
        # Their timers would act for all colleges, also for those of other tests.
        "JOBS": "off",
        "REQUEST_TIMEOUT_SECONDS": "60",
        "STATEMENT_TIMEOUT_MS": "60000",
        # The other process that tests has as many, and the database has room for a hundred.
        "DATABASE_POOL_MAX": "8",
    }
    with ExitStack() as stack:
        one, other = [
            stack.enter_context(tripsync("serve", data_dir=data_dir, **environment))
            for _ in range(2)
        ]
        yield await one.address(), await other.address()


@pytest.fixture
async def two_processes(
    two_addresses: tuple[str, str],
) -> AsyncIterator[tuple[httpx.AsyncClient, httpx.AsyncClient]]:
    """Callers of both, for a crowd of requests at once; each server answers them in turn."""
    room = httpx.Limits(max_connections=LARGEST_CROWD)
    async with AsyncExitStack() as calling:
        first, second = [
            await calling.enter_async_context(
                Checked(
                    base_url=address,
                    timeout=PATIENCE,
                    transport=Insisting(limits=room, verify=NO_AUTHORITIES),
                )
            )
            for address in two_addresses
        ]
        yield first, second


@pytest.fixture
async def client(server: Server) -> AsyncIterator[httpx.AsyncClient]:
    async with server.client() as session:
        yield session


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of one's own, to look behind the server."""
    connection = await asyncpg.connect(database_url)
    yield connection
    await connection.close()


class Caller:
    """One call after the other, of a server that runs while it is called."""

    def __init__(self, client: ReusableClient) -> None:
        self.app = client.app
        self._client = client

    def __call__(self, method: str, path: str, **more: Any) -> Answer:
        # Gathering requests would leave another middleware behind with each of them.
        _, answer = self._client.request(path, http_method=method, gather_request=False, **more)
        check_answer(method, answer.url.path, answer)
        return answer


@pytest.fixture(scope="module")
def call(settings: Settings) -> Iterator[Caller]:
    """For tests that are no coroutines: `call("GET", "/openapi.json")`."""
    few = msgspec.structs.replace(settings, jobs="off", database_pool_min=1, database_pool_max=5)
    sock = bind(few)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        client = ReusableClient(
            create_app(few, name=f"tripsync-{next(numbers)}"),
            port=sock.getsockname()[1],
            loop=runner.get_loop(),
            server_kwargs={"sock": sock, "protocol": SocketProtocol},
            client_kwargs={"timeout": PATIENCE},
        )
        with client:
            yield Caller(client)


@pytest.fixture
def campus(client: httpx.AsyncClient, data_dir: Path) -> Campus:
    """Where riders come from: `await campus.sign_up()`."""
    return Campus(client, data_dir / "mail")


@pytest.fixture
async def college(db: asyncpg.Connection, watch: Watch) -> str:
    """A college of one test's own: its riders meet nobody of another test."""
    # Behind the known ones, whose place at the head of the list other tests look for.
    name = f"Zenith {secrets.token_hex(6)}"
    college_id = await db.fetchval(
        "insert into colleges (name, place, time_zone) values ($1, point(72.8, 19.1), $2)"
        " returning college_id",
        name,
        WHERE_IT_IS_NOON,
    )
    watch.move_in(college_id)
    return name


@pytest.fixture
def sign_up(campus: Campus, college: str, db: asyncpg.Connection) -> SignUp:
    """Somebody of this test's college: `await sign_up(role="moderator")`."""

    async def sign_up(role: str = "student", **changes: object) -> Rider:
        rider = await campus.sign_up(**{"college_name": college, **changes})
        if role != "student":
            await db.execute("update users set role = $1 where user_id = $2", role, rider.id)
        return rider

    return sign_up
