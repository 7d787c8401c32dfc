"""Who is on the line in this process: every rider with all devices."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from tripsync.realtime.close_codes import NOT_SIGNED_IN, REPLACED
from tripsync.realtime.socket import Socket, message_frame


class ConnectionManager:
    """The registry of sockets. Nothing here waits, so nothing comes between a look and an act."""

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

    def connect(self, user_id: int, websocket: Socket) -> None:
        """One more device of a rider; if there are too many, the oldest goes."""
        self._strangers.pop(websocket, None)
        devices = self._sockets.setdefault(user_id, {})
        devices[websocket] = None
        while len(devices) > self._most_per_rider:
            oldest = next(iter(devices))
            del devices[oldest]
            oldest.hang_up(REPLACED)

    def await_name(self, websocket: Socket) -> None:
        """A socket that has not said yet whose it is."""
        self._strangers[websocket] = None

    def disconnect(self, user_id: int | None, websocket: Socket) -> None:
        """This socket is gone; the rider's others stay."""
        self._strangers.pop(websocket, None)
        if user_id is None or (devices := self._sockets.get(user_id)) is None:
            return
        devices.pop(websocket, None)
        if not devices:
            del self._sockets[user_id]

    def send_personal_message(self, message: Mapping[str, Any], user_id: int) -> None:
        """To all devices of a rider that hang here. It is not kept: what must not be lost is an
        event."""
        if devices := self._sockets.get(user_id):
            frame = message_frame(message)
            for socket in devices:
                socket.wire.send(frame)

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
