"""What both sides of a service learn of each other's acts.

Nothing here names who wrote a post, but the one event by which a writer reveals themselves."""

from collections.abc import Iterable, Mapping
from typing import Any

from tripsync.realtime.events import Event

Row = Mapping[str, Any]


def application(user_id: int, what: str, row: Row) -> Event:
    """`what`: received, accepted, rejected or withdrawn. The row is one of sql/applications.sql."""
    told = {name: each for name, each in row.items() if name != "poster"}
    return Event(user_id, f"service_application_{what}", {"application": told})


def post_closed(left: Iterable[Row], reason: str) -> list[Event]:
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


def poster_revealed(user_id: int, row: Row) -> Event:
    return Event(
        user_id,
        "service_poster_revealed",
        {
            "application_id": row["id"],
            "service_post": row["service_post"],
            "poster": row["poster"],
        },
    )


def search_hit(hit: Row) -> Event:
    """A row of sql/service_searches.sql as the app knows it."""
    told = ("search_id", "name", "service_post")
    return Event(hit["user_id"], "saved_service_search_hit", {name: hit[name] for name in told})
