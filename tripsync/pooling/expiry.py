"""Timers expire requests whose window has passed, and complete rides that are over."""

from tripsync.database import Transaction
from tripsync.jobs.timers import Timer
from tripsync.pooling import membership
from tripsync.pooling.states import Act
from tripsync.realtime.events import Addressed, append_many

# As many as one transaction takes; the rest has the next turn.
AT_ONCE = 500
# After the expected arrival, so that a late ride is not ended under way.
REST_AFTER_ARRIVAL_SECONDS = 2 * 60 * 60


async def expire_requests(db: Transaction) -> None:
    """Expire requests whose window has passed; queries ignore them already."""
    events: list[Addressed] = []
    for row in await db.requests.lock_overdue(size=AT_ONCE):
        await membership.move(db, row["college_id"], row, Act.EXPIRE)
        events += await membership.close_pending(db, row["college_id"], [row["request_id"]])
    await append_many(db, events)


async def complete_rides(db: Transaction) -> None:
    """Complete rides some time after the expected arrival."""
    events: list[Addressed] = []
    for pool in await db.pools.lock_arrived(rest_seconds=REST_AFTER_ARRIVAL_SECONDS, size=AT_ONCE):
        held = {"college_id": pool["college_id"], "pool_id": pool["pool_id"]}
        members = await db.pools.list_members(**held)
        await db.requests.lock_requests(
            college_id=pool["college_id"], request_ids=[row["request_id"] for row in members]
        )
        events += await membership.finish(db, **held, members=members, by_user=None)
    await append_many(db, events)


timers = (
    Timer("expire requests", 60, expire_requests),
    Timer("complete rides", 300, complete_rides),
)
