"""`tripsync serve` as an operator meets it: real processes, real signals, real sockets."""

import asyncio
import contextlib
import json
import re
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil
import psycopg
import pytest

from tests.answers import Checked
from tests.people import PASSWORD, new_email
from tests.processes import Process, copy_of_the_project, is_running, tripsync
from tests.waiting import PATIENCE, until
from tripsync.database.migrations import ADVISORY_KEY, migrate

Serve = Callable[..., AbstractContextManager[Process]]

MISCONFIGURED = 78
WAITS_FOR_US = (
    "select true from pg_locks"
    " where not granted and pg_backend_pid() = any(pg_blocking_pids(pid)) limit 1"
)
HOW_MANY = pytest.mark.parametrize("workers", ["1", "2"], ids=["one process", "two workers"])


@pytest.fixture
def serve(database_url: str, data_dir: Path) -> Serve:
    """`serve("--workers", "2", GRACE_SECONDS="1")`, on a database that is ready for it."""
    return partial(tripsync, "serve", data_dir=data_dir, DATABASE_URL=database_url)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that the database's user can enter, unlike pytest's own."""
    made = Path(tempfile.mkdtemp(prefix="tripsync-serving-"))
    yield made
    for pid in postgres_on(made):
        psutil.Process(pid).kill()
    shutil.rmtree(made)


def postgres_on(folder: Path) -> list[int]:
    """The servers that run on data in this folder."""
    return [
        process.pid
        for process in psutil.process_iter(["cmdline"])
        if f"{folder}/" in " ".join(process.info["cmdline"] or [])
    ]


async def get(address: str, path: str) -> httpx.Response:
    """By a connection of its own, as of a client that comes for the first time."""
    async with Checked(base_url=address, timeout=PATIENCE) as client:
        return await client.get(path)


async def is_refused(address: str) -> bool:
    """Whether nobody listens there any more."""
    there = urlsplit(address)
    try:
        _, writer = await asyncio.open_connection(there.hostname, there.port)
    except (ConnectionRefusedError, ConnectionResetError):
        # Reset: it came in the moment in which the socket was closed, and nobody took it up.
        return True
    writer.close()
    with contextlib.suppress(ConnectionError):
        await writer.wait_closed()
    return False


def registration(email: str) -> dict[str, str]:
    return {
        "email": email,
        "full_name": "Asha Rao",
        "password": PASSWORD,
        "college_name": "DJSCE",
    }


class HalfRequest:
    """A sign-in of which the server has read the head and awaits the body."""

    body = b'{"email": "nobody@djsce.example", "password": "four sparrows on a tram"}'

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    @asynccontextmanager
    async def begin(cls, address: str) -> AsyncIterator["HalfRequest"]:
        there = urlsplit(address)
        reader, writer = await asyncio.open_connection(there.hostname, there.port)
        writer.write(
            b"POST /api/auth/login HTTP/1.1\r\nHost: rides\r\nContent-Type: application/json\r\n"
            b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(cls.body)
        )
        async with asyncio.timeout(PATIENCE):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        try:
            yield cls(reader, writer)
        finally:
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()

    async def finish(self) -> bytes:
        self._writer.write(self.body)
        return await self.rest()

    async def rest(self) -> bytes:
        """Everything that comes until the server hangs up."""
        async with asyncio.timeout(PATIENCE):
            with contextlib.suppress(ConnectionError):
                return await self._reader.read()
        return b""


@HOW_MANY
@pytest.mark.parametrize("stop", ["SIGTERM", "Ctrl-C"])
async def test_serves_until_it_is_told_to_stop(serve: Serve, workers: str, stop: str) -> None:
    with serve("--workers", workers) as server:
        address = await server.address()
        assert (await get(address, "/api/health/ready")).status_code == 200
        family = server.workers
        if stop == "Ctrl-C":
            server.press_ctrl_c()
        else:
            server.send(signal.SIGTERM)
        assert await server.exit_code() == 0
        assert not any(is_running(pid) for pid in family)
        assert await is_refused(address)
        assert "Traceback" not in server.said
        assert server.said.endswith("\n  TripSync has stopped. Goodbye.\n")


@HOW_MANY
async def test_in_production_it_says_what_it_does_as_lines_of_json(
    serve: Serve, workers: str
) -> None:
    production = {"ENVIRONMENT": "production", "SECRET_KEY": "a key of tests, longer than 32 bytes"}
    with serve("--workers", workers, DRAIN_SECONDS="1", **production) as server:
        address = await server.address()
        server.send(signal.SIGTERM)
        assert await server.exit_code() == 0
        lines = [json.loads(line) for line in server.said.splitlines()]
    by_message = {line["message"]: line for line in lines}
    assert by_message["started"]["address"] == address
    assert by_message["started"]["workers"] == int(workers)
    assert by_message["draining"]["drain_seconds"] == 1
    assert [line["message"] for line in lines].count("draining") == int(workers)
    assert lines[-1]["message"] == "stopped"
    [warning] = [line["message"] for line in lines if line["level"] == "warning"]
    assert warning.startswith("SMTP_URL is empty: mails are put into")


@HOW_MANY
async def test_a_terminal_shows_no_colours_and_no_warning(serve: Serve, workers: str) -> None:
    with serve("--workers", workers, on_terminal=True) as server:
        await server.address()
        server.press_ctrl_c()
        assert await server.exit_code() == 0
        await until(lambda: "Goodbye" in server.said)
        assert "\033" not in server.said
        assert "WARNING" not in server.said
        assert "PRODUCTION" not in server.said


async def test_ctrl_c_while_workers_start_ends_them_without_a_traceback(serve: Serve) -> None:
    with serve("--workers", "2") as server:
        await until(lambda: any(is_importing(worker) for worker in server.workers))
        server.press_ctrl_c()
        assert await server.exit_code() == 0, server.said
        assert 'File "' not in server.said


def is_importing(worker: int) -> bool:
    """Python itself starts in less, the server takes more."""
    return psutil.Process(worker).cpu_times().user >= 0.1


async def test_a_killed_worker_is_replaced_while_the_other_serves(serve: Serve) -> None:
    with serve("--workers", "2") as server:
        address = await server.address()
        for killed in await until(lambda: both(server.workers)):
            psutil.Process(killed).kill()
            await until(lambda killed=killed: not is_running(killed))

            async def has_been_replaced(killed: int = killed) -> set[int] | None:
                assert (await get(address, "/api/health/ping")).status_code == 200
                return both(server.workers - {killed})

            await until(has_been_replaced)
            assert f"worker {killed} ended" in server.said


def both(workers: set[int]) -> set[int] | None:
    return workers if len(workers) == 2 else None


async def test_workers_end_with_a_supervisor_that_is_killed(serve: Serve) -> None:
    with serve("--workers", "2") as server:
        address = await server.address()
        workers = await until(lambda: both(server.workers))
        server.send(signal.SIGKILL)
        await until(lambda: not any(is_running(pid) for pid in workers))
        assert await is_refused(address)


@HOW_MANY
async def test_a_stop_lets_a_request_finish_that_is_being_answered(
    serve: Serve, workers: str, db: asyncpg.Connection
) -> None:
    email = new_email()
    with serve("--workers", workers, STATEMENT_TIMEOUT_MS="60000") as server:
        address = await server.address()
        async with Checked(base_url=address, timeout=PATIENCE) as client:
            async with rival_registration(db, email) as is_awaited:
                answering = asyncio.create_task(
                    client.post("/api/auth/register", json=registration(email))
                )
                await until(is_awaited)
                server.send(signal.SIGTERM)
                await until(lambda: has_begun_to_stop(server, address))
            answer = await answering
        assert (answer.status_code, answer.json()["email"]) == (201, email)
        assert await server.exit_code() == 0


async def has_begun_to_stop(server: Process, address: str) -> bool:
    """Nobody listens any more, or the one of two workers that had nothing to do has left."""
    return len(server.workers) == 1 or await is_refused(address)


@asynccontextmanager
async def rival_registration(
    db: asyncpg.Connection, email: str
) -> AsyncIterator[Callable[[], object]]:
    """Whoever registers this address meanwhile waits, until it turns out that we do not."""
    transaction = db.transaction()
    await transaction.start()
    await db.execute(
        "insert into users (college_id, email, full_name, password_hash)"
        " select college_id, $1, 'Rival', '' from colleges limit 1",
        email,
    )

    async def is_awaited() -> object:
        return await db.fetchval(WAITS_FOR_US)

    try:
        yield is_awaited
    finally:
        await transaction.rollback()


@HOW_MANY
async def test_a_stop_lets_a_request_finish_that_is_still_arriving_and_nobody_else_in(
    serve: Serve, workers: str
) -> None:
    with serve("--workers", workers) as server:
        address = await server.address()
        async with HalfRequest.begin(address) as request:
            server.send(signal.SIGTERM)
            await until(lambda: is_refused(address))
            answer = await request.finish()
        head, _, body = answer.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 401 ")
        assert f"content-length: {len(body)}" in head.decode().lower()
        assert b"Incorrect email or password" in body
        assert await server.exit_code() == 0


async def test_a_stop_waits_for_a_request_no_longer_than_its_grace(serve: Serve) -> None:
    with serve(GRACE_SECONDS="1") as server:
        async with HalfRequest.begin(await server.address()) as request:
            server.send(signal.SIGTERM)
            assert await server.exit_code() == 0
            assert await request.rest() == b""


async def test_a_stop_does_not_wait_for_an_idle_connection(serve: Serve) -> None:
    with serve(GRACE_SECONDS="300", DRAIN_SECONDS="1") as server:
        async with Checked(base_url=await server.address(), timeout=PATIENCE) as client:
            assert (await client.get("/api/health/ping")).headers.get("connection") != "close"
            server.send(signal.SIGTERM)
            assert await server.exit_code() == 0


@HOW_MANY
async def test_readiness_fails_while_draining_and_requests_are_still_served(
    serve: Serve, workers: str
) -> None:
    with serve("--workers", workers, DRAIN_SECONDS="300") as server:
        address = await server.address()
        server.send(signal.SIGTERM)

        async def is_unready() -> bool:
            ready = await get(address, "/api/health/ready")
            return (ready.status_code, ready.json().get("code")) == (503, "not_ready")

        await until(is_unready)
        assert (await get(address, "/api/health/live")).status_code == 200
        assert (await get(address, "/api/colleges")).status_code == 200


async def refusal(server: Process) -> str:
    """What a server says that does not start."""
    assert (await server.exit_code(), "is up" in server.said) == (MISCONFIGURED, False), server.said
    assert "Traceback" not in server.said
    return server.said


@HOW_MANY
async def test_a_database_without_our_schema_is_not_served(
    empty_database: str, serve: Serve, workers: str
) -> None:
    with serve("--workers", workers, DATABASE_URL=empty_database) as server:
        assert "`tripsync migrate`" in await refusal(server)


async def test_a_database_of_a_newer_version_is_not_served(
    empty_database: str, serve: Serve
) -> None:
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "insert into _yoyo_migration (migration_hash, migration_id) values ('x', '9999.newer')"
        )
    with serve(DATABASE_URL=empty_database) as server:
        assert "9999.newer" in await refusal(server)


@HOW_MANY
async def test_a_server_that_nobody_listens_on_is_said_to_be_unreachable(
    serve: Serve, workers: str
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://postgres@127.0.0.1:{taken.getsockname()[1]}/postgres"
        with serve("--workers", workers, DATABASE_URL=url) as server:
            said = await refusal(server)
    assert "PostgreSQL cannot be reached" in said
    assert "DATABASE_URL" in said


async def test_a_database_that_does_not_exist_is_said_not_to(
    empty_database: str, serve: Serve
) -> None:
    name = re.search(r"tripsync_test_\w+", empty_database)
    assert name
    missing = empty_database.replace(name[0], "tripsync_missing")
    with serve(DATABASE_URL=missing) as server:
        assert 'database "tripsync_missing" does not exist' in await refusal(server)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://rider@127.0.0.1:port/rides",
        "postgresql://rider@[::1/rides",
        "postgresql://rider@127.0.0.1/rides?sslmode=perhaps",
    ],
)
async def test_an_address_that_is_none_is_refused_by_the_name_of_its_variable(
    serve: Serve, data_dir: Path, url: str
) -> None:
    with serve(DATABASE_URL=url) as server:
        assert "DATABASE_URL" in await refusal(server)
    with tripsync("migrate", data_dir=data_dir, DATABASE_URL=url) as migration:
        assert "DATABASE_URL" in await refusal(migration)


async def test_a_password_never_shows_in_a_refusal(serve: Serve) -> None:
    with serve(DATABASE_URL="postgresql://rider:sesame@127.0.0.1:1/postgres") as server:
        assert "sesame" not in await refusal(server)


async def test_a_port_that_somebody_else_has_is_named(serve: Serve) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with serve(PORT=str(port)) as server:
            assert f"cannot listen on 127.0.0.1:{port}" in await refusal(server)


async def test_all_wrong_settings_are_named_at_once(serve: Serve) -> None:
    wrong = {
        "ENVIRONMENT": "prod",
        "PORT": "http",
        "WORKERS": "0",
        "BCRYPT_ROUNDS": "99",
        "BACKEND_CORS_ORIGINS": "*",
        "DATABASE_URL": "mysql://rides",
    }
    with serve(**wrong) as server:
        said = await refusal(server)
    assert set(re.findall(r"^tripsync: ([A-Z_]+): ", said, re.MULTILINE)) == set(wrong)


@pytest.mark.parametrize(
    ("option", "wrong"),
    [("--port", "99999"), ("--workers", "0")],
)
async def test_an_option_has_the_bounds_of_its_variable(
    serve: Serve, option: str, wrong: str
) -> None:
    with serve(f"{option}={wrong}") as server:
        assert await server.exit_code() in (2, MISCONFIGURED), server.said
        assert "Traceback" not in server.said
        assert option.removeprefix("--") in server.said.lower()


async def test_the_embedded_database_keeps_its_data_and_stops_with_the_server(
    folder: Path,
) -> None:
    email = new_email()
    with tripsync("serve", "--workers", "2", data_dir=folder) as server:
        async with Checked(base_url=await server.address(), timeout=PATIENCE) as client:
            created = await client.post("/api/auth/register", json=registration(email))
            assert created.status_code == 201, created.text
            signed_in = await client.post(
                "/api/auth/login", json={"email": email, "password": PASSWORD}
            )
        assert postgres_on(folder)
        server.press_ctrl_c()
        assert await server.exit_code() == 0
        assert "Traceback" not in server.said
        assert "TripSync has stopped, and so has its database. Goodbye." in server.said
        await until(lambda: postgres_on(folder) == [])
    with tripsync("serve", data_dir=folder) as server:
        async with Checked(base_url=await server.address(), timeout=PATIENCE) as client:
            # The key that signed this token lies beside the data.
            token = f"Bearer {signed_in.json()['access_token']}"
            again = await client.get("/api/auth/sessions", headers={"Authorization": token})
            assert again.status_code == 200, again.text
        server.send(signal.SIGTERM)
        assert await server.exit_code() == 0
    await until(lambda: postgres_on(folder) == [])


@pytest.mark.parametrize("stop", ["SIGTERM", "Ctrl-C"])
async def test_the_embedded_database_stops_with_a_server_that_is_told_to_while_it_starts(
    folder: Path, stop: str
) -> None:
    """It is held up by somebody's lock, and the only user of the database by then."""
    with ExitStack() as stack:
        first = stack.enter_context(tripsync("serve", data_dir=folder))
        await first.address()
        other = stack.enter_context(psycopg.connect(embedded_url(folder), autocommit=True))
        other.execute("select pg_advisory_lock(%s)", [ADVISORY_KEY])
        server = stack.enter_context(tripsync("serve", data_dir=folder))
        await until(lambda: other.execute(WAITS_FOR_US).fetchone())
        first.send(signal.SIGTERM)
        assert await first.exit_code() == 0
        assert postgres_on(folder)
        if stop == "Ctrl-C":
            server.press_ctrl_c()
        else:
            server.send(signal.SIGTERM)
        await server.exit_code()
        await until(lambda: postgres_on(folder) == [])


