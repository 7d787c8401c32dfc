"""The queue's past: kept for as long as somebody may ask what became of a job."""

from tripsync.database import Transaction
from tripsync.jobs.timers import FEW_AT_ONCE, Timer

DAYS_OF_LOG = 7
DAYS_OF_THE_DEAD = 30


async def forget_jobs(db: Transaction) -> None:
    await db.jobs.forget_log(days=DAYS_OF_LOG, size=FEW_AT_ONCE)
    await db.jobs.forget_dead_jobs(days=DAYS_OF_THE_DEAD, size=FEW_AT_ONCE)


timers = (Timer("forget jobs", 120, forget_jobs),)
