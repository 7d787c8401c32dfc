"""A line to a server over which a test says exactly what it wants, byte by byte."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from tests.conftest import Server
from tests.waiting import PATIENCE

PING = b"GET /api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n"

# Of whoever is slow on purpose.
BETWEEN_PIECES = 0.05

Said = tuple[int, dict[str, str], bytes]


class Wire:
    """One connection to a server."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, sent: bytes) -> None:
        self._writer.write(sent)
        await self._writer.drain()

    async def answer(self) -> Said:
        """The status, headers and body of the next answer."""
        async with asyncio.timeout(PATIENCE):
            head = (await self._reader.readuntil(b"\r\n\r\n")).decode()
            status_line, *lines = head.strip().split("\r\n")
            headers = {
                name.lower(): value for name, value in (line.split(": ", 1) for line in lines)
            }
            body = await self._reader.readexactly(int(headers.get("content-length", 0)))
            return int(status_line.split()[1]), headers, body

    async def rest(self, most: int | None = None) -> bytes:
        """All that comes until the server closes the line, or so much of it."""
        async with asyncio.timeout(PATIENCE):
            said = b""
            with suppress(ConnectionError):
                while (most is None or len(said) < most) and (
                    piece := await self._reader.read(65_536 if most is None else most - len(said))
                ):
                    said += piece
            return said

    async def pour(self, sent: bytes, size: int) -> None:
        """All of it, a piece of this size at a time."""
        for at in range(0, len(sent), size):
            await self.say(sent[at : at + size])
            await asyncio.sleep(BETWEEN_PIECES)

    async def trickle(self, piece: bytes) -> bytes:
        """Say this again and again until the server closes the line; all that it says."""
        hearing = asyncio.create_task(self.rest())
        while not hearing.done():
            with suppress(ConnectionError):
                await self.say(piece)
            await asyncio.sleep(BETWEEN_PIECES)
        return await hearing


@asynccontextmanager
async def wire(server: Server) -> AsyncIterator[Wire]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.transport.abort()
