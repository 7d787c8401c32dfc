"""What riders are told in benchmarks."""

from tests.bench.campus import Riders
from tests.bench.references.sockets import ANNOUNCEMENT
from tripsync.database import Database
from tripsync.realtime import events
from tripsync.realtime.events import Event


class Announcement(Event):
    """One text."""

    text: str


EVENT = Announcement(ANNOUNCEMENT)


async def append_for_all(database: Database, riders: Riders, times: int = 1) -> None:
    """Tell them in one transaction."""
    async with database.transaction() as db:
        await events.append_many(db, [(rider["user_id"], EVENT) for rider in riders] * times)
