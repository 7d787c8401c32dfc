"""Résumés are PDFs that can be read, and that do nothing but be read."""

import asyncio
import sys
from asyncio.subprocess import DEVNULL, PIPE
from pathlib import Path

from tripsync.http.problems import Problem
from tripsync.http.uploads import Upload
from tripsync.profiles import polyglots
from tripsync.profiles.problems import UNUSABLE_RESUME

RESUME = Upload(("application/pdf",), max_bytes=5_000_000)
STORED_AS = "application/pdf"
CHECK = Path(__file__).with_name("pdf_check.py")
# A readable résumé takes well below a second.
PATIENCE = 10.0
MOST_PROCESSES = 2


class Resumes:
    """Checks PDFs, a few at once, each in a process that cannot harm this one."""

    def __init__(self) -> None:
        self._room = asyncio.Semaphore(MOST_PROCESSES)

    async def check(self, content: bytes) -> None:
        """Refuse what is no plain PDF."""
        if polyglots.is_disguised_in_pdf(content):
            raise Problem(UNUSABLE_RESUME)
        async with self._room:
            wrong = await run_check(content)
        if wrong is None:
            raise Problem(UNUSABLE_RESUME)
        if wrong:
            raise Problem(UNUSABLE_RESUME, wrong)


async def run_check(content: bytes) -> str | None:
    """What is wrong with the PDF, as a sentence; None when it cannot be read at all."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-I", str(CHECK)), stdin=PIPE, stdout=PIPE, stderr=DEVNULL
    )
    try:
        async with asyncio.timeout(PATIENCE):
            said, _ = await process.communicate(content)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return said.decode() if process.returncode == 0 else None
