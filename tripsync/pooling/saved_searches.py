"""Riders whose saved search a ride fits are told, and written to when they asked for it.

It is told wherever a request comes on the road. A mail goes to a confirmed address only, and once
an hour for each search.
"""

from tripsync.database import Transaction
from tripsync.jobs.timers import FEW_AT_ONCE, Timer
from tripsync.mail import Letter, post_all
from tripsync.mail.letters import asked
from tripsync.pooling.events import saved_search_hit
from tripsync.realtime.events import Addressed

SEARCH_HIT = Letter("search_hit", asked("find_hit"), kind="searches")


async def tell(db: Transaction, college_id: int, request_id: int) -> list[Addressed]:
    """The news of a ride for those whose search it fits and who do not know of it yet."""
    hits = await db.searches.record_hits(college_id=college_id, request_id=request_id)
    fitting = [hit["search_id"] for hit in hits if hit["mailed"]]
    about = {"college_id": college_id, "request_id": request_id}
    await post_all(db, SEARCH_HIT, [{**about, "search_id": each} for each in fitting])
    return [saved_search_hit(hit) for hit in hits]


async def forget_hits(db: Transaction) -> None:
    """Nobody is told of them again."""
    await db.searches.forget_hits(size=FEW_AT_ONCE)


timers = (Timer("forget rides that fitted a search", 600, forget_hits),)
