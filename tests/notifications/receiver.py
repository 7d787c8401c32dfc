"""The frontend team's side of the webhook: it checks signatures, and misbehaves on demand."""

import asyncio
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

SECRET = "what the frontend team has got, of thirty-two bytes"
ENDS = re.compile(r"^Content-Length: (\d+)\r$", re.M | re.I)


class Receiver:
    """What was posted, and what is answered from now on: a status, or None for no answer at all."""

    def __init__(self) -> None:
        self.status: int | None = 204
        self.posts: list[dict[str, Any]] = []
        self.heads: list[dict[str, str]] = []
        self.url = ""
        # It stalls while this is not set.
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    @property
    def events(self) -> list[str]:
        """The types of events, in the order of their arrival."""
        return [post["event"]["type"] for post in self.posts]

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = ENDS.search(head)
            assert length
            body = await reader.readexactly(int(length[1]))
            headers = {
                name.lower(): value for name, value in re.findall(r"^([\w-]+): (.*)\r$", head, re.M)
            }
            check_signature(headers, body)
            self.heads.append(headers)
            self.posts.append(json.loads(body))
            await self.goes_on.wait()
            if self.status is not None:
                head = f"HTTP/1.1 {self.status} -\r\nContent-Length: 0\r\nConnection: close"
                writer.write(f"{head}\r\n\r\n".encode())
                await writer.drain()
        finally:
            writer.close()


def check_signature(headers: dict[str, str], body: bytes) -> None:
    """As docs/how-to/wake-phones.md tells those who receive."""
    timestamp = headers["x-tripsync-timestamp"]
    assert abs(time.time() - int(timestamp)) < 300
    expected = hmac.new(SECRET.encode(), f"{timestamp}.".encode() + body, hashlib.sha256)
    assert headers["x-tripsync-signature"] == f"sha256={expected.hexdigest()}"


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/tripsync?from=tests"
    async with server:
        yield receiver