def embedded_url(folder: Path) -> str:
    return f"postgresql://postgres@/postgres?host={folder / 'postgres'}"


@pytest.fixture
def source_tree() -> Iterator[Path]:
    """A copy of what is served, to be edited."""
    copy = copy_of_the_project(Path(tempfile.mkdtemp(prefix="tripsync-source-")))
    yield copy
    shutil.rmtree(copy)


def edit(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))


async def test_reload_serves_every_change_of_python_and_sql(
    serve: Serve, source_tree: Path
) -> None:
    mistake = source_tree / "sql" / "birds.sql"
    mistake.write_text("-- name: broken\n")
    with serve("--reload", cwd=source_tree, PYTHONPATH=str(source_tree)) as server:
        # A mistake does not end it: it says where, and waits for the mending.
        await until(lambda: "sql/birds.sql:1:1: error:" in server.said)
        await until(lambda: "mend it" in server.said)
        mistake.unlink()
        address = await server.address()

        async def shows(path: str, text: str) -> bool:
            with contextlib.suppress(httpx.TransportError):
                return text in (await get(address, path)).text
            return False

        assert await shows("/api/health/live", '"live"')
        handlers = source_tree / "tripsync" / "health" / "api.py"
        edit(handlers, 'HealthStatus("live")', 'HealthStatus("lively")')
        await until(lambda: shows("/api/health/live", '"lively"'))

        assert await shows("/api/colleges", '"DJSCE"')
        queries = source_tree / "sql" / "colleges.sql"
        edit(queries, "       name,\n", "       name || '!' as name,\n")
        await until(lambda: shows("/api/colleges", '"DJSCE!"'))

        server.send(signal.SIGTERM)
        assert await server.exit_code() == 0
