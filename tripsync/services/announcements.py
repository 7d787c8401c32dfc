"""What both sides of a service learn of each other's acts.

Nothing here names who wrote a post, but the one event by which a writer reveals themselves."""

from collections.abc import Iterable

from tripsync.database.rows import (
    ApplicationsFindApplication,
    ApplicationsListLeft,
    ServicesCloseForGood,
    ServiceSearchesRecordHits,
)
from tripsync.realtime.events import Event


def application(user_id: int, what: str, row: ApplicationsFindApplication) -> Event:
    """`what`: received, accepted, rejected or withdrawn."""
    told = {name: each for name, each in row.items() if name != "poster"}
    return Event(user_id, f"service_application_{what}", {"application": told})


def post_closed(
    left: Iterable[ApplicationsListLeft | ServicesCloseForGood], reason: str
) -> list[Event]:
    """To those who applied: nobody can join any more. `reason`: full, closed, completed, deleted
    or moderator."""
    return [
        Event(
            each["user_id"],
            "service_post_closed",
            {
                "application_id": each["application_id"],
                "service_post": {"id": each["post_id"], "title": each["title"]},
                "reason": reason,
            },
        )
        for each in left
    ]


def poster_revealed(user_id: int, row: ApplicationsFindApplication) -> Event:
    return Event(
        user_id,
        "service_poster_revealed",
        {
            "application_id": row["id"],
            "service_post": row["service_post"],
            "poster": row["poster"],
        },
    )


def search_hit(hit: ServiceSearchesRecordHits) -> Event:
    return Event(
        hit["user_id"],
        "saved_service_search_hit",
        {
            "search_id": hit["search_id"],
            "name": hit["name"],
            "service_post": hit["service_post"],
        },
    )
