"""Saved searches for services, and the riders who hear of a post that fits theirs.

Neither the event nor the mail names who wrote an anonymous post.
"""

from tripsync.database import Transaction
from tripsync.mail import Letter
from tripsync.mail.letters import asked
from tripsync.realtime.events import Addressed
from tripsync.saved_searches import SavedSearches
from tripsync.services.events import search_hit
from tripsync.services.problems import NO_SUCH_SERVICE_SEARCH, TOO_MANY_SEARCHES

SEARCH_HIT = Letter("service_hit", asked("find_service_hit"), kind="searches")
SEARCHES = SavedSearches(
    queries=lambda db: db.service_searches,
    letter=SEARCH_HIT,
    no_such_search=NO_SUCH_SERVICE_SEARCH,
    too_many_searches=TOO_MANY_SEARCHES,
)


async def record_hits(db: Transaction, college_id: int, post_id: int) -> list[Addressed]:
    """Record whose searches an open post fits for the first time, mail them, and return their
    events."""
    about = {"college_id": college_id, "post_id": post_id}
    hits = await db.service_searches.record_hits(**about)
    await SEARCHES.mail_hits(db, hits, **about)
    return [search_hit(hit) for hit in hits]


timers = (SEARCHES.forgetting("forget posts that fitted a search"),)
