"""Riders whose saved search a post fits are told, and written to when they asked for it.

A mail goes to a confirmed address only, and once an hour for each search. Neither it nor the event
names who wrote an anonymous post.
"""

from tripsync.database import Transaction
from tripsync.jobs.timers import FEW_AT_ONCE, Timer
from tripsync.mail import Letter, post_all
from tripsync.mail.letters import asked
from tripsync.realtime.events import Addressed
from tripsync.services.events import search_hit

SEARCH_HIT = Letter("service_hit", asked("find_service_hit"), kind="searches")


async def tell(db: Transaction, college_id: int, post_id: int) -> list[Addressed]:
    """The news of an open post for those whose search it fits and who do not know of it yet."""
    hits = await db.service_searches.record_hits(college_id=college_id, post_id=post_id)
    fitting = [hit["search_id"] for hit in hits if hit["mailed"]]
    about = {"college_id": college_id, "post_id": post_id}
    await post_all(db, SEARCH_HIT, [{**about, "search_id": each} for each in fitting])
    return [search_hit(hit) for hit in hits]


async def forget_hits(db: Transaction) -> None:
    """Nobody is told of them again."""
    await db.service_searches.forget_hits(size=FEW_AT_ONCE)


timers = (Timer("forget posts that fitted a search", 600, forget_hits),)
