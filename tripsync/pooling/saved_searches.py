"""Saved searches for rides, and the riders who hear of a request that fits theirs."""

from tripsync.database import Transaction
from tripsync.mail import Letter
from tripsync.mail.letters import asked
from tripsync.pooling.events import saved_search_hit
from tripsync.pooling.problems import NO_SUCH_SEARCH, TOO_MANY_SEARCHES
from tripsync.realtime.events import Addressed
from tripsync.saved_searches import SavedSearches

SEARCH_HIT = Letter("search_hit", asked("find_hit"), kind="searches")
SEARCHES = SavedSearches(
    queries=lambda db: db.searches,
    letter=SEARCH_HIT,
    no_such_search=NO_SUCH_SEARCH,
    too_many_searches=TOO_MANY_SEARCHES,
)


async def record_hits(db: Transaction, college_id: int, request_id: int) -> list[Addressed]:
    """Record whose searches a request fits for the first time, mail them, and return their events.

    It is called wherever a request becomes active."""
    about = {"college_id": college_id, "request_id": request_id}
    hits = await db.searches.record_hits(**about)
    await SEARCHES.mail_hits(db, hits, **about)
    return [saved_search_hit(hit) for hit in hits]


timers = (SEARCHES.forgetting("forget rides that fitted a search"),)
