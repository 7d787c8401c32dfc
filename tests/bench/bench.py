"""A run of the benchmark: its PostgreSQL, its databases, its load generator."""

import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import (
    AbstractContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from tests.bench.campus import Campus
from tests.bench.figures import Figure
from tests.bench.servers import Obedient, Running, obedient
from tests.databases import fresh_database
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.desk.seeding import seed


@dataclass(frozen=True)
class Size:
    """How much of everything."""

    riders: int = 5000
    rounds: int = 5
    # Of one measurement.
    seconds: float = 0.5
    connections: int = 16
    # Active requests, in 60 towns.
    active: Sequence[int] = (10_000, 100_000)
    # Open services.
    posts: Sequence[int] = (1_000, 10_000)
    # For a round of matching: in one college, and in twenty.
    waiting: int = 2_000
    sockets: int = 5_000
    trips: Path | None = None
    large: bool = False
    toy: bool = False


WHOLE = Size()
TOY = Size(
    riders=300,
    rounds=1,
    seconds=0.1,
    connections=4,
    active=(200, 400),
    posts=(100, 200),
    waiting=40,
    sockets=40,
    toy=True,
)


class Bench:
    """What the sections of a run share; each thing is made when the first one asks for it."""

    def __init__(self, size: Size, folder: Path, server: str, stack: AsyncExitStack) -> None:
        self.size = size
        self._folder = folder
        self._server = server
        self._stack = stack
        self._migrated = ""
        self._seeded: Campus | None = None
        self._servers: dict[str, Running] = {}
        self._load: Obedient | None = None

    @contextmanager
    def empty(self) -> Iterator[Campus]:
        """A migrated database without riders."""
        if not self._migrated:
            self._migrated = self._stack.enter_context(fresh_database(self._server))
            migrate(self._migrated)
        template = self._migrated.partition("?")[0].rpartition("/")[2]
        with fresh_database(self._server, template) as url:
            yield Campus(url, self._folder)

    def seeded(self) -> Campus:
        """The database full of riders, the same one for all sections."""
        if self._seeded is None:
            self.say(f"seeding {self.size.riders:,} riders")
            self._seeded = self._stack.enter_context(self.empty())
            seed(self._seeded.url, riders=self.size.riders, number=1, bcrypt_rounds=4)
        return self._seeded

    def tripsync(self) -> Running:
        """TripSync with one worker on the seeded database."""
        return self._on_seeded("tripsync", Campus.tripsync)

    def reference(self, name: str) -> Running:
        """A reference on the seeded database."""
        return self._on_seeded(name, lambda campus: campus.reference(name))

    def _on_seeded(
        self, name: str, start: Callable[[Campus], AbstractContextManager[Running]]
    ) -> Running:
        if name not in self._servers:
            self._servers[name] = self._stack.enter_context(start(self.seeded()))
        return self._servers[name]

    async def load(self) -> Obedient:
        """The load generator."""
        if self._load is None:
            self._load = await self._stack.enter_async_context(obedient("load"))
        return self._load

    def rounds(self, what: str, number: int | None = None) -> Iterator[int]:
        """Count the rounds, and say so."""
        rounds = min(number or self.size.rounds, self.size.rounds)
        for each in range(rounds):
            self.say(f"{what}, round {each + 1} of {rounds}")
            yield each

    def say(self, what: str) -> None:
        """Show how far the run is."""
        print(f"{monotonic() - BEGAN:5.0f} s  {what}", file=sys.stderr, flush=True)


BEGAN = monotonic()
Section = Callable[[Bench], Awaitable[list[Figure]]]


@asynccontextmanager
async def running(size: Size) -> AsyncIterator[Bench]:
    """A bench on an embedded PostgreSQL of its own; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    async with AsyncExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        server = stack.enter_context(embedded_server(folder))
        yield Bench(size, folder, server, stack)
