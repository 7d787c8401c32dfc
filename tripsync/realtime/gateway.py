"""The gateway takes sockets after the handshake and joins all that serves them."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from tripsync.database import Database
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.error_handler import as_problem
from tripsync.http.identity import rider_of
from tripsync.http.picture_urls import PictureUrls
from tripsync.http.problems import Problem, Refusal
from tripsync.http.schemas import Schema, converter
from tripsync.http.tokens import Rider
from tripsync.realtime import close_codes
from tripsync.realtime.acknowledgements import Acknowledgements
from tripsync.realtime.connections import ConnectionManager
from tripsync.realtime.control_messages import Acknowledgement, Authentication, Ping, Resumption
from tripsync.realtime.delivery import EVENTS_AT_ONCE, Delivery
from tripsync.realtime.dispatch import Acts, Dismissal, Dispatcher
from tripsync.realtime.frames import Frame
from tripsync.realtime.keepalive import Keepalive
from tripsync.realtime.socket import Socket
from tripsync.resources import Resources
from tripsync.settings import Settings

log = logging.getLogger("tripsync.realtime")

NOT_YOURS = Refusal(
    403, "not_your_socket", "Not your socket", "This socket belongs to another rider."
)

# An app opens its socket and acts at the same moment. What happened to its rider meanwhile, in
# these seconds at the longest, is what a socket hears first that resumes from nowhere.
OPENING_TAKES_SECONDS = 15.0

# At a stop: so many at a time, so that the others do not all come to the next server at once.
GOODBYES_AT_ONCE = 50
PAUSE_BETWEEN = 0.02
SOONEST_RETURN_MS = 500
RETURN_SPREAD_MS = 5000


class Gateway:
    """Sockets come here after the handshake, and stay until they are closed."""

    def __init__(self, resources: Resources, frames: Iterable[Frame]) -> None:
        self._resources = resources
        self._database = database = resources[Database]
        self._settings = resources[Settings]
        self._listeners: dict[Socket, Dispatcher] = {}
        self.connections = ConnectionManager(self._settings.sockets_per_rider)
        self.delivery = Delivery(database, self.connections, resources[PictureUrls])
        self._acknowledgements = Acknowledgements(database)
        self._keepalive = Keepalive(self.connections)
        self._acts: Acts = {
            "auth": understood(Authentication, self._authenticate),
            "resume": understood(Resumption, self._resume),
            "ack": understood(Acknowledgement, self._acknowledge),
            "ping": understood(Ping, pong),
            **{frame.name: understood(frame.schema, self._feature(frame)) for frame in frames},
        }

    def start(self) -> None:
        self.delivery.start()
        self._acknowledgements.start()
        self._keepalive.start()

    async def stop(self) -> None:
        await self._keepalive.stop()
        await self.delivery.stop()
        await self._acknowledgements.stop()

    async def attend(self, socket: Socket, rider: Rider | None) -> None:
        """As long as the socket is open; `rider` is who came with a token."""
        listening = Dispatcher(socket, self._acts)
        self._listeners[socket] = listening
        socket.connection.on_message(listening.take)
        try:
            if self._resources.draining:
                # It came in while the last good-byes were said.
                await self._dismiss(socket, patience=0)
            elif rider:
                await self._welcome(socket, rider)
            else:
                self.connections.await_name(socket)
            listening.begin()
            await socket.connection.closed
        finally:
            user_id = socket.rider.user_id if socket.rider else None
            if user_id is None:
                self.connections.forget_stranger(socket)
            else:
                self.connections.disconnect(user_id, socket)
            log.info(
                "socket closed: %s",
                socket.connection.close_code,
                extra={"user_id": user_id, "close_code": socket.connection.close_code},
            )
            # Whoever sends a message and leaves has sent it.
            await listening.finish()
            del self._listeners[socket]

    async def say_goodbye(self) -> None:
        """What riders said is brought to its end; then each is told when to come back."""
        loop = asyncio.get_running_loop()
        patience_ends = loop.time() + self._settings.grace_seconds / 2
        sockets = list(self._listeners)
        for first in range(0, len(sockets), GOODBYES_AT_ONCE):
            batch = sockets[first : first + GOODBYES_AT_ONCE]
            patience = max(0, patience_ends - loop.time())
            await asyncio.gather(*(self._dismiss(socket, patience) for socket in batch))
            await asyncio.sleep(PAUSE_BETWEEN)

    async def _dismiss(self, socket: Socket, patience: float) -> None:
        if listening := self._listeners.get(socket):
            await listening.finish(patience)
        wait = SOONEST_RETURN_MS + random.randrange(RETURN_SPREAD_MS)
        socket.send({"type": "going_away", "retry_after_ms": wait})
        socket.hang_up(close_codes.GOING_AWAY)

    async def _welcome(self, socket: Socket, rider: Rider) -> None:
        """Registered first: whatever ends the session from now on finds the socket."""
        socket.rider = rider
        socket.connection.trust()
        await self.connections.connect(rider.user_id, socket)
        if rider.session_id in self._resources[EndedSessions]:
            socket.hang_up(close_codes.NOT_SIGNED_IN)
            return
        try:
            if socket.after is None:
                socket.start_after(*await self._beginning(rider))
            else:
                head, _ = await self._standing(rider)
                socket.resume_after(socket.after, head)
        except Exception as reason:
            socket.refuse(as_problem(reason))
            socket.hang_up(close_codes.TRY_AGAIN)
            return
        self._bring_news(socket, rider)

    async def _beginning(self, rider: Rider) -> tuple[int, int]:
        """After which event a socket begins that knows none, and where the events end."""
        row = await self._database.reading.events.find_beginning(
            college_id=rider.college_id,
            user_id=rider.user_id,
            seconds=OPENING_TAKES_SECONDS,
            most=EVENTS_AT_ONCE,
        )
        return row["begins_after"], row["last_seq"]

    async def _standing(self, rider: Rider) -> tuple[int, int]:
        """Where the rider's events end, and how far this device said it has come."""
        row = await self._database.reading.events.find_standing(
            college_id=rider.college_id, user_id=rider.user_id, session_id=rider.session_id
        )
        return row["last_seq"], row["acknowledged_seq"]

    def _bring_news(self, socket: Socket, rider: Rider) -> None:
        socket.connection.on_writable = lambda: self.delivery.look_after(rider.user_id)
        self.delivery.look_after(rider.user_id)

    async def _authenticate(self, socket: Socket, said: Authentication) -> None:
        try:
            rider = rider_of(self._resources, said.token)
        except Problem as problem:
            raise Dismissal(problem, close_codes.NOT_SIGNED_IN) from None
        expected = socket.rider.user_id if socket.rider else socket.whose
        if expected not in (None, rider.user_id):
            raise Dismissal(Problem(NOT_YOURS), close_codes.NOT_ALLOWED)
        socket.send({"type": "authenticated", "expires_at": rider.expires_at})
        if socket.rider is None:
            await self._welcome(socket, rider)
        else:
            socket.rider = rider

    async def _resume(self, socket: Socket, said: Resumption) -> None:
        rider = known(socket)
        head, acknowledged = await self._standing(rider)
        socket.resume_after(acknowledged if said.after is None else said.after, head)
        self._bring_news(socket, rider)

    async def _acknowledge(self, socket: Socket, said: Acknowledgement) -> None:
        if socket.cursor is not None:
            self._acknowledgements.add(known(socket).session_id, min(said.seq, socket.cursor))

    def _feature(self, frame: Frame) -> Callable[[Socket, Any], Awaitable[None]]:
        async def act(socket: Socket, said: Any) -> None:
            reply = await frame.act(self._resources, known(socket), said)
            if reply is not None:
                socket.send(reply)

        return act


def known(socket: Socket) -> Rider:
    """Nobody else says anything but who they are."""
    assert socket.rider is not None
    return socket.rider


async def pong(socket: Socket, _: Any) -> None:
    socket.send({"type": "pong"})


def understood(
    schema: type[Schema], act: Callable[[Socket, Any], Awaitable[None]]
) -> Callable[[Socket, dict[str, Any]], Awaitable[None]]:
    """The act on a message whose members have been read."""
    read = converter(schema, strict=True)

    async def take(socket: Socket, values: dict[str, Any]) -> None:
        await act(socket, read(values))

    return take
