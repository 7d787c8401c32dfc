"""Twice a second each socket is checked: whether it lives, reads, and may still be here."""

import asyncio
import logging
import time
from contextlib import suppress

from tripsync.realtime import close_codes
from tripsync.realtime.connections import ConnectionManager
from tripsync.realtime.socket import Socket

log = logging.getLogger("tripsync.realtime")

# A token may be over for a second, and no longer.
LOOK_EVERY = 0.5
# Who has been silent so long is asked; who says nothing to that is gone: 34 seconds in all.
ASK_AFTER = 14.0
GONE_AFTER = 33.0
# A full connection must take something in this time. Cutting it takes CLOSE_WITHIN more.
READS_WITHIN = 5.0
SAYS_NAME_WITHIN = 10.0


class Keepalive:
    """Ends what is over by time. A writer that is blocked does not block it."""

    def __init__(self, connections: ConnectionManager) -> None:
        self._connections = connections
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_looking(), name="watch over sockets")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def _keep_looking(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(LOOK_EVERY)
            for socket in self._connections:
                try:
                    look_at(socket, loop.time(), time.time())
                except Exception:
                    # The others are to be looked at all the same, and next time too.
                    log.exception("a socket cannot be looked at")


def look_at(socket: Socket, now: float, clock: float) -> None:
    """`now` by the loop's clock, `clock` by that of tokens."""
    connection = socket.connection
    silent = now - connection.heard_at
    if silent > GONE_AFTER:
        connection.abort()
    elif connection.stalled_since is not None and now - connection.stalled_since > READS_WITHIN:
        socket.hang_up(close_codes.TOO_SLOW)
    elif not is_known(socket, now, clock):
        socket.hang_up(close_codes.NOT_SIGNED_IN)
    elif silent > ASK_AFTER and now - socket.asked_at > ASK_AFTER:
        socket.asked_at = now
        connection.ping()


def is_known(socket: Socket, now: float, clock: float) -> bool:
    """Whose it is, by a token that is still good; at first there is some time to say so."""
    if not socket.needs_token:
        return True
    if socket.rider is None:
        return now - socket.opened_at <= SAYS_NAME_WITHIN
    return socket.rider.expires_at > clock
