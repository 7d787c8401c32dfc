"""Timers delete what nobody can sign in with any more."""

from tripsync.database import Transaction
from tripsync.jobs.timers import FEW_AT_ONCE, Timer


async def forget_sessions(db: Transaction) -> None:
    await db.sessions.forget_ended_sessions(size=FEW_AT_ONCE)
    await db.sessions.forget_lapsed_sessions(size=FEW_AT_ONCE)
    await db.sessions.forget_spent_tokens(size=FEW_AT_ONCE)


async def forget_former_riders(db: Transaction) -> None:
    """Delete the sessions of former riders."""
    await db.sessions.forget_sessions_of_former_riders()


async def forget_codes(db: Transaction) -> None:
    await db.mailed_codes.forget_codes(size=FEW_AT_ONCE)


timers = (
    Timer("forget sessions that are over", 120, forget_sessions),
    Timer("forget sessions", 3600, forget_former_riders),
    Timer("forget codes", 600, forget_codes),
)
