"""What riders learn of each other's acts, as WIRE names it."""

from collections.abc import Iterable, Mapping
from typing import Any, TypedDict

from tripsync.database.rows import (
    ConnectionsCloseHopeless,
    ConnectionsClosePending,
    RecurringLockDue,
    SearchesRecordHits,
)
from tripsync.pooling.calendar import Occurrence
from tripsync.pooling.messages import MATCHED
from tripsync.realtime.events import Event


class Named(TypedDict):
    """A rider, as others are told of one."""

    id: int
    full_name: str


class Side(Named):
    """One of two who are to ride together."""

    request_id: int


def match_found(user_id: int, match: Mapping[str, Any]) -> Event:
    return Event(user_id, "match_found", {"match": match})


def asked(connection_id: int, asker: Side, target: Side) -> list[Event]:
    """Both sides: the one who is asked, and all devices of the one who asks."""
    return [
        Event(
            target["id"],
            "connection_request_received",
            {
                "connection_id": connection_id,
                "user_request_id": target["request_id"],
                "from_user": asker,
            },
        ),
        Event(
            asker["id"],
            "connection_request_sent",
            {
                "connection_id": connection_id,
                "user_request_id": asker["request_id"],
                "to_user": target,
            },
        ),
    ]


def approved(
    connection_id: int, user_id: int, user_request_id: int, partner: Mapping[str, Any]
) -> Event:
    return Event(
        user_id,
        "connection_approved",
        {
            "connection_id": connection_id,
            "user_request_id": user_request_id,
            "partner": partner,
        },
    )


def became_matched(user_id: int, request_id: int, pool_id: int) -> Event:
    return Event(
        user_id,
        "pooling_match",
        {"request_id": request_id, "status": "matched", "details": MATCHED, "pool_id": pool_id},
    )


def joined(members: Iterable[int], pool_id: int, newcomer: Named) -> list[Event]:
    return [Event(each, "pool_joined", {"pool_id": pool_id, "user": newcomer}) for each in members]


def rejected(connection_id: int, user_id: int, by_user: Named) -> Event:
    return Event(
        user_id, "connection_rejected", {"connection_id": connection_id, "by_user": by_user}
    )


def withdrawn(connection_id: int, user_id: int) -> Event:
    return Event(user_id, "connection_withdrawn", {"connection_id": connection_id})


def closed(
    connections: Iterable[ConnectionsClosePending | ConnectionsCloseHopeless],
    told: int | None = None,
) -> list[Event]:
    """Both sides of what waited in vain; not the one who acted, who knows."""
    return [
        withdrawn(each["connection_id"], user_id)
        for each in connections
        for user_id in (each["from_user"], each["to_user"])
        if user_id != told
    ]


def ride_cancelled(user_id: int, user_request_id: int, by_user: Named) -> Event:
    message = f"{by_user['full_name']} left the ride."
    return Event(
        user_id,
        "ride_cancelled",
        {"by_user": by_user, "user_request_id": user_request_id, "message": message},
    )


def pool_changed(
    members: Iterable[int], type: str, pool_id: int, by_user: Named | None
) -> list[Event]:
    """What became of a pool; `by_user` is null when it was time that did it."""
    return [Event(each, type, {"pool_id": pool_id, "by_user": by_user}) for each in members]


def recurring_ride_opened(row: RecurringLockDue, occurrence: Occurrence, request_id: int) -> Event:
    return Event(
        row["user_id"],
        "recurring_ride_opened",
        {**dated(row, occurrence), "request_id": request_id},
    )


def recurring_ride_skipped(row: RecurringLockDue, occurrence: Occurrence, reason: str) -> Event:
    """`reason`: busy (another ride takes the time), unverified (the address has to be confirmed
    first), or late (nobody opened it in time)."""
    return Event(
        row["user_id"], "recurring_ride_skipped", {**dated(row, occurrence), "reason": reason}
    )


def dated(row: RecurringLockDue, occurrence: Occurrence) -> dict[str, Any]:
    return {
        "recurring_id": row["recurring_id"],
        "date": occurrence.date,
        "depart_after": occurrence.depart_after,
        "depart_before": occurrence.depart_before,
    }


def saved_search_hit(hit: SearchesRecordHits) -> Event:
    return Event(
        hit["user_id"],
        "saved_search_hit",
        {"search_id": hit["search_id"], "name": hit["name"], "request": hit["request"]},
    )
