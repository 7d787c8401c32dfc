"""Rate limits bound how often somebody may try: per address, and per account.

A rate is so many tries in a fixed window. The counters are rows of PostgreSQL, so that ten
workers on three hosts allow no more than one would. The calls that are limited hash a
password or send a mail: a counter costs them nothing.
"""

import hashlib
from dataclasses import dataclass

from sanic import Request

from tripsync.database import Database, Transaction
from tripsync.http.context import resources
from tripsync.http.problems import TOO_MANY, Problem
from tripsync.jobs.timers import FEW_AT_ONCE, Timer

# The windows of a rate such as `10/minute`, in seconds.
WINDOWS = {"minute": 60, "hour": 3600}


@dataclass(frozen=True, slots=True)
class Limit:
    """So many tries of one thing. An account is whatever names one: usually the email."""

    name: str
    per_address: str
    per_account: str


class RateLimits:
    """Counts tries and refuses the one too many."""

    def __init__(self, database: Database, *, enabled: bool) -> None:
        self._database = database
        self._enabled = enabled

    async def count(self, rate: str, *names: str) -> None:
        """Count one try; a 429 when it is one too many."""
        if not self._enabled:
            return
        tries, _, window = rate.partition("/")
        counted = await self._database.reading.rate_limits.count_hit(
            key="/".join(names), window_seconds=WINDOWS[window]
        )
        if counted["hits"] <= int(tries):
            return
        seconds = counted["seconds_left"]
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
    return resources(request)[RateLimits]


async def forget_windows(db: Transaction) -> None:
    """Take away the windows that are over."""
    await db.rate_limits.forget_windows(size=FEW_AT_ONCE)


timers = (Timer("forget tries", 120, forget_windows),)
