"""Schemas of the ride endpoints."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tripsync.http.fields import (
    EmailAddress,
    FullName,
    Id,
    Latitude,
    Line,
    Longitude,
    Moment,
    Person,
    PhoneNumber,
    Text,
)
from tripsync.http.paging import ItemPage
from tripsync.http.picture_urls import PictureUrl
from tripsync.http.schemas import Schema
from tripsync.matching.plans import StopKind

PlaceName = Annotated[Line, Meta(max_length=200, examples=["Andheri station"])]
Note = Annotated[Text, Meta(max_length=500, examples=["I wear a red cap."])]
Seats = Annotated[int, Meta(ge=1, le=3, description="seats needed", examples=[1])]
SeatsOffered = Annotated[int, Meta(ge=1, le=7, description="for others, in one's own car")]
DetourPercent = Annotated[
    int, Meta(ge=0, le=100, description="how much further than alone is fine", examples=[25])
]
RequestStatus = Literal["active", "matched", "completed", "cancelled"]
CancelReason = Literal["rider", "expired", "partner_left", "moderator"]
# How a connection stands, for one of its two sides and in itself.
ConnectionStatus = Literal["none", "pending_sent", "pending_received", "approved", "rejected"]
ConnectionState = Literal["pending", "approved", "rejected", "withdrawn"]
PoolStatus = Literal["open", "started", "completed", "cancelled"]
Role = Annotated[
    Literal["rider", "driver"],
    Meta(description="a rider shares a cab; a driver offers seats in an own car"),
]

IsFallback = Annotated[
    bool, Meta(description="distances are estimates, not measured by road", examples=[False])
]


class RidePreferences(Schema):
    """What matters to a rider about the company."""

    same_gender: bool = False
    quiet: bool = False
    no_smoking: bool = False
    luggage: bool = False


class RideToShare(Schema):
    """From where to where, and with whom. Only the four coordinates are needed."""

    start_latitude: Latitude
    start_longitude: Longitude
    destination_latitude: Latitude
    destination_longitude: Longitude
    destination_name: PlaceName | None = None
    start_name: PlaceName | None = None
    seats: Seats = 1
    detour_percent: DetourPercent = 25
    role: Role = "rider"
    seats_offered: SeatsOffered | None = None
    preferences: RidePreferences = msgspec.field(default_factory=RidePreferences)
    auto_match: bool = False
    note: Note | None = None


class NewRideRequest(RideToShare):
    """A ride somebody wants to share, once."""

    depart_after: Moment | None = None
    depart_before: Moment | None = None


class RidePreferencesChange(Schema):
    """What is left out stays as it is."""

    same_gender: bool | UnsetType = UNSET
    quiet: bool | UnsetType = UNSET
    no_smoking: bool | UnsetType = UNSET
    luggage: bool | UnsetType = UNSET


class RideRequestChange(Schema):
    """Other wishes for a ride that still looks for company. What is left out stays as it is."""

    depart_after: Moment | UnsetType = UNSET
    depart_before: Moment | UnsetType = UNSET
    seats: Seats | UnsetType = UNSET
    detour_percent: DetourPercent | UnsetType = UNSET
    preferences: RidePreferencesChange = msgspec.field(default_factory=RidePreferencesChange)
    auto_match: bool | UnsetType = UNSET
    note: Note | UnsetType | None = UNSET


YearOfStudy = Annotated[str, Meta(examples=["3"])]
Bio = Annotated[str, Meta(examples=["Early riser, quiet in the car."])]


class PersonOnTheRoad(Person):
    """Somebody of the college, and their request."""

    request_id: Id


class RouteStop(msgspec.Struct):
    """Where the shared ride halts."""

    request_id: Id
    kind: Annotated[StopKind, Meta(examples=["pickup"])]
    latitude: Latitude
    longitude: Longitude
    meters: Annotated[float, Meta(description="of road, from the first stop", examples=[1200])]


class Match(msgspec.Struct):
    """Somebody who goes the same way. Contact details stay null until both agreed."""

    id: Id
    full_name: FullName
    phone_number: PhoneNumber | None
    email: EmailAddress | None
    year_of_study: YearOfStudy | None
    bio: Bio | None
    profile_image_url: PictureUrl | None
    request_id: Id
    user_request_id: Annotated[Id, Meta(description="one's own request, with which they fit")]
    connection_status: ConnectionStatus
    connection_id: int | None
    saving_percent: Annotated[float, Meta(description="of both rides together", examples=[31.5])]
    detour_percent: Annotated[float, Meta(description="one's own", examples=[8.1])]
    partner_detour_percent: Annotated[float, Meta(examples=[12.4])]
    pickup_distance_meters: Annotated[int, Meta(examples=[420])]
    drop_distance_meters: Annotated[int, Meta(examples=[880])]
    route: Annotated[list[RouteStop], Meta(description="the order of stops")]
    departs_between: Annotated[
        list[Moment],
        Meta(
            min_length=2,
            max_length=2,
            description="when the shared ride can set off",
            examples=[["2026-11-20T08:30:00Z", "2026-11-20T08:45:00Z"]],
        ),
    ]
    is_fallback: IsFallback


class OpenedRideRequest(msgspec.Struct):
    """The request that was opened, and who fits."""

    request_id: Id
    matches: list[Match]


class MatchList(msgspec.Struct):
    """Who fits now, best first."""

    matches: list[Match]


class JoinablePool(msgspec.Struct):
    """A shared ride that could take one along."""

    pool_id: Id
    ask_request_id: Annotated[int, Meta(description="whose request to ask", examples=[4712])]
    seats_left: Annotated[int, Meta(examples=[2])]
    riders: Annotated[int, Meta(examples=[2])]
    saving_percent: Annotated[float, Meta(examples=[22.4])]
    detour_percent: Annotated[float, Meta(description="one's own", examples=[6.0])]
    is_fallback: IsFallback


class JoinablePoolList(msgspec.Struct):
    """Shared rides that could take one along, best first."""

    pools: list[JoinablePool]


class RideRequest(msgspec.Struct):
    """A request of one's own."""

    request_id: Id
    status: RequestStatus
    cancel_reason: CancelReason | None
    replaced_by: Annotated[int | None, Meta(description="one's newer request in its place")]
    start_latitude: Latitude
    start_longitude: Longitude
    destination_latitude: Latitude
    destination_longitude: Longitude
    start_name: str
    destination_name: str
    depart_after: Moment
    depart_before: Moment
    seats: Seats
    detour_percent: DetourPercent
    role: Role
    seats_offered: int | None
    preferences: RidePreferences
    auto_match: bool
    note: Annotated[str, Meta(examples=["I wear a red cap."])]
    pool_id: int | None
    created_at: Moment


