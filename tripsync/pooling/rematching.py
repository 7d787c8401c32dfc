"""Where a block ends, two riders who wait and fit are notified of each other.

Blocks know nothing of rides. Their end leaves a row in second_looks, by a trigger (migration
0028), which a timer reads. No other rider is notified, and nobody learns the reason.
"""

from collections.abc import Sequence

from tripsync.database import Transaction
from tripsync.jobs.timers import Timer
from tripsync.pooling import matches
from tripsync.pooling.distances import BY_ESTIMATE
from tripsync.pooling.events import match_found
from tripsync.realtime.events import Addressed, append_many

EVERY_SECONDS = 5
# As many as one transaction takes; the rest has the next turn.
AT_ONCE = 100


async def rematch_after_unblock(db: Transaction) -> None:
    events: list[Addressed] = []
    for row in await db.matching.take_second_looks(size=AT_ONCE):
        pair = (row["one_request"], row["other_request"])
        events += await news_for(db, row["college_id"], pair)
    await append_many(db, events)


async def news_for(db: Transaction, college_id: int, pair: Sequence[int]) -> list[Addressed]:
    """Return a MatchFound for both riders if one is among the other's best matches."""
    for own, theirs in (pair, pair[::-1]):
        rows = await matches.find_matches(db, college_id, own, BY_ESTIMATE, both_sides=True)
        seen = next((row for row in rows if row["request_id"] == theirs), None)
        if seen is not None:
            twin = next(row for row in rows if row["user_request_id"] == theirs)
            return [
                match_found(row["viewer_id"], matches.matched_user(row)) for row in (seen, twin)
            ]
    return []


timers = (Timer("second looks", EVERY_SECONDS, rematch_after_unblock),)
