"""Schemas of recurring rides."""

from datetime import date
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.fields import Id, Latitude, Longitude, Moment
from tripsync.http.paging import ItemPage
from tripsync.http.schemas import Schema, says
from tripsync.pooling.schemas import (
    DetourPercent,
    RidePreferences,
    RideToShare,
    Role,
    Seats,
)

SkipReason = Literal["busy", "unverified", "banned", "late"]
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Weekdays = Annotated[
    list[Weekday], Meta(min_length=1, max_length=7, examples=[["monday", "wednesday", "friday"]])
]
# By the clocks of the college.
TimeOfDay = Annotated[
    str,
    Meta(
        # The pattern alone would let a newline behind it pass.
        max_length=5,
        pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$",
        description="by the clocks of the college",
        examples=["08:30"],
        extra=says("must be a time of day as hours and minutes, like 08:30"),
    ),
]
WindowMinutes = Annotated[
    int, Meta(ge=5, le=720, description="how long the departure may take", examples=[30])
]
Day = Annotated[date, Meta(description="by the clocks of the college", examples=["2026-12-25"])]


class NewRecurringRide(RideToShare, kw_only=True):
    """A ride that somebody wants to share every week."""

    weekdays: Weekdays
    departs_at: TimeOfDay
    window_minutes: WindowMinutes = 15
    ends_on: Day | None = None
    exception_dates: Annotated[
        list[Day], Meta(max_length=366, description="dates that are left out")
    ] = msgspec.field(default_factory=list)


class RecurringRideDateEdit(Schema):
    """What is different on one date. Only the date: nothing, it is as the pattern says again."""

    date: Day
    skip: bool = False
    departs_at: TimeOfDay | None = None
    window_minutes: WindowMinutes | None = None


class ChangedDate(msgspec.Struct):
    """A date at another time than the pattern says."""

    date: Day
    departs_at: TimeOfDay
    window_minutes: WindowMinutes


class UpcomingDate(msgspec.Struct):
    """When the ride takes place next."""

    date: Day
    depart_after: Moment
    depart_before: Moment
    changed: bool


class PastDate(msgspec.Struct):
    """What became of a date whose time had come: a request, or why there is none."""

    date: Day
    request_id: int | None
    skipped_because: SkipReason | None


class RecurringRide(msgspec.Struct):
    """A weekly ride of one's own."""

    recurring_id: Id
    weekdays: Weekdays
    departs_at: TimeOfDay
    window_minutes: WindowMinutes
    ends_on: Day | None
    exception_dates: list[Day]
    paused: bool
    time_zone: Annotated[str, Meta(examples=["Asia/Kolkata"])]
    start_latitude: Latitude
    start_longitude: Longitude
    destination_latitude: Latitude
    destination_longitude: Longitude
    start_name: str
    destination_name: str
    seats: Seats
    detour_percent: DetourPercent
    role: Role
    seats_offered: int | None
    preferences: RidePreferences
    auto_match: bool
    note: Annotated[str, Meta(examples=["I wear a red cap."])]
    changes: list[ChangedDate]
    upcoming: Annotated[list[UpcomingDate], Meta(description="the next five; none while paused")]
    recent: Annotated[list[PastDate], Meta(description="the last ten, the latest first")]
    created_at: Moment


class RecurringRidePage(ItemPage[RecurringRide]):
    """A page of one's own weekly rides."""
