"""What the benchmark of sockets stands on: riders in a database, servers, and devices."""

import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import psutil
from servers import clean_environment, free_port, running

from tripsync.database import Database
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.http.tokens import AccessTokens
from tripsync.settings import Settings

HERE = Path(__file__).parent
KEY = "for this benchmark only, and longer than thirty-two bytes"
PATH = "/api/ws/pool"

# Everybody is signed in.
RIDERS = """
with riders as (
    insert into users (college_id, email, full_name, password_hash)
    select 1, 'rider' || gen_random_uuid() || '@bench.example', 'Asha Rao', ''
      from generate_series(1, $1::int)
    returning college_id, user_id, email
),
opened as (
    insert into sessions (college_id, user_id)
    select college_id, user_id from riders
    returning user_id, session_id
)
select college_id, user_id, session_id, email
  from riders
  join opened using (user_id)
 order by user_id
"""

Riders = Sequence[asyncpg.Record]


class Crowd:
    """Devices in another process, crowd.py."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def open(self, offers: Sequence[str]) -> None:
        """A socket for each; an empty offer names nobody."""
        await self._tell({"open": offers})
        await self._answer()

    async def listen(self, messages: int, say: str | None = None) -> None:
        """From now on each waits for so many messages."""
        await self._tell({"hear": messages, "say": say})
        await self._answer()

    async def arrivals(self) -> list[list[float]]:
        """When they came, device by device."""
        moments: list[list[float]] = await self._answer()
        return moments

    async def all_heard(self) -> float:
        """When the last one had its last."""
        return max(moments[-1] for moments in await self.arrivals())

    async def _tell(self, order: object) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        await self._process.stdin.drain()

    async def _answer(self) -> Any:
        assert self._process.stdout
        line = await self._process.stdout.readline()
        if not line:
            raise SystemExit("the devices are gone")
        return json.loads(line)


@dataclass(frozen=True)
class Running:
    """A server process."""

    pid: int
    port: int

    @property
    def memory(self) -> int:
        size: int = psutil.Process(self.pid).memory_info().rss
        return size

    @asynccontextmanager
    async def crowd(self) -> AsyncIterator[Crowd]:
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            str(HERE / "crowd.py"),
            f"--port={self.port}",
            f"--path={PATH}",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            # All moments of all devices are one line.
            limit=2**27,
        )
        try:
            yield Crowd(process)
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()


class Campus:
    """A database full of riders, and servers on it."""

    def __init__(self, folder: Path, settings: Settings, database: Database) -> None:
        self._folder = folder
        self._tokens = AccessTokens(settings)
        self._environment = clean_environment() | {
            "DATABASE_URL": settings.database_url,
            "SECRET_KEY": KEY,
            "TRIPSYNC_DATA_DIR": str(folder),
            "HOST": "127.0.0.1",
            "ENVIRONMENT": "production",
            "RATE_LIMITS": "off",
            "SOCKETS_PER_RIDER": "100000",
        }
        self.settings = settings
        self.database = database

    async def as_owner(self, statement: str) -> None:
        """What the role of servers may not do."""
        connection = await asyncpg.connect(self.settings.database_url)
        await connection.execute(statement)
        await connection.close()

    async def enrol(self, number: int) -> Riders:
        riders: Riders = await self.database.pool.fetch(RIDERS, number)
        return riders

    def offers(self, riders: Iterable[asyncpg.Record]) -> list[str]:
        """As the app opens a socket: its token is the second subprotocol."""
        return [f"token, {self._tokens.issue(**rider)}" for rider in riders]

    @asynccontextmanager
    async def server(self, *command: str | Path) -> AsyncIterator[Running]:
        """A Python program that takes connections where PORT says."""
        port = free_port()
        environment = self._environment | {"PORT": str(port)}
        log = self._folder / f"{port}.log"
        line = [sys.executable, *map(str, command)]
        with running(line, environment, log, port) as process:
            yield Running(process.pid, port)

    def tripsync(self) -> AbstractAsyncContextManager[Running]:
        return self.server("-m", "tripsync", "serve")

    def ringing(self, rider: asyncpg.Record) -> AbstractAsyncContextManager[Running]:
        """TripSync that says something to this rider at SIGUSR1."""
        return self.server(HERE / "ringing.py", str(rider["user_id"]))

    def bare(self) -> AbstractAsyncContextManager[Running]:
        return self.server(HERE / "references.py", "sockets")


@asynccontextmanager
async def campus() -> AsyncIterator[Campus]:
    """On an embedded PostgreSQL of its own; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    try:
        with embedded_server(folder) as url:
            migrate(url)
            settings = Settings(database_url=url, data_dir=folder, secret_key=KEY)
            database = await Database.open(settings)
            try:
                yield Campus(folder, settings, database)
            finally:
                await database.close()
    finally:
        shutil.rmtree(folder)
