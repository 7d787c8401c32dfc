"""How often somebody may try: per address, and per account.

The `limits` library counts in fixed windows; its counters lie in PostgreSQL, so that ten
workers on three hosts allow no more than one would. The calls that are limited hash a
password or send a mail: a counter costs them nothing.
"""

import hashlib
import time
from dataclasses import dataclass
from math import ceil
from typing import cast

from limits import parse
from limits.aio.storage import Storage
from limits.aio.strategies import FixedWindowRateLimiter
from sanic import Request

from tripsync.database import Database, Transaction
from tripsync.http.problems import TOO_MANY, Problem
from tripsync.timers import FEW_AT_ONCE, Timer


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries of one thing. An account is whatever names one: usually the email."""

    name: str
    per_address: str
    per_account: str


class PostgresCounters(Storage):
    """Where the library keeps its counters: sql/rate_limits.sql."""

    STORAGE_SCHEME = ["async+tripsync"]  # noqa: RUF012 - the library's own spelling

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database

    @property
    def base_exceptions(self) -> type[Exception]:
        return OSError

    async def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        hits: int = await self._database.reading.rate_limits.count_hit(
            key=key, amount=amount, window_seconds=expiry
        )
        return hits

    async def get(self, key: str) -> int:
        window = await self._database.reading.rate_limits.find_hits(key=key)
        return window["hits"] if window else 0

    async def get_expiry(self, key: str) -> float:
        window = await self._database.reading.rate_limits.find_hits(key=key)
        return window["expires_at"].timestamp() if window else time.time()

    async def check(self) -> bool:
        await self.get("check")
        return True

    async def reset(self) -> int | None:
        cleared: int = await self._database.reading.rate_limits.clear_all_hits()
        return cleared

    async def clear(self, key: str) -> None:
        await self._database.reading.rate_limits.clear_hits(key=key)


class RateLimits:
    """Counts tries and refuses the one too many."""

    def __init__(self, database: Database, *, enabled: bool) -> None:
        self._limiter = FixedWindowRateLimiter(PostgresCounters(database))
        self._enabled = enabled

    async def count(self, rate: str, *names: str) -> None:
        """Count one try; a 429 when it is one too many."""
        if not self._enabled:
            return
        window = parse(rate)
        if await self._limiter.hit(window, *names):
            return
        stats = await self._limiter.get_window_stats(window, *names)
        seconds = max(1, ceil(stats.reset_time - time.time()))
        raise Problem(
            TOO_MANY,
            f"That was tried too often. Please wait {seconds} seconds and try again.",
            headers={"Retry-After": str(seconds)},
        )


async def count_try(request: Request, limit: Limit, account: str) -> None:
    """Count one try of this caller for this account."""
    await count_address(request, limit)
    await count_account(request, limit, account)


async def count_address(request: Request, limit: Limit) -> None:
    # `client_ip` believes X-Forwarded-For only as far as PROXIES says.
    await limits_of(request).count(limit.per_address, limit.name, "address", request.client_ip)


async def count_account(request: Request, limit: Limit, account: str) -> None:
    # Hashed: what somebody typed as an account has any length, and is nobody else's business.
    digest = hashlib.sha256(account.strip().lower().encode(errors="replace")).hexdigest()
    await limits_of(request).count(limit.per_account, limit.name, "account", digest)


def limits_of(request: Request) -> RateLimits:
    return cast("RateLimits", request.app.ctx.limits)


async def forget_windows(db: Transaction) -> None:
    """Take away the windows that are over."""
    await db.rate_limits.forget_windows(size=FEW_AT_ONCE)


timers = (Timer("forget tries", 120, forget_windows),)
