"""Events of rides: what riders learn of each other's acts."""

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from tripsync.database.rows import (
    ConnectionsCloseHopeless,
    ConnectionsClosePending,
    RecurringLockDue,
    SearchesRecordHits,
)
from tripsync.http.fields import Id, Moment, Person
from tripsync.pooling.calendar import Occurrence
from tripsync.pooling.schemas import Match, Partner, PersonOnTheRoad
from tripsync.pooling.schemas_recurring import Day
from tripsync.realtime.events import Addressed, Event, Pushed
from tripsync.saved_searches import SearchName

PlaceName = Annotated[str, Meta(description="empty where none was given", examples=["Andheri"])]
SkippedBecause = Literal["busy", "unverified", "late"]
MATCHED = "You share a ride now. Your pool says who rides along and where you meet."


class MatchFound(Event, pushed=Pushed.BY_DAY):
    """Somebody goes the same way."""

    match: Match


class ConnectionRequestReceived(Event, pushed=Pushed.BY_DAY):
    """Somebody asks whether to ride together."""

    connection_id: Id
    user_request_id: Annotated[Id, Meta(description="one's own, which is asked")]
    from_user: PersonOnTheRoad


class ConnectionRequestSent(Event):
    """One asked somebody, on this device or another."""

    connection_id: Id
    user_request_id: Annotated[Id, Meta(description="one's own, which asks")]
    to_user: PersonOnTheRoad


class ConnectionApproved(Event, pushed=Pushed.BY_DAY):
    """Two ride together from now on; both hear it, each with the other as the partner."""

    connection_id: Id
    user_request_id: Annotated[Id, Meta(description="one's own")]
    partner: Partner


class ConnectionRejected(Event, pushed=Pushed.BY_DAY):
    """Somebody said no."""

    connection_id: Id
    by_user: Person


class ConnectionWithdrawn(Event):
    """A question needs no answer any more: it was taken back, or can no longer come true."""

    connection_id: Id


class PoolingMatch(Event):
    """One's request has company."""

    request_id: Id
    status: Literal["matched"]
    details: Annotated[str, Meta(description="to be shown", examples=[MATCHED])]
    pool_id: Id


class PoolJoined(Event, pushed=Pushed.BY_DAY):
    """One more rides along."""

    pool_id: Id
    user: Person


class RideCancelled(Event, pushed=Pushed.AT_ONCE):
    """Somebody left the ride. Who is left alone is on the road again while time lasts."""

    by_user: Person
    user_request_id: Annotated[Id, Meta(description="one's own that shared it")]
    message: Annotated[str, Meta(description="to be shown", examples=["Dev Shah left the ride."])]


class RideStarted(Event):
    """The pool has set off; nobody joins or leaves any more."""

    pool_id: Id
    by_user: Person | None


class RideCompleted(Event):
    """The ride is over; fellow riders can be reviewed now."""

    pool_id: Id
    by_user: Annotated[Person | None, Meta(description="null when it was time that ended it")]


class RecurringRideOpened(Event, pushed=Pushed.BY_DAY):
    """A weekly ride is on the road: a request was opened for its next date."""

    recurring_id: Id
    date: Day
    depart_after: Moment
    depart_before: Moment
    request_id: Id


class RecurringRideSkipped(Event, pushed=Pushed.BY_DAY):
    """A weekly ride does not take place on a date."""

    recurring_id: Id
    date: Day
    depart_after: Moment
    depart_before: Moment
    reason: Annotated[
        SkippedBecause,
        Meta(
            description="another ride of one's own takes the time; the address has to be confirmed "
            "first; or nobody was there to open it"
        ),
    ]


class FoundRequest(msgspec.Struct):
    """A request that a saved search looks for."""

    request_id: Id
    from_user: Person
    start_name: PlaceName
    destination_name: PlaceName
    depart_after: Moment
    depart_before: Moment


class SavedSearchHit(Event, pushed=Pushed.BY_DAY):
    """Somebody goes where a saved search looks."""

    search_id: Id
    name: SearchName
    request: FoundRequest


def match_found(user_id: int, match: Mapping[str, Any]) -> Addressed:
    return user_id, MatchFound(Match(**match))


def became_matched(user_id: int, request_id: int, pool_id: int) -> Addressed:
    return user_id, PoolingMatch(
        request_id=request_id, status="matched", details=MATCHED, pool_id=pool_id
    )


def connections_withdrawn(
    connections: Iterable[ConnectionsClosePending | ConnectionsCloseHopeless],
    actor_id: int | None = None,
) -> list[Addressed]:
    """For both sides of connections that can no longer come true, but not for the actor."""
    return [
        (user_id, ConnectionWithdrawn(each["connection_id"]))
        for each in connections
        for user_id in (each["from_user"], each["to_user"])
        if user_id != actor_id
    ]


def ride_cancelled(user_id: int, user_request_id: int, by_user: Person) -> Addressed:
    return user_id, RideCancelled(
        by_user=by_user,
        user_request_id=user_request_id,
        message=f"{by_user.full_name} left the ride.",
    )


def recurring_ride_opened(
    row: RecurringLockDue, occurrence: Occurrence, request_id: int
) -> Addressed:
    return row["user_id"], RecurringRideOpened(
        recurring_id=row["recurring_id"],
        date=occurrence.date,
        depart_after=occurrence.depart_after,
        depart_before=occurrence.depart_before,
        request_id=request_id,
    )


def recurring_ride_skipped(
    row: RecurringLockDue, occurrence: Occurrence, reason: SkippedBecause
) -> Addressed:
    return row["user_id"], RecurringRideSkipped(
        recurring_id=row["recurring_id"],
        date=occurrence.date,
        depart_after=occurrence.depart_after,
        depart_before=occurrence.depart_before,
        reason=reason,
    )


def saved_search_hit(hit: SearchesRecordHits) -> Addressed:
    return hit["user_id"], SavedSearchHit(
        search_id=hit["search_id"], name=hit["name"], request=hit["request"]
    )
