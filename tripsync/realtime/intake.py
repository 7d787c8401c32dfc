"""What a client sends is parsed a slice at a time, as far as its budget goes.

The parser takes some microseconds a frame, and empty frames are six bytes: what arrives at once on
a quick line would keep everybody waiting for half a second.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from tripsync.http.protocol.budget import Budget, OverspentError

SLICE = 512
# What a frame costs besides its bytes, and so does each piece that the network brings.
EACH_COSTS = 256
# Budgets: a burst, so much a second, and how often it may be spent in a row. Who has not said who
# it is says that and nothing else: a token of 4 KB and a few pings.
STRANGERS = (16_384, 1_024, 0)
# Twenty messages a second are a lot for a rider; a thousand frames at once are no harm.
RIDERS = (262_144, 32_768, 3)


class Intake:
    """Takes the bytes of one socket; reading pauses while there is nothing left to spend."""

    __slots__ = ("_budget", "_held", "_loop", "_overspent", "_parse", "_rests", "_transport")

    def __init__(
        self,
        transport: Any,
        loop: asyncio.AbstractEventLoop,
        parse: Callable[[bytes], int],
        overspent: Callable[[], None],
    ) -> None:
        """`parse` says how many frames came to their end; `overspent` ends the connection."""
        self._transport = transport
        self._loop = loop
        self._parse = parse
        self._overspent = overspent
        self._budget = Budget(*STRANGERS)
        # What arrived and is not paid for yet; None when nothing is taken any more.
        self._held: bytearray | None = bytearray()
        self._rests = False

    def trust(self) -> None:
        """It is known whose the socket is."""
        self._budget = Budget(*RIDERS)

    def take(self, data: bytes) -> None:
        if self._held is None:
            return
        self._held += data
        if not self._rests:
            self._go_on()

    def _go_on(self) -> None:
        extra = EACH_COSTS
        while self._held:
            piece = bytes(self._held[:SLICE])
            del self._held[:SLICE]
            cost = len(piece) + EACH_COSTS * self._parse(piece) + extra
            extra = 0
            try:
                wait = self._budget.spend(cost)
            except OverspentError:
                self._held = None
                self._transport.pause_reading()
                self._overspent()
                return
            if wait:
                self._rests = True
                self._transport.pause_reading()
                self._loop.call_later(wait, self._wake)
                return

    def _wake(self) -> None:
        self._rests = False
        if self._transport.is_closing():
            return
        self._go_on()
        if not self._rests and self._held is not None:
            self._transport.resume_reading()
