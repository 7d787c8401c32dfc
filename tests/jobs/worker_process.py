"""A worker as a process of its own, to be killed: `python -m tests.jobs.worker_process URL`.

With a second argument it gets stuck in a job now and then, so that it never comes to an end.
"""

import asyncio
import sys

import msgspec

from tests.jobs.conftest import NOTE, STICKS_AT, Numbered, working
from tripsync.database import Database
from tripsync.jobs import Job, Run
from tripsync.settings import Settings


async def note_or_stick(run: Run, wanted: Numbered) -> None:
    if wanted.number in STICKS_AT:
        await asyncio.Event().wait()
    await NOTE.act(run, wanted)


async def work(url: str, *sticks: str) -> None:
    settings = Settings(database_url=url)
    few = msgspec.structs.replace(settings, database_pool_min=1, database_pool_max=5)
    database = await Database.open(few)
    job = Job(NOTE.name, Numbered, note_or_stick) if sticks else NOTE
    async with working(few, database, [job], dead_after=2):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
