"""A PostgreSQL that goes away and comes back: the log has a line for each, and no more."""

import re
import shutil
import signal
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.answers import Checked
from tests.processes import Process, free_ports, tripsync
from tests.waiting import PATIENCE, until
from tripsync.database.embedded import embedded_server, start
from tripsync.database.migrations import migrate

TRACES = re.compile(r"^Traceback", re.MULTILINE)
LOST = re.compile(r"the database is lost: (.*)$", re.MULTILINE)
BACK = re.compile(r"the database is back after")
# Besides what is said of each request.
TROUBLE = re.compile(r"^\S+ (?:WARNING|ERROR|CRITICAL) .*$", re.MULTILINE)


class Postgres:
    """A server of one test's own, which may be ended and started again."""

    def __init__(self, folder: Path, url: str) -> None:
        self.url = url
        self._folder = folder
        self._note = folder / "postgres" / "postmaster.pid"

    def processes(self) -> list[psutil.Process]:
        server = psutil.Process(int(self._note.read_text().split()[0]))
        return [server, *server.children()]

    async def end(self, how: signal.Signals) -> None:
        server = self.processes()[0]
        server.send_signal(how)
        await until(lambda: not server.is_running())

    def begin(self) -> None:
        start(self._folder)

    def freeze(self) -> None:
        for each in self.processes():
            each.suspend()

    def thaw(self) -> None:
        for each in self.processes():
            each.resume()


@pytest.fixture(scope="module")
def postgres_of_ours() -> Iterator[Postgres]:
    # Not pytest's own folder: as root, the database's user could not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="tripsync-outage-"))
    folder.chmod(0o755)
    with embedded_server(folder) as url:
        migrate(url)
        yield Postgres(folder, url)
    shutil.rmtree(folder)


async def stopped(postgres: Postgres, while_away: Callable[[], Awaitable[None]]) -> None:
    await postgres.end(signal.SIGINT)
    await while_away()
    postgres.begin()


async def killed(postgres: Postgres, while_away: Callable[[], Awaitable[None]]) -> None:
    await postgres.end(signal.SIGQUIT)
    await while_away()
    postgres.begin()


async def frozen(postgres: Postgres, while_away: Callable[[], Awaitable[None]]) -> None:
    postgres.freeze()
    try:
        await while_away()
    finally:
        postgres.thaw()


class Metrics:
    """What a process tells Prometheus."""

    def __init__(self, port: int) -> None:
        self._url = f"http://127.0.0.1:{port}/metrics"

    async def value(self, name: str) -> float:
        """The sum over all labels."""
        async with Checked(timeout=PATIENCE) as client:
            told = (await client.get(self._url)).text
        return sum(float(each) for each in re.findall(rf"^{name} (\S+)$", told, re.MULTILINE))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "outage"),
    [("serve", stopped), ("serve", killed), ("serve", frozen), ("worker", stopped)],
    ids=["stopped", "killed", "frozen", "stopped, for a worker"],
)
async def test_an_outage_is_two_lines_in_the_log(
    postgres_of_ours: Postgres,
    data_dir: Path,
    command: str,
    outage: Callable[[Postgres, Callable[[], Awaitable[None]]], Awaitable[None]],
) -> None:
    """One when the database goes, one when it is back: of a dozen loops that all need it."""
    port = free_ports(1)
    settings = {
        "DATABASE_URL": postgres_of_ours.url,
        "METRICS_PORT": str(port),
        "STATEMENT_TIMEOUT_MS": "1000",
    }
    metrics = Metrics(port)
    with tripsync(command, data_dir=data_dir, **settings) as process:
        await until(lambda: "Ctrl-C stops it" in process.said)

        async def until_loops_have_met_it() -> None:
            await until(lambda: LOST.search(process.said))
            if command == "serve":
                await ask_in_vain(await process.address())

            async def a_timer_and_the_listener_failed() -> bool:
                failed = r'tripsync_timer_turns_total\{outcome="failed",timer="[^"]*"\}'
                return (
                    await metrics.value(failed) > 0
                    and await metrics.value("tripsync_listener_lost_total") > 0
                )

            await until(a_timer_and_the_listener_failed)

        await outage(postgres_of_ours, until_loops_have_met_it)
        await until(lambda: BACK.search(process.said))
        if command == "serve":
            await until_ready(await process.address())
        process.send(signal.SIGTERM)
        assert await process.exit_code() == 0, process.said
        assert_told_once(process)


async def ask_in_vain(address: str) -> None:
    async with Checked(base_url=address, timeout=PATIENCE) as client:
        for path in ("/api/colleges", "/api/services"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
            assert int(answer.headers["retry-after"]) > 0
        ready = await client.get("/api/health/ready")
        assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
        assert "cannot be reached" in ready.json()["detail"]
        assert (await client.get("/api/health/live")).status_code == 200


async def until_ready(address: str) -> None:
    async with Checked(base_url=address, timeout=PATIENCE) as client:

        async def ready() -> bool:
            return (await client.get("/api/health/ready")).status_code == 200

        await until(ready)


def assert_told_once(process: Process) -> None:
    said = process.said
    assert not TRACES.findall(said), said
    assert len(LOST.findall(said)) == 1, said
    assert len(BACK.findall(said)) == 1, said
    assert len(TROUBLE.findall(said)) == 1, said
