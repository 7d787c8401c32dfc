"""The publisher gathers notifications, so that writes do not pay for NOTIFY.

A NOTIFY inside a write makes all commits wait in one line. Here what transactions want said is
collected once they stand, and said for all of them together, a millisecond apart at least. It
is a hint: a process may be killed before it speaks, so whoever must not miss anything looks for
itself now and then.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress

from tripsync.database.availability import Availability, Repeated
from tripsync.metrics import counter

SENT = counter("tripsync_notifications_sent", "Notifications sent to other processes", "outcome")

REST = 0.001
# PostgreSQL takes less than 8000 bytes at a time.
LONGEST = 7900

Send = Callable[[str, str], Awaitable[object]]
Subscriber = Callable[[str, str], None]


class Publisher:
    """Publishes the notifications of one process, gathered."""

    def __init__(self, send: Send, availability: Availability) -> None:
        self._send = send
        self._publishing = Repeated("publishing", availability)
        self._waiting: dict[str, list[str]] = {}
        self._task: asyncio.Task[None] | None = None
        self._deliver_locally: Subscriber = lambda channel, words: None

    def deliver_locally(self, subscriber: Subscriber) -> None:
        """This process need not hear itself through PostgreSQL."""
        self._deliver_locally = subscriber

    def publish(self, channel: str, words: Iterable[str]) -> None:
        """Send this soon; the words of a channel are told apart by commas."""
        waiting = self._waiting.setdefault(channel, [])
        fresh = list(words)
        waiting += fresh
        self._deliver_locally(channel, ",".join(fresh))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._publish_waiting(), name="publisher")

    async def stop(self) -> None:
        """Send what is left."""
        if self._task:
            with suppress(asyncio.CancelledError):
                await self._task

    async def _publish_waiting(self) -> None:
        while self._waiting:
            gathered, self._waiting = self._waiting, {}
            # Where it fails, those who listen look for themselves too.
            if not await self._publishing.succeeds(self._send_all(gathered)):
                SENT.labels("failed").inc()
            await asyncio.sleep(REST)

    async def _send_all(self, gathered: Mapping[str, Sequence[str]]) -> None:
        for channel, words in gathered.items():
            for line in lines(words):
                await self._send(channel, line)
                SENT.labels("sent").inc()


def lines(words: Sequence[str]) -> Iterator[str]:
    """As many words at a time as one notification can hold."""
    line: list[str] = []
    length = 0
    for word in words:
        if line and length + len(word) >= LONGEST:
            yield ",".join(line)
            line, length = [], 0
        line.append(word)
        length += len(word) + 1
    if line:
        yield ",".join(line)