class RideRequestPage(ItemPage[RideRequest]):
    """A page of one's own requests."""


class ConnectionRequest(Schema):
    """Whose request one wants to ride with, and with which of one's own."""

    target_request_id: Id
    request_id: Annotated[
        Id | None,
        Meta(
            description="which of one's open requests asks; left out, the one that fits best, else "
            "the one that leaves first"
        ),
    ] = None


class ConnectionReply(Schema):
    """Yes or no."""

    action: Literal["approve", "reject"]


class ConnectionOutcome(msgspec.Struct):
    """Where a connection stands now."""

    message: Annotated[str, Meta(examples=["Your request is on its way."])]
    connection_id: Id
    status: ConnectionState


class Partner(msgspec.Struct):
    """Whom one rides with."""

    id: Id
    full_name: FullName
    phone_number: PhoneNumber | None
    email: EmailAddress | None
    year_of_study: YearOfStudy | None
    bio: Bio | None
    request_id: Id


class ActiveConnection(msgspec.Struct):
    """A connection that holds."""

    id: Id
    status: Literal["approved"]
    created_at: Moment
    user_request_id: Id
    partner: Partner


class ActiveConnections(msgspec.Struct):
    """The connection one shares a ride through, if any."""

    connection: ActiveConnection | None
    connections: Annotated[list[ActiveConnection], Meta(description="of all rides one shares")]


class PendingConnection(msgspec.Struct):
    """A connection that waits for an answer."""

    connection_id: Id
    status: Literal["pending"]
    created_at: Moment
    sent: Annotated[bool, Meta(description="true: one waits; false: one is asked")]
    user_request_id: Id
    other: Annotated[PersonOnTheRoad, Meta(description="who asks or is asked")]


class PendingConnectionPage(ItemPage[PendingConnection]):
    """A page of connections that wait."""


class PoolMember(msgspec.Struct):
    """Who rides along, how far, and for which share of the fare."""

    id: Id
    full_name: FullName
    request_id: Id
    seats: Seats
    role: Role
    solo_meters: float
    shared_meters: float
    detour_percent: float | None
    fare_percent: Annotated[float, Meta(examples=[50.0])]
    fare: Annotated[float | None, Meta(examples=[120.5])]


class PoolStop(msgspec.Struct):
    """A stop of the shared ride, and when it is about to be reached."""

    request_id: Id
    kind: Annotated[StopKind, Meta(examples=["pickup"])]
    name: Annotated[str, Meta(examples=["Andheri station"])]
    latitude: Latitude
    longitude: Longitude
    meters: float
    expected_at: Moment


class Pool(msgspec.Struct):
    """A shared ride."""

    pool_id: Id
    status: PoolStatus
    capacity: Annotated[int, Meta(examples=[4])]
    seats_taken: Annotated[int, Meta(examples=[2])]
    estimated_fare: Annotated[float | None, Meta(examples=[240.0])]
    meeting_note: str
    created_at: Moment
    started_at: Moment | None
    closed_at: Moment | None
    is_fallback: IsFallback
    members: list[PoolMember]
    stops: list[PoolStop]


class CurrentPools(msgspec.Struct):
    """The ride one shares now, if any."""

    pool: Pool | None
    pools: Annotated[list[Pool], Meta(description="all rides one shares, the nearest first")]


class PoolChange(Schema):
    """What the members agree on. What is left out stays; null clears."""

    estimated_fare: (
        Annotated[float, Meta(ge=0, le=100_000, examples=[240.0])] | UnsetType | None
    ) = UNSET
    meeting_note: Note | UnsetType | None = UNSET
