"""A socket hears a rider's events in order, each once, also over restarts and tunnels."""

import asyncio
import contextlib
import json
import random
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tripsync_client.generated.messages import CLASSES, Heard, Said
from tripsync_client.generated.models import (
    AckFrame,
    AuthFrame,
    GoingAwayMessage,
    ReadyMessage,
    ReloadRequiredMessage,
    ResumedMessage,
)
from tripsync_client.session import AHEAD_SECONDS, RefusedError, Session

PATH = "/api/ws/pool"
LONGEST_PAUSE = 30.0
# Between tries to renew the tokens of an open socket, where one fails.
RENEWAL_PAUSE = 10.0
NOT_SIGNED_IN = 4401
# Seconds until one may come back after a socket was closed with this code.
PAUSES = {1013: 10.0, NOT_SIGNED_IN: 0.0, 4408: 1.0, 4429: 10.0}
# Whoever is told one of these is to stay away.
FINAL = {1008, 1009, 4403, 4409}


class ClosedError(Exception):
    """The server closed the socket, and one should not come back."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code} {reason}")
        self.code = code


def seq_of(message: Heard) -> int | None:
    """The number of an event; None for what is said without one."""
    seq = getattr(message, "seq", None)
    return seq if isinstance(seq, int) else None


class Socket:
    """One device's socket; to iterate over it is to hear what happens.

        async with Socket(session, after=118) as socket:
            async for message in socket:
                match message:
                    case ReadyMessage() | ReloadRequiredMessage():
                        ...  # load what is shown
                    case MatchFoundEvent():
                        ...
                if seq := seq_of(message):
                    await socket.ack(seq)

    It comes back by itself and goes on after the last event that it gave. What comes twice is left
    out, and so are types that this version does not know. `seen` is the number to give as `after`
    the next time."""

    def __init__(self, session: Session, after: int | None = None) -> None:
        self.seen = after
        self._session = session
        self._connection: ClientConnection | None = None
        self._connected = asyncio.Event()
        self._failures = 0
        self._going_away_for: float | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Hear no more."""
        self._closed = True
        if self._connection:
            await self._connection.close()

    async def say(self, message: Said) -> None:
        """Say something, once the socket is open."""
        await self._connected.wait()
        assert self._connection
        await self._connection.send(json.dumps(message.to_dict()))

    async def ack(self, seq: int) -> None:
        """Tell that every event up to this one was taken in, so that no phone is woken for it."""
        await self.say(AckFrame(type_="ack", seq=seq))

    async def __aiter__(self) -> AsyncIterator[Heard]:
        while not self._closed:
            try:
                async with self._open() as connection:
                    async for raw in connection:
                        self._failures = 0
                        if message := self._take(json.loads(raw)):
                            yield message
                pause = await self._pause_after_close(connection.close_code, "")
            except ConnectionClosed as reason:
                received = reason.rcvd
                pause = await self._pause_after_close(
                    received.code if received else None, received.reason if received else ""
                )
            except InvalidStatus as reason:
                pause = await self._pause_after_refusal(reason)
            except (OSError, InvalidHandshake, httpx.TransportError):
                pause = self._back_off()
            if not self._closed:
                await asyncio.sleep(pause)

    @contextlib.asynccontextmanager
    async def _open(self) -> AsyncIterator[ClientConnection]:
        url = "ws" + self._session.url.removeprefix("http") + PATH
        if self.seen is not None:
            url += f"?after={self.seen}"
        token = await self._session.access_token()
        headers = {"Authorization": f"Bearer {token}"}
        async with connect(url, additional_headers=headers, max_size=None) as connection:
            self._connection = connection
            self._connected.set()
            renewal = asyncio.create_task(self._keep_signed_in(connection))
            try:
                yield connection
            finally:
                self._connected.clear()
                self._connection = None
                renewal.cancel()

    async def _keep_signed_in(self, connection: ClientConnection) -> None:
        """Give the server a new token before the old one expires."""
        while True:
            left = self._session.tokens.expires_at - AHEAD_SECONDS - time.time()
            await asyncio.sleep(max(left, 0))
            try:
                token = await self._session.access_token()
                await connection.send(json.dumps(AuthFrame(type_="auth", token=token).to_dict()))
            except (RefusedError, httpx.TransportError):
                # Whoever is signed out hears of it by the socket, which is closed then.
                await asyncio.sleep(RENEWAL_PAUSE)

    def _take(self, raw: dict[str, Any]) -> Heard | None:
        """The message to give out, if it is one and new."""
        kind = CLASSES.get(raw["type"])
        message = kind.from_dict(raw) if kind else None
        if isinstance(message, GoingAwayMessage):
            self._going_away_for = message.retry_after_ms / 1000
        elif isinstance(message, ReadyMessage | ReloadRequiredMessage):
            self.seen = message.seq
        elif not isinstance(message, ResumedMessage) and (seq := raw.get("seq")) is not None:
            if self.seen is not None and seq <= self.seen:
                return None
            self.seen = seq
        return message

    async def _pause_after_close(self, code: int | None, reason: str) -> float:
        if code in FINAL:
            raise ClosedError(code, reason)
        if code == NOT_SIGNED_IN:
            await self._session.renew(self._session.tokens)
        going_away_for, self._going_away_for = self._going_away_for, None
        if going_away_for is not None:
            return going_away_for
        return PAUSES[code] if code in PAUSES else self._back_off()

    async def _pause_after_refusal(self, refusal: InvalidStatus) -> float:
        answer = refusal.response
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await self._session.renew(self._session.tokens)
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise RefusedError(json.loads(answer.body or b"{}"))
        retry_after = answer.headers.get("Retry-After")
        return float(retry_after) if retry_after else self._back_off()

    def _back_off(self) -> float:
        """A pause that doubles with each failure in a row, and differs from device to device."""
        self._failures += 1
        return random.uniform(0, min(LONGEST_PAUSE, 2.0 ** (self._failures - 1)))
