"""A worker that sends letters, to be killed: `python -m tests.mail.worker_process URL FOLDER`."""

import asyncio
import sys
from pathlib import Path

from tests.jobs.conftest import working
from tests.mail.conftest import HELLO
from tripsync.database import Database
from tripsync.mail.mailer import Mailer
from tripsync.settings import Settings


async def work(url: str, folder: str) -> None:
    settings = Settings(
        database_url=url,
        data_dir=Path(folder),
        secret_key="of these tests only",
        database_pool_min=1,
        database_pool_max=5,
    )
    database = await Database.open(settings)
    async with working(settings, database, [Mailer(settings, [HELLO]).job], dead_after=2):
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(work(*sys.argv[1:]))
