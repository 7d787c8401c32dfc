"""What riders hear of each other's acts on the road, as WIRE names it."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.pooling.schemas import FullName, Id, MatchedUser, Moment, Partner
from tripsync.pooling.schemas_searches import SearchName
from tripsync.realtime.frames import Message, Pushed

PlaceName = Annotated[str, Meta(description="empty where none was given", examples=["Andheri"])]
Day = Annotated[date, Meta(description="by the clocks of the college", examples=["2026-12-25"])]
MATCHED = "You share a ride now. Your pool says who rides along and where you meet."


class Fellow(msgspec.Struct):
    """Somebody of the college."""

    id: Id
    full_name: FullName


class FellowOnTheRoad(Fellow):
    """Somebody of the college, and their request."""

    request_id: Id


class MatchFound(msgspec.Struct):
    """Somebody goes the same way."""

    match: MatchedUser


class ConnectionRequestReceived(msgspec.Struct):
    """Somebody asks whether to ride together."""

    connection_id: Id
    user_request_id: Annotated[Id, Meta(description="one's own, which is asked")]
    from_user: FellowOnTheRoad


class ConnectionRequestSent(msgspec.Struct):
    """One asked somebody, on this device or another."""

    connection_id: Id
    user_request_id: Annotated[Id, Meta(description="one's own, which asks")]
    to_user: FellowOnTheRoad


class ConnectionApproved(msgspec.Struct):
    """Two ride together from now on; both hear it, each with the other as the partner."""

    connection_id: Id
    user_request_id: Annotated[Id, Meta(description="one's own")]
    partner: Partner


class ConnectionRejected(msgspec.Struct):
    """Somebody said no."""

    connection_id: Id
    by_user: Fellow


class ConnectionWithdrawn(msgspec.Struct):
    """A question needs no answer any more: it was taken back, or can no longer come true."""

    connection_id: Id


class PoolingMatch(msgspec.Struct):
    """One's request has company."""

    request_id: Id
    status: Literal["matched"]
    details: Annotated[str, Meta(description="to be shown", examples=[MATCHED])]
    pool_id: Id


class PoolJoined(msgspec.Struct):
    """One more rides along."""

    pool_id: Id
    user: Fellow


class RideCancelled(msgspec.Struct):
    """Somebody left the ride. Who is left alone is on the road again while time lasts."""

    by_user: Fellow
    user_request_id: Annotated[Id, Meta(description="one's own that shared it")]
    message: Annotated[str, Meta(description="to be shown", examples=["Ravi Iyer left the ride."])]


class RideStarted(msgspec.Struct):
    """The pool has set off; nobody joins or leaves any more."""

    pool_id: Id
    by_user: Fellow | None


class RideCompleted(msgspec.Struct):
    """The ride is over; fellow riders can be reviewed now."""

    pool_id: Id
    by_user: Annotated[Fellow | None, Meta(description="null when it was time that ended it")]


class RecurringRideOpened(msgspec.Struct):
    """A weekly ride is on the road: a request was opened for its next date."""

    recurring_id: Id
    date: Day
    depart_after: Moment
    depart_before: Moment
    request_id: Id


class RecurringRideSkipped(msgspec.Struct):
    """A weekly ride does not take place on a date."""

    recurring_id: Id
    date: Day
    depart_after: Moment
    depart_before: Moment
    reason: Annotated[
        Literal["busy", "unverified", "late"],
        Meta(
            description="another ride of one's own takes the time; the address has to be confirmed "
            "first; or nobody was there to open it"
        ),
    ]


class FoundRequest(msgspec.Struct):
    """A request that a saved search looks for."""

    request_id: Id
    from_user: Fellow
    start_name: PlaceName
    destination_name: PlaceName
    depart_after: Moment
    depart_before: Moment


class SavedSearchHit(msgspec.Struct):
    """Somebody goes where a saved search looks."""

    search_id: Id
    name: SearchName
    request: FoundRequest


messages = (
    Message("match_found", MatchFound, pushed=Pushed.BY_DAY),
    Message("connection_request_received", ConnectionRequestReceived, pushed=Pushed.BY_DAY),
    Message("connection_request_sent", ConnectionRequestSent),
    Message("connection_approved", ConnectionApproved, pushed=Pushed.BY_DAY),
    Message("connection_rejected", ConnectionRejected, pushed=Pushed.BY_DAY),
    Message("connection_withdrawn", ConnectionWithdrawn),
    Message("pooling_match", PoolingMatch),
    Message("pool_joined", PoolJoined, pushed=Pushed.BY_DAY),
    Message("ride_cancelled", RideCancelled, pushed=Pushed.AT_ONCE),
    Message("ride_started", RideStarted),
    Message("ride_completed", RideCompleted),
    Message("recurring_ride_opened", RecurringRideOpened, pushed=Pushed.BY_DAY),
    Message("recurring_ride_skipped", RecurringRideSkipped, pushed=Pushed.BY_DAY),
    Message("saved_search_hit", SavedSearchHit, pushed=Pushed.BY_DAY),
)
