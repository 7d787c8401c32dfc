"""Riders say on a socket where they are while they ride; those who ride along hear it.

The table holds the last place of each, as long as the ride is under way (migration 0029). Whoever
says more than one place a second has the last of them written, and nobody hears of a rider more
often, whatever number of devices and workers there are: what is said between workers is only who
moved and who rides along, and each worker that has one of those on the line reads the places.
"""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import Any

from tripsync.database import Database, Transaction
from tripsync.database.availability import Repeated
from tripsync.database.listener import Listener
from tripsync.database.row_security import see_all_colleges
from tripsync.database.rows import PositionsListMoved
from tripsync.http.problems import Problem
from tripsync.http.tokens import Rider
from tripsync.realtime.connections import ConnectionManager
from tripsync.realtime.events import as_message
from tripsync.realtime.frames import Frame
from tripsync.realtime.gateway import Gateway
from tripsync.resources import Resources
from tripsync.safety.events import FellowPosition
from tripsync.safety.problems import NOT_ON_THE_WAY
from tripsync.safety.schemas import LivePosition

# Says who moved, and who rides along: `college:rider:fellow.fellow`.
CHANNEL = "positions"
EVERY = 1.0

# A college and a rider.
Mover = tuple[int, int]


class Positions:
    """Those that riders of this process say, and those that they are to see."""

    def __init__(self, database: Database, connections: ConnectionManager) -> None:
        self._database = database
        self._connections = connections
        # Who has a place written in this second, and what they said since.
        self._written: set[int] = set()
        self._waiting: dict[int, tuple[Rider, LivePosition]] = {}
        # Who moved, and is seen by somebody here; what was passed on last.
        self._moved: set[Mover] = set()
        self._passed_on: dict[int, datetime] = {}
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._keep_up(), name="positions")

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    async def say(self, who: Rider, place: LivePosition) -> None:
        """The first place in a second is written now, the last of the others at its end."""
        if who.user_id in self._written:
            self._waiting[who.user_id] = (who, place)
        elif not await self._write(who, place):
            raise Problem(NOT_ON_THE_WAY)

    def on_notification(self, words: str) -> None:
        """Somebody moved. What was missed is said again in a second."""
        for word in filter(None, words.split(",")):
            college_id, user_id, fellows = word.split(":")
            if any(self._connections.is_here(int(each)) for each in fellows.split(".")):
                self._moved.add((int(college_id), int(user_id)))

    async def _keep_up(self) -> None:
        see_all_colleges()
        passing_on = Repeated("passing positions on", self._database.availability)
        while True:
            await asyncio.sleep(EVERY)
            await passing_on.succeeds(self._end_second())

    async def _end_second(self) -> None:
        await self._write_waiting()
        await self._pass_on()

    async def _write_waiting(self) -> None:
        waiting, self._waiting = self._waiting, {}
        self._written.clear()
        for who, place in waiting.values():
            await self._write(who, place)

    async def _write(self, who: Rider, place: LivePosition) -> bool:
        """Whether the rider is on the way with others."""
        self._written.add(who.user_id)

        async def store(db: Transaction) -> list[int] | None:
            fellows = await write(db, who, place)
            if fellows:
                riding_along = ".".join(map(str, fellows))
                db.publish(CHANNEL, [f"{who.college_id}:{who.user_id}:{riding_along}"])
            return fellows

        fellows = await self._database.run_in_transaction(store)
        if fellows is None:
            self._written.discard(who.user_id)
        return fellows is not None

    async def _pass_on(self) -> None:
        moved, self._moved = self._moved, set()
        if not moved:
            return
        rows = await self._database.reading.positions.list_moved(
            college_ids=[college_id for college_id, _ in moved],
            user_ids=[user_id for _, user_id in moved],
        )
        before, self._passed_on = self._passed_on, {}
        for row in rows:
            self._passed_on[row["user_id"]] = row["seen_at"]
            # A process hears itself twice, the second time through PostgreSQL.
            if before.get(row["user_id"]) != row["seen_at"]:
                await self._tell(row)

    async def _tell(self, row: PositionsListMoved) -> None:
        position = FellowPosition(
            user_id=row["user_id"],
            pool_id=row["pool_id"],
            latitude=row["latitude"],
            longitude=row["longitude"],
            heading=row["heading"],
            seen_at=row["seen_at"],
        )
        message = as_message(position)
        for fellow in row["fellows"]:
            await self._connections.send_personal_message(message, fellow)


async def write(db: Transaction, who: Rider, place: LivePosition) -> list[int] | None:
    """The riders along, once the place is kept; None for somebody who is not on the way."""
    whose: dict[str, Any] = {"college_id": who.college_id, "user_id": who.user_id}
    where: dict[str, Any] = {
        "longitude": place.longitude,
        "latitude": place.latitude,
        "heading": place.heading,
    }
    fellows: list[int] | None = await db.positions.move_rider(**whose, **where)
    if fellows is None:
        pool_id = await db.positions.hold_ride(**whose)
        if pool_id is not None:
            fellows = await db.positions.place_rider(**whose, pool_id=pool_id, **where)
    return fellows


async def say_position(resources: Resources, who: Rider, place: LivePosition) -> None:
    await resources[Positions].say(who, place)


frames = (Frame("position", LivePosition, say_position),)


def open_positions(resources: Resources) -> None:
    """Pass positions on between the sockets of this process and those of others."""
    positions = Positions(resources[Database], resources[Gateway].connections)
    resources[Listener].subscribe(CHANNEL, positions.on_notification)
    positions.start()
    resources.add(positions, closed_by=positions.stop)
