"""Riders' devices for tests: sockets as apps open them, through a real WebSocket client."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.asyncapi import check_heard
from tests.people import Rider
from tests.waiting import PATIENCE

Received = dict[str, Any]


class Device:
    """One open socket, and all that came over it."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self.seen: list[Received] = []

    async def hear(self, kind: str | None = None) -> Received:
        """The next message, or the next of a kind; whatever comes before is kept in `seen`."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = read(await self.socket.recv())
                self.seen.append(message)
                if kind in (None, message["type"]):
                    return message  # type: ignore[no-any-return]

    async def hear_events(self, number: int) -> list[Received]:
        """So many durable events."""
        heard: list[Received] = []
        while len(heard) < number:
            message = await self.hear()
            if is_event(message):
                heard.append(message)
        return heard

    async def say(self, kind: str, **members: object) -> None:
        await self.socket.send(msgspec.json.encode({"type": kind, **members}).decode())

    async def closed(self) -> int:
        """The code with which it ends; reads on until then."""
        async with asyncio.timeout(PATIENCE):
            try:
                while True:
                    self.seen.append(read(await self.socket.recv()))
            except ConnectionClosed as end:
                return end.rcvd.code if end.rcvd else 1006

    @property
    def numbers(self) -> list[int]:
        """Of the events it has seen."""
        return [message["seq"] for message in self.seen if is_event(message)]


def read(raw: str | bytes) -> Received:
    """A message, which is what the document says."""
    message: Received = msgspec.json.decode(raw)
    check_heard(message)
    return message


def is_event(message: Received) -> bool:
    return "seq" in message and message["type"] not in ("ready", "resumed", "reload_required")


@asynccontextmanager
async def on_line(
    url: str,
    rider: Rider | None = None,
    *,
    path: str = "/api/ws/pool",
    token: str | None = None,
    **how: Any,
) -> AsyncIterator[Device]:
    """A device on the line, as the app opens it: the token as a subprotocol."""
    token = rider.access_token if rider and token is None else token
    if token is not None:
        how["subprotocols"] = ["token", token]
    async with connect(
        url.replace("http://", "ws://") + path, open_timeout=PATIENCE, proxy=None, **how
    ) as socket:
        yield Device(socket)


OnLine = Callable[..., Any]
