"""Schemas of the safety endpoints."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.fields import (
    FullName,
    Id,
    Latitude,
    Line,
    Longitude,
    Moment,
    NonBlank,
    Person,
    PhoneNumber,
    Text,
)
from tripsync.http.paging import ItemPage, Page
from tripsync.http.schemas import Schema
from tripsync.http.tokens import EXAMPLE_SECRET

Heading = Annotated[
    float, Meta(ge=0, lt=360, description="degrees from north, clockwise", examples=[87.5])
]
FirstName = Annotated[str, Meta(examples=["Asha"])]
VehicleNote = Annotated[
    Line,
    Meta(
        max_length=200,
        description="what the car looks like; whoever has the link reads it",
        examples=["White Dzire, MH 02 AB 1234"],
    ),
]
Words = Annotated[
    Text,
    Meta(
        max_length=500,
        description="what is going on",
        examples=["The driver does not stop."],
    ),
]
AlarmStatus = Annotated[Literal["open", "resolved"], Meta(examples=["open"])]


class NewRideShare(Schema):
    """A link to the ride that one shares now."""

    vehicle_note: VehicleNote | None = None
    expires_in_minutes: Annotated[
        int, Meta(ge=5, le=1440, description="how long it opens at most", examples=[240])
    ] = 240


class RideShare(msgspec.Struct):
    """A link that was given out."""

    id: Id
    pool_id: Id
    vehicle_note: Annotated[str, Meta(examples=["White Dzire, MH 02 AB 1234"])]
    created_at: Moment
    expires_at: Moment


class CreatedRideShare(RideShare):
    """A new link. Its secret is in this answer and nowhere else."""

    url: Annotated[
        str,
        Meta(
            description="on this server; it opens without an account",
            examples=[f"/api/safety/shared/{EXAMPLE_SECRET}"],
        ),
    ]


class RideSharePage(ItemPage[RideShare]):
    """A page of the links that still open."""


class Position(Schema):
    """Where the rider is."""

    latitude: Latitude
    longitude: Longitude


class LivePosition(Schema):
    """Where the rider is now, for those who ride along; refused outside of a ride under way."""

    latitude: Latitude
    longitude: Longitude
    heading: Heading | None = None


class LastPosition(msgspec.Struct):
    """Where the rider was seen last."""

    latitude: Latitude
    longitude: Longitude
    at: Moment


class SharedStop(msgspec.Struct):
    """A stop of the route."""

    kind: Annotated[Literal["pickup", "drop"], Meta(examples=["pickup"])]
    name: Annotated[str, Meta(examples=["Andheri station"])]
    latitude: Latitude
    longitude: Longitude
    expected_at: Moment


class SharedRide(msgspec.Struct):
    """A ride, as whoever has the link sees it."""

    status: Annotated[
        Literal["open", "started", "completed"],
        Meta(description="not yet on the way, on the way, arrived", examples=["started"]),
    ]
    rider: FirstName
    fellow_riders: Annotated[list[FirstName], Meta(examples=[["Dev"]])]
    vehicle_note: Annotated[str, Meta(examples=["White Dzire, MH 02 AB 1234"])]
    stops: list[SharedStop]
    last_position: LastPosition | None
    started_at: Moment | None
    ended_at: Moment | None
    expires_at: Moment


class NewAlarm(Schema):
    """What can be said in a hurry: nothing, a position, some words."""

    latitude: Latitude | None = None
    longitude: Longitude | None = None
    note: Words = ""


class Alarm(msgspec.Struct):
    """An alarm, as whoever raised it sees it."""

    id: Id
    latitude: Latitude | None
    longitude: Longitude | None
    note: Words
    raised_at: Moment
    emergency_contact: Annotated[
        Literal["mailed", "not_reachable", "none"],
        Meta(
            description="whether the emergency contact of the profile is told: by mail only, so a "
            "contact without an address has to be called by the rider",
            examples=["mailed"],
        ),
    ]
    moderators_told: Annotated[int, Meta(examples=[2])]
    message: Annotated[
        str,
        Meta(
            description="to be shown",
            examples=["Your emergency contact Meera and 2 moderators of your college are told."],
        ),
    ]


class AlarmPage(Page):
    """Which part of the alarms."""

    status: (
        Annotated[
            Literal["open", "resolved"],
            Meta(description="only those that wait, or only the others", examples=["open"]),
        ]
        | None
    ) = None


class AlarmRider(msgspec.Struct):
    """Who raised an alarm."""

    id: Id
    full_name: FullName
    phone_number: PhoneNumber | None


class RaisedAlarm(msgspec.Struct):
    """An alarm, as the moderators of the college see it."""

    id: Id
    status: AlarmStatus
    rider: AlarmRider
    pool_id: Id | None
    latitude: Latitude | None
    longitude: Longitude | None
    note: Words
    raised_at: Moment
    repeated_at: Moment
    resolved_at: Moment | None
    resolved_by: Person | None
    resolution: Annotated[str, Meta(examples=["She is home."])]


class RaisedAlarmPage(ItemPage[RaisedAlarm]):
    """A page of alarms."""


class AlarmResolution(Schema):
    """What an alarm came to."""

    resolution: Annotated[
        NonBlank,
        Meta(
            max_length=1000,
            description="what was done",
            examples=["She is home; the driver was reported."],
        ),
    ]
