"""A worker as a process of its own, to be killed: `python -m tests.jobs.worker_process URL`."""

import asyncio
import sys

import msgspec

from tests.jobs.conftest import NOTE, working
from tripsync.database import Database
from tripsync.settings import Settings


async def work(url: str) -> None:
    settings = Settings(database_url=url)
    few = msgspec.structs.replace(settings, database_pool_min=1, database_pool_max=5)
    database = await Database.open(few)
    async with working(few, database, [NOTE], dead_after=2):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1]))
