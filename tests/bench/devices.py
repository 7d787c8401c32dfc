"""Devices that hang on a server, in a process of their own (crowd.py)."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from tests.bench.servers import Obedient, Running, obedient

# TripSync's, and that of engine.io.
PATH = "/api/ws/pool"
SOCKET_IO = "/socket.io/?EIO=4&transport=websocket"
# An offer of subprotocols that names nobody.
NOBODY = ""


class Devices:
    """What they are told, and what they tell."""

    def __init__(self, crowd: Obedient) -> None:
        self._crowd = crowd

    async def open(self, offers: Iterable[str]) -> None:
        """A socket of TripSync for each, which says `ready`."""
        await self._open(list(offers), greetings=1)

    async def open_bare(self, number: int) -> None:
        """As many that nobody greets."""
        await self._open([NOBODY] * number, greetings=0)

    async def open_socket_io(self, number: int) -> None:
        """As many that join the namespace and are told so."""
        await self._open([NOBODY] * number, say="40", greetings=2)

    async def _open(self, offers: list[str], *, greetings: int, say: str | None = None) -> None:
        await self._crowd.tell({"open": offers, "say": say, "greetings": greetings})
        await self._crowd.answer()

    async def close(self) -> None:
        await self._crowd.tell({"close": True})
        await self._crowd.answer()

    async def listen(self, messages: int, say: str | None = None) -> None:
        """From now on each waits for so many messages."""
        await self._crowd.tell({"hear": messages, "say": say})
        await self._crowd.answer()

    async def arrivals(self) -> list[list[float]]:
        """When they came, device by device."""
        moments: list[list[float]] = await self._crowd.answer()
        return moments

    async def all_heard(self) -> float:
        """When the last one had its last."""
        return max(moments[-1] for moments in await self.arrivals())


@asynccontextmanager
async def devices(server: Running, path: str = PATH) -> AsyncIterator[Devices]:
    async with obedient("crowd", f"--port={server.port}", f"--path={path}") as crowd:
        yield Devices(crowd)
