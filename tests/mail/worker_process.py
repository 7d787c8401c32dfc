"""A worker that sends letters, to be killed: `python -m tests.mail.worker_process URL FOLDER`.

With a third argument it gets stuck in a letter now and then, so that it never comes to an end.
"""

import asyncio
import sys
from pathlib import Path

from tests.jobs.conftest import STICKS_AT, working
from tests.mail.conftest import HELLO, hello
from tripsync.database import Database, Transaction
from tripsync.mail import Letter
from tripsync.mail.letters import Facts
from tripsync.mail.mailer import Mailer
from tripsync.settings import Settings


async def hello_or_stick(db: Transaction, code: int) -> Facts:
    if code in STICKS_AT:
        await asyncio.Event().wait()
    return await hello(db, code)


async def work(url: str, folder: str, *sticks: str) -> None:
    settings = Settings(
        database_url=url,
        data_dir=Path(folder),
        secret_key="of these tests only",
        database_pool_min=1,
        database_pool_max=5,
    )
    database = await Database.open(settings)
    letter = Letter(HELLO.name, hello_or_stick) if sticks else HELLO
    async with working(settings, database, [Mailer(settings, [letter]).job], dead_after=2):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
