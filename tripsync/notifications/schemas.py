"""Schemas of devices and quiet hours."""

from datetime import time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.fields import Id, Moment
from tripsync.http.schemas import Schema, says

Platform = Annotated[
    Literal["android", "ios", "web"],
    Meta(description="which service reaches the phone", examples=["android"]),
]
ClockTime = Annotated[
    time,
    Meta(tz=False, description="by the clocks of the college", examples=["22:00:00"]),
]


class NewDevice(Schema):
    """Where this phone is reached while the app is closed."""

    platform: Platform
    token: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=1024,
            pattern=r"^[!-~]+$",
            description="what the phone's push service gave the app; for the web, the subscription "
            "as JSON without spaces",
            examples=["fcm-8b1a9953c4611296a827abf8c47804d7"],
            extra=says("must be printable ASCII without spaces"),
        ),
    ]


class Device(msgspec.Struct):
    """A phone that is pushed to. Its token is shown to nobody."""

    id: Id
    platform: Platform
    registered_at: Annotated[Moment, Meta(examples=["2026-12-25T08:30:00Z"])]
    current: Annotated[bool, Meta(description="whether it is this one", examples=[True])]


class DeviceList(msgspec.Struct):
    """All of one's phones."""

    devices: list[Device]


class QuietHours(Schema):
    """When one's phones are to make no noise but for what cannot wait. Twice the same: never."""

    begins_at: ClockTime
    ends_at: Annotated[ClockTime, Meta(examples=["07:00:00"])]
