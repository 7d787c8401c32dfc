"""A connection has a deadline for every request, and a price for how the client sends it.

Sanic's clocks begin anew with every byte, so that a byte now and then keeps a request alive for
ever; and it answers requests that are sent at once without a pause, so that nobody else is served.
"""

from time import monotonic
from typing import Any, cast

from sanic.exceptions import RequestTimeout, ServiceUnavailable
from sanic.http import Stage
from sanic.server.protocols.websocket_protocol import WebSocketProtocol

from tripsync.http.protocol.addresses import Addresses
from tripsync.http.protocol.budget import Budget
from tripsync.http.protocol.requests import GuardedHttp
from tripsync.resources import Resources

# How often a deadline is looked at while it lasts.
LOOKS = 4
# What a phone reaches on a bad network, in bytes a second.
LEAST_UPLOAD_RATE = 8_000
# Requests that are sent before the last one is answered. No client of ours does that.
PIPELINED_AT_ONCE = 20
PIPELINED_A_SECOND = 20
MOST_WAITS = 20
# Pieces of a request that cost more to receive than they bring. Left alone for a moment, they
# come together in the kernel.
SMALL_PIECE = 512
SMALL_AT_ONCE = 64
SMALL_A_SECOND = 64
SHORTEST_REST = 0.05
# Of what is not read yet.
MOST_BUFFERED = 65_536


class GuardedConnection(WebSocketProtocol):
    """Sanic's protocol of one connection, with deadlines and budgets."""

    HTTP_CLASS = GuardedHttp

    __slots__ = (
        "_address",
        "_arrives_by",
        "_rests",
        "_small",
        "_turns",
        "has_waited",
    )

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        # None: its address has too many.
        self._address: str | None = None
        # None while no request is on its way.
        self._arrives_by: float | None = None
        # Whether the last request was answered before the next one came.
        self.has_waited = True
        self._rests = False
        # Most connections never need them.
        self._small: Budget | None = None
        self._turns: Budget | None = None

    @property
    def _addresses(self) -> Addresses:
        return cast("Resources", self.app.ctx.resources)[Addresses]

    def connection_made(self, transport: Any) -> None:
        peer = transport.get_extra_info("peername")
        address = peer[0] if peer else ""
        if self._addresses.enter(address):
            self._address = address
            super().connection_made(transport)
        else:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._address is not None:
            self._addresses.leave(self._address)
            super().connection_lost(exc)

    # What the reader of requests tells.

    def count_pipelined(self) -> float:
        """A request was sent before the last one was answered; so long it has to wait."""
        self._turns = self._turns or Budget(PIPELINED_AT_ONCE, PIPELINED_A_SECOND, MOST_WAITS)
        return self._turns.spend(1)

    def begin_arrival(self) -> None:
        self._arrives_by = monotonic() + self.request_timeout

    def arrived(self) -> None:
        self._arrives_by = None
        self._time = monotonic()

    def upload_goes_on(self, size: int) -> None:
        """The deadline of an upload moves on with it, and is never further than that of others."""
        if self._arrives_by is not None:
            later = self._arrives_by + size / LEAST_UPLOAD_RATE
            self._arrives_by = min(later, monotonic() + self.request_timeout)

    # What Sanic and the event loop call.

    async def receive_more(self) -> None:
        assert self.transport
        if self._http.stage is Stage.IDLE:
            self.has_waited = True
        if not self._rests:
            self.transport.resume_reading()
        self._data_received.clear()
        await self._data_received.wait()

    def data_received(self, data: bytes) -> None:
        if self.websocket is not None:
            self.websocket.data_received(data)
            return
        if self._arrives_by is not None and len(data) < SMALL_PIECE:
            self._count_small()
        self.recv_buffer += data
        if len(self.recv_buffer) >= MOST_BUFFERED and self.transport:
            self.transport.pause_reading()
        self._data_received.set()

    def _count_small(self) -> None:
        self._small = self._small or Budget(SMALL_AT_ONCE, SMALL_A_SECOND, float("inf"))
        rest = self._small.spend(1)
        if rest and self.transport:
            self._rests = True
            self.transport.pause_reading()
            self.loop.call_later(max(rest, SHORTEST_REST), self._read_on)

    def _read_on(self) -> None:
        self._rests = False
        if self.transport and not self.transport.is_closing():
            self.transport.resume_reading()

    def check_timeouts(self) -> None:
        """Cancel what is over its time; again, if that did not end it."""
        if not self._task or self.websocket is not None:
            return
        assert self.http is not None
        left = self._ends_by() - monotonic()
        shortest = min(self.keep_alive_timeout, self.request_timeout, self.response_timeout)
        if left <= 0:
            slow_client = self._arrives_by is not None
            self.http.exception = RequestTimeout() if slow_client else ServiceUnavailable()
            self._task.cancel()
        look_again = shortest / LOOKS if left <= 0 else min(left, shortest / LOOKS)
        self._callback_check_timeouts = self.loop.call_later(look_again, self.check_timeouts)

    def _ends_by(self) -> float:
        if self._arrives_by is not None:
            return self._arrives_by
        idle = self.http.stage is Stage.IDLE
        patience: float = self.keep_alive_timeout if idle else self.response_timeout
        return self._time + patience
