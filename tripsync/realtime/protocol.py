"""The websockets package speaks the protocol; this moves its bytes on Sanic's connection.

Sanic's own object costs each idle socket three tasks and a dozen locks, and one client that does
not read blocks whoever sends to it, and its pings, for ever. Here nobody ever waits for a socket:
what is sent is handed to the transport, which says when it is full; what arrives is handed on at
once, so that a vanished client is noticed; and a socket that does not drain can be cut off.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

from sanic import Request
from sanic.server import HttpProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from tripsync.http.problems import MALFORMED_REQUEST, Problem, Refusal
from tripsync.http.protocol.connection import GuardedConnection
from tripsync.realtime.close_codes import TOO_MANY
from tripsync.realtime.intake import Intake

# Nothing of this reaches a log by itself: a handshake may carry a token.
SILENT = logging.getLogger("tripsync.realtime.protocol")
SILENT.setLevel(logging.WARNING)

# What is larger is not even read; what a message may be is for the socket to say.
LARGEST_MESSAGE = 65_536
# What may wait for a client that takes nothing any more; a part of what it missed fits.
MOST_WAITING = 4 * 2**20
# For the other side to answer a close, before the connection is cut.
CLOSE_WITHIN = 2.0
NORMAL = 1000
NOT_UTF8 = 1007

UPGRADE_REQUIRED = Refusal(
    426,
    "upgrade_required",
    "Upgrade required",
    "This is the address of a WebSocket; open it with ws:// or wss://.",
)

Received = Callable[[str | bytes], None]


def text_frame(text: bytes) -> bytes:
    """A message as it goes over the wire: the same bytes for every socket."""
    return Frame(Opcode.TEXT, text).serialize(mask=False)


PING = Frame(Opcode.PING, b"").serialize(mask=False)


class WebSocketConnection:
    """One open WebSocket, at the level of frames. All its methods return at once."""

    __slots__ = (
        "_early",
        "_intake",
        "_loop",
        "_parts",
        "_protocol",
        "_receive",
        "_text",
        "_transport",
        "closed",
        "heard_at",
        "on_writable",
        "stalled_since",
        "subprotocol",
    )

    def __init__(
        self, protocol: ServerProtocol, transport: Any, loop: asyncio.AbstractEventLoop
    ) -> None:
        self._protocol = protocol
        self._transport = transport
        self._loop = loop
        self._intake = Intake(transport, loop, self._parse, self._end_flood)
        self._receive: Received | None = None
        self._early: list[str | bytes] = []
        self._parts: list[bytes] = []
        self._text = True
        self.subprotocol = protocol.subprotocol
        self.closed: asyncio.Future[None] = self._loop.create_future()
        self.heard_at = self._loop.time()
        # Since when the transport takes no more; None while it does.
        self.stalled_since: float | None = None
        self.on_writable: Callable[[], None] | None = None

    @property
    def is_open(self) -> bool:
        return self._protocol.state is State.OPEN

    @property
    def close_code(self) -> int:
        """Why it is over, as far as one side said so."""
        said = self._protocol.close_sent or self._protocol.close_rcvd
        return said.code if said else 1006

    def on_message(self, receive: Received) -> None:
        """Whom to give what arrives, and what arrived before."""
        self._receive = receive
        early, self._early = self._early, []
        for message in early:
            receive(message)

    def send(self, frames: bytes) -> None:
        if self.is_open:
            self._write(frames)

    def ping(self) -> None:
        self.send(PING)

    def hang_up(self, code: int, reason: str = "") -> None:
        """Say why, give the other side a moment, then cut the line."""
        if self.is_open:
            self._protocol.send_close(code, reason)
            self._write_control()
            self._loop.call_later(CLOSE_WITHIN, self.abort)

    def abort(self) -> None:
        """Cut the line now, whatever is still to be sent."""
        self._transport.abort()

    def trust(self) -> None:
        """It is known whose it is: it may say more."""
        self._intake.trust()

    # What Sanic calls.

    async def close(self, code: int = NORMAL, reason: str = "") -> None:
        self.hang_up(code, reason)

    def end_connection(self, code: int = NORMAL, reason: str = "") -> None:
        self.hang_up(code, reason)

    def data_received(self, data: bytes) -> None:
        self.heard_at = self._loop.time()
        self._intake.take(data)

    def eof_received(self) -> bool:
        self._protocol.receive_eof()
        self._write_control()
        return False

    def connection_lost(self, _reason: Exception | None) -> None:
        self._protocol.receive_eof()
        if not self.closed.done():
            self.closed.set_result(None)

    def pause_writing(self) -> None:
        self.stalled_since = self._loop.time()

    def resume_writing(self) -> None:
        self.stalled_since = None
        if self.on_writable:
            self.on_writable()

    def _parse(self, data: bytes) -> int:
        """Act on the frames that come to their end with this; how many there are."""
        self._protocol.receive_data(data)
        self._write_control()
        frames = self._protocol.events_received()
        for frame in frames:
            if isinstance(frame, Frame):
                self._take(frame)
        return len(frames)

    def _end_flood(self) -> None:
        """Nothing is read any more, no answer to the good-bye either."""
        self.hang_up(TOO_MANY.number, TOO_MANY.reason)

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.TEXT, Opcode.BINARY):
            self._text = frame.opcode is Opcode.TEXT
        elif frame.opcode is not Opcode.CONT:
            return
        # Pieces without content have no bound, and say nothing.
        if frame.data:
            self._parts.append(bytes(frame.data))
        if not frame.fin or not self.is_open:
            return
        whole, self._parts = b"".join(self._parts), []
        try:
            message = whole.decode() if self._text else whole
        except UnicodeDecodeError:
            self.hang_up(NOT_UTF8)
            return
        if self._receive:
            self._receive(message)
        else:
            self._early.append(message)

    def _write(self, data: bytes) -> None:
        # Who asks all the time and never reads the answers would fill the memory.
        if self.stalled_since is not None and self._waiting > MOST_WAITING:
            self.abort()
        else:
            self._transport.write(data)

    @property
    def _waiting(self) -> int:
        size: int = self._transport.get_write_buffer_size()
        return size

    def _write_control(self) -> None:
        for data in self._protocol.data_to_send():
            if data:
                self._write(data)
            else:
                # Both sides have said good-bye, or the other one broke the protocol.
                self._transport.close()
                self._loop.call_later(CLOSE_WITHIN, self.abort)


def first_known(protocol: ServerProtocol, offered: Sequence[Subprotocol]) -> Subprotocol | None:
    """The one of ours that a client offers; a client that offers none goes without."""
    return next((each for each in protocol.available_subprotocols or () if each in offered), None)


class SocketProtocol(GuardedConnection):
    """Sanic's protocol of one connection, with a WebSocketConnection after the handshake."""

    __slots__ = ()

    websocket: WebSocketConnection | None  # type: ignore[assignment]

    async def websocket_handshake(
        self, request: Request, subprotocols: Sequence[str] | None = None
    ) -> WebSocketConnection:
        protocol = ServerProtocol(
            subprotocols=[Subprotocol(each) for each in subprotocols or ()],
            select_subprotocol=first_known,
            max_size=LARGEST_MESSAGE,
            state=State.OPEN,
            logger=SILENT,
        )
        answer = protocol.accept(self.sanic_request_to_ws_request(request))
        if answer.status_code != 101:
            raise Problem(UPGRADE_REQUIRED if answer.status_code == 426 else MALFORMED_REQUEST)
        head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers.raw_items())
        await HttpProtocol.send(self, f"HTTP/1.1 101 Switching Protocols\r\n{head}\r\n".encode())
        self.websocket = WebSocketConnection(protocol, self.transport, self.loop)
        return self.websocket

    def pause_writing(self) -> None:
        super().pause_writing()
        if self.websocket:
            self.websocket.pause_writing()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self.websocket:
            self.websocket.resume_writing()

    def close_if_idle(self) -> bool:
        # Sockets are told before a stop (realtime/gateway.py); whoever is slow has some grace.
        return False if self.websocket else super().close_if_idle()
