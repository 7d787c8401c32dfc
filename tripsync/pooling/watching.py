"""Whose saved search a ride fits: they are told, and written to when they asked for it.

An event goes out wherever a request comes on the road. A mail goes out for a request that a rider
opens or changes; not for one that a timer opens or that is back because partners left, where no
postbox is at hand. It goes to a confirmed address only, and once an hour for each search.
"""

from collections.abc import Mapping
from typing import Any

from sanic import Request

from tripsync.database import Transaction
from tripsync.http.context import settings
from tripsync.mail import Mail
from tripsync.pooling import announcements
from tripsync.realtime.events import Event

Row = Mapping[str, Any]


async def tell(
    db: Transaction, college_id: int, request_id: int, *, asked_by: Request | None = None
) -> list[Event]:
    """The news of a ride for those whose search it fits and who do not know of it yet."""
    hits = await db.searches.record_hits(college_id=college_id, request_id=request_id)
    if asked_by:
        for hit in hits:
            if hit["mailed"]:
                mail = mail_of(hit, settings(asked_by).app_url)
                db.after_commit(asked_by.app.ctx.postbox.post, mail)
    return [announcements.saved_search_hit(hit) for hit in hits]


def mail_of(hit: Row, app_url: str) -> Mail:
    ride = hit["request"]
    places = " to ".join(filter(None, (ride["start_name"], ride["destination_name"])))
    return Mail(
        hit["email"],
        "Somebody goes your way",
        f"{ride['from_user']['full_name']} goes your way{f' ({places})' if places else ''}: "
        f'this fits your saved search "{hit["name"]}".\n\n'
        f"See who it is and ask in the app:\n\n    {app_url}\n\n"
        "You get one such mail an hour at most. Delete the search to get none.\n",
    )
