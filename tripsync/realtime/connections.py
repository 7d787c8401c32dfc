"""The connection registry knows the open sockets of every rider in this process."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tripsync.realtime.close_codes import NOT_SIGNED_IN, REPLACED
from tripsync.realtime.protocol import NORMAL, WebSocketConnection
from tripsync.realtime.socket import Socket, message_frame


class ConnectionManager:
    """The registry of sockets. Nothing here waits, so nothing comes between a look and an act;
    what has to be awaited is so because handlers are written that way, and is done at once.

    A `websocket` is a Socket, or the WebSocketConnection that Sanic gives to a handler. Whose such
    a connection is, and for how long, the handler decides: it is asked for no token, and is sent
    personal messages, but no events."""

    def __init__(self, most_per_rider: int) -> None:
        self._most_per_rider = most_per_rider
        # Dictionaries keep the order in which devices came.
        self._sockets: dict[int, dict[Socket, None]] = {}
        self._strangers: dict[Socket, None] = {}

    def __len__(self) -> int:
        return len(self._strangers) + sum(map(len, self._sockets.values()))

    def __iter__(self) -> Iterator[Socket]:
        """All sockets as they are now, whatever happens to them meanwhile."""
        known = [socket for devices in self._sockets.values() for socket in devices]
        return iter([*known, *self._strangers])

    async def connect(self, user_id: int, websocket: Socket | WebSocketConnection) -> None:
        """One more device of a rider; if there are too many, the oldest goes."""
        if isinstance(websocket, WebSocketConnection):
            socket = Socket(websocket, needs_token=False)
            # Its handler is cancelled when it closes, and may not get as far as to say so.
            websocket.closed.add_done_callback(lambda _: self.disconnect(user_id, socket))
        else:
            socket = websocket
        self._strangers.pop(socket, None)
        devices = self._sockets.setdefault(user_id, {})
        devices[socket] = None
        while len(devices) > self._most_per_rider:
            oldest = next(iter(devices))
            del devices[oldest]
            oldest.hang_up(REPLACED)

    def await_name(self, websocket: Socket) -> None:
        """A socket that has not said yet whose it is."""
        self._strangers[websocket] = None

    def forget_stranger(self, websocket: Socket) -> None:
        """It is gone without having said whose it is."""
        self._strangers.pop(websocket, None)

    def disconnect(
        self, user_id: int, websocket: Socket | WebSocketConnection | None = None
    ) -> None:
        """Close this device of a rider, or all of them: nobody watches over a line that is not
        registered."""
        devices = self._sockets.get(user_id, {})
        for socket in list(devices):
            if websocket in (None, socket, socket.connection):
                del devices[socket]
                socket.connection.hang_up(NORMAL)
        if not devices:
            self._sockets.pop(user_id, None)

    async def send_personal_message(self, message: Mapping[str, Any], user_id: int) -> None:
        """To all devices of a rider that hang here. It is not kept: what must not be lost is an
        event."""
        if devices := self._sockets.get(user_id):
            frame = message_frame(message)
            for socket in devices:
                socket.connection.send(frame)

    def is_here(self, user_id: int) -> bool:
        return user_id in self._sockets

    def riders(self) -> Collection[int]:
        """Who has a device here."""
        return self._sockets.keys()

    def devices_of(self, user_id: int) -> Collection[Socket]:
        return self._sockets.get(user_id, {}).keys()

    def strangers(self) -> Collection[Socket]:
        return self._strangers.keys()

    def end_sessions(self, session_ids: Collection[int]) -> None:
        """What was open for these sessions is open no longer."""
        ended = frozenset(session_ids)
        for socket in self:
            if socket.rider and socket.rider.session_id in ended:
                socket.hang_up(NOT_SIGNED_IN)
