"""Password hashes are slow on purpose, so no more run at once than there are cores for them.

What else there is to do on these cores comes first.
"""

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import get_native_id
from typing import TypeVar

import bcrypt

from tripsync.http.problems import UNAVAILABLE, Problem
from tripsync.resources import Resources
from tripsync.settings import Settings

T = TypeVar("T")

# bcrypt reads no further, and refuses to pretend it did.
LONGEST_PASSWORD_BYTES = 72
# Who would wait longer than this many hashes is told to come back.
LONGEST_QUEUE = 40
# Of a core that both want others get nine tenths.
NICER_BY = 10
LOWEST_PRIORITY = 19
SALT_AND_DIGEST = "abcdefghijklmnopqrstuuABCDEFGHIJKLMNOPQRSTUVWXYZabcde"


class Hasher:
    """Hashes and checks in threads; bcrypt lets go of the interpreter meanwhile."""

    def __init__(self, settings: Settings) -> None:
        self._rounds = settings.bcrypt_rounds
        self._threads = max(1, (os.cpu_count() or 1) // settings.workers)
        self._executor = ThreadPoolExecutor(
            self._threads, thread_name_prefix="bcrypt", initializer=give_way
        )
        self._queue = 0
        # The hash of nobody's password, as dear to check as anybody's.
        self._decoy = f"$2b${self._rounds:02}${SALT_AND_DIGEST}"

    async def hash(self, password: str) -> str:
        salted = await self._run(bcrypt.hashpw, password.encode(), bcrypt.gensalt(self._rounds))
        return salted.decode()

    async def check(self, password: str, known: str | None) -> bool:
        """Is this the password? For an unknown account the answer takes as long, and is no."""
        typed = password.encode(errors="replace")
        possible = known is not None and len(typed) <= LONGEST_PASSWORD_BYTES and b"\0" not in typed
        if known is None or not possible:
            typed, known = b"nobody's password", self._decoy
        fits = await self._run(bcrypt.checkpw, typed, known.encode())
        return fits and possible

    async def _run(self, work: Callable[..., T], *arguments: object) -> T:
        if self._queue >= LONGEST_QUEUE * self._threads:
            raise Problem(UNAVAILABLE, headers={"Retry-After": "5"})
        self._queue += 1
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._executor, partial(work, *arguments))
        finally:
            self._queue -= 1

    def close(self) -> None:
        self._executor.shutdown(wait=False, cancel_futures=True)


def give_way() -> None:
    """Lower the priority of this thread, where a thread has one of its own."""
    if sys.platform == "linux":
        thread = get_native_id()
        niceness = os.getpriority(os.PRIO_PROCESS, thread) + NICER_BY
        os.setpriority(os.PRIO_PROCESS, thread, min(niceness, LOWEST_PRIORITY))


def open_hasher(resources: Resources) -> None:
    hasher = Hasher(resources[Settings])
    resources.add(hasher, closed_by=hasher.close)
