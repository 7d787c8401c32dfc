"""Delivery reads the table of events and sends to the sockets of this process.

There is no queue. Each socket has a cursor, the number of the last event that went over it, and
whoever is behind is read for: devices of a rider at the same number share the reading and the
bytes. So what a slow, a resuming and a live socket get is the same thing at different numbers,
nothing is kept in memory for anybody, and nothing is sent twice or left out.

What wakes it is a word of the one who appended (`17:4`: rider 17 has events up to 4), and, in
case the word was lost, a look at the heads of all riders who are here.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import groupby

from tripsync.database import Database
from tripsync.database.availability import Repeated
from tripsync.database.listener import ANYTHING
from tripsync.database.row_security import see_all_colleges
from tripsync.database.rows import EventsListNews, EventsListNewsOf
from tripsync.http.picture_urls import PictureUrls
from tripsync.metrics import counter, histogram
from tripsync.realtime.connections import ConnectionManager
from tripsync.realtime.protocol import text_frame
from tripsync.realtime.socket import Socket

DELIVERED = counter("tripsync_events_delivered", "Events handed to sockets, once for each")
LAG = histogram(
    "tripsync_event_lag_seconds",
    "From the beginning of the transaction that tells a rider to the device, where it was waiting",
)

LOOK_AT_LEAST_EVERY = 2.0
TRY_AGAIN_AFTER = 0.5
# So many events for one rider, and riders for one reading.
EVENTS_AT_ONCE = 100
RIDERS_AT_ONCE = 500

# A rider and the number up to which some devices have heard.
Place = tuple[int, int, int]
News = EventsListNews | EventsListNewsOf


class Delivery:
    """Brings every socket of this process to where its rider's events end."""

    def __init__(
        self, database: Database, connections: ConnectionManager, picture_urls: PictureUrls
    ) -> None:
        self._database = database
        self._connections = connections
        self._picture_urls = picture_urls
        self._behind: set[int] = set()
        self._anybody = True
        self._woken = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        self._tasks = [
            asyncio.create_task(self._keep_delivering(), name="delivery"),
            asyncio.create_task(self._keep_looking(), name="look at event heads"),
        ]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    def on_notification(self, words: str) -> None:
        """What an appender says: `17:4,23:118`."""
        if words == ANYTHING:
            self.look_at_all()
            return
        for word in words.split(","):
            user_id, _, seq = word.partition(":")
            if user_id.isdecimal() and seq.isdecimal():
                self._note_head(int(user_id), int(seq))

    def _note_head(self, user_id: int, seq: int) -> None:
        for socket in self._connections.devices_of(user_id):
            if socket.cursor is not None and socket.cursor < seq:
                self.look_after(user_id)
                return

    def look_after(self, user_id: int) -> None:
        """This rider has a device that may be behind."""
        self._behind.add(user_id)
        self._woken.set()

    def look_at_all(self) -> None:
        """Something may have been missed."""
        self._anybody = True
        self._woken.set()

    async def _keep_looking(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AT_LEAST_EVERY)
            self.look_at_all()

    async def _keep_delivering(self) -> None:
        see_all_colleges()
        delivering = Repeated("the delivery of events", self._database.availability)
        while True:
            await self._woken.wait()
            self._woken.clear()
            if not await delivering.succeeds(self.deliver()):
                # Sockets must hear again when it is over.
                self._anybody = True
                await asyncio.sleep(TRY_AGAIN_AFTER)
                self._woken.set()

    async def deliver(self) -> None:
        """Until nobody here is behind."""
        while self._anybody or self._behind:
            if self._anybody:
                self._anybody = False
                self._behind |= await self._find_behind()
            behind, self._behind = self._behind, set()
            try:
                for places in portions(self._places(behind)):
                    await self._bring(places)
            except Exception:
                # Some may have all there is and have yet to hear so: no look at heads finds them.
                self._behind |= behind
                raise

    async def _find_behind(self) -> set[int]:
        lowest: dict[int, Place] = {}
        for place in self._places(self._connections.riders()):
            known = lowest.get(place[1])
            if known is None or place[2] < known[2]:
                lowest[place[1]] = place
        found: set[int] = set()
        for places in portions(lowest.values()):
            rows = await self._database.reading.events.list_behind(**columns(places))
            found.update(row["user_id"] for row in rows)
        return found

    def _places(self, user_ids: Iterable[int]) -> list[Place]:
        """Where these riders' devices stand that can take events now."""
        return list(
            {
                (socket.rider.college_id, user_id, socket.cursor): None
                for user_id in user_ids
                for socket in self._connections.devices_of(user_id)
                if socket.wants_events and socket.rider and socket.cursor is not None
            }
        )

    async def _bring(self, places: Sequence[Place]) -> None:
        # Who asks to resume from now on may ask for more than this reading sees.
        promised = {
            socket: socket.resumes_until
            for _, user_id, _ in places
            for socket in self._connections.devices_of(user_id)
            if socket.resumes_until is not None
        }
        news = await self._read(places)
        for _, user_id, after in places:
            self._hand_out(user_id, after, news.get((user_id, after), []), promised)

    async def _read(self, places: Sequence[Place]) -> Mapping[tuple[int, int], Sequence[News]]:
        """What comes after each place."""
        db = self._database.reading
        if len(places) == 1:
            [(college_id, user_id, after)] = places
            rows = await db.events.list_news_of(
                college_id=college_id, user_id=user_id, after=after, size=EVENTS_AT_ONCE
            )
            return {(user_id, after): rows}
        found = await db.events.list_news(**columns(places), size=EVENTS_AT_ONCE)
        return {
            key: list(group)
            for key, group in groupby(found, key=lambda row: (row["user_id"], row["after"]))
        }

    def _hand_out(
        self,
        user_id: int,
        after: int,
        news: Sequence[News],
        promised: Mapping[Socket, int],
    ) -> None:
        devices = [each for each in self._connections.devices_of(user_id) if each.cursor == after]
        last = news[-1]["seq"] if news else after
        if last - after != len(news):
            # Days that are over are missing in the middle.
            self._reload(devices, last)
            return
        if news:
            sign = self._picture_urls.sign_all
            frames = b"".join(text_frame(sign(row["message"].encode(), user_id)) for row in news)
            # What happened before a device came is late for another reason.
            waited_for = min((socket.live_after for socket in devices), default=last)
            for row in news:
                if row["seq"] > waited_for:
                    LAG.observe(row["age"])
            for socket in devices:
                socket.pass_on(after, last, frames)
            DELIVERED.inc(len(news) * len(devices))
        if len(news) == EVENTS_AT_ONCE:
            self._behind.add(user_id)
            return
        for socket in devices:
            if socket.resumes_until is None or socket.resumes_until <= last:
                socket.caught_up()
            elif socket.resumes_until == promised.get(socket):
                # Nothing is left of what it asked for.
                self._reload([socket], socket.resumes_until)

    def _reload(self, devices: Sequence[Socket], head: int) -> None:
        for socket in devices:
            socket.reload_from(max(head, socket.resumes_until or 0))


def columns(places: Sequence[Place]) -> dict[str, list[int]]:
    return {
        "college_ids": [college_id for college_id, _, _ in places],
        "user_ids": [user_id for _, user_id, _ in places],
        "seqs": [seq for _, _, seq in places],
    }


def portions(places: Iterable[Place]) -> Iterator[list[Place]]:
    """As many as one reading takes."""
    every = list(places)
    for first in range(0, len(every), RIDERS_AT_ONCE):
        yield every[first : first + RIDERS_AT_ONCE]
