"""Many riders at once."""

import asyncio
from pathlib import Path

from tests.answers import Checked
from tests.people import Campus, Rider
from tests.waiting import PATIENCE

# A server hashes so many passwords and no more; the others would be sent away.
AT_ONCE = 4


async def crowd(address: str, number: int, data_dir: Path) -> list[Rider]:
    """So many riders of this server, signed in."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def sign_up(campus: Campus) -> Rider:
        async with turns:
            return await campus.sign_up()

    async with Checked(base_url=address, timeout=PATIENCE) as client:
        campus = Campus(client, data_dir / "mail")
        return await asyncio.gather(*(sign_up(campus) for _ in range(number)))
