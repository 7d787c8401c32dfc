"""Schemas of saved searches for rides."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tripsync.http.fields import Id, Latitude, Longitude, Moment
from tripsync.http.paging import ItemPage
from tripsync.http.schemas import Schema
from tripsync.pooling.schemas_recurring import TimeOfDay, Weekdays
from tripsync.saved_searches import SearchName

Radius = Annotated[
    int, Meta(ge=100, le=10_000, description="in metres, as the crow flies", examples=[1000])
]


class NewRideSearch(Schema, kw_only=True):
    """Which rides one wants to hear of. Left out: any day, any time, for good."""

    name: SearchName
    start_latitude: Latitude
    start_longitude: Longitude
    start_radius_meters: Radius = 1000
    destination_latitude: Latitude
    destination_longitude: Longitude
    destination_radius_meters: Radius = 1000
    weekdays: Weekdays | None = None
    day_from: TimeOfDay | None = None
    day_until: TimeOfDay | None = None
    mail_me: bool = False
    expires_at: Moment | None = None


class RideSearch(msgspec.Struct):
    """A search of one's own."""

    search_id: Id
    name: SearchName
    start_latitude: Latitude
    start_longitude: Longitude
    start_radius_meters: Radius
    destination_latitude: Latitude
    destination_longitude: Longitude
    destination_radius_meters: Radius
    weekdays: Weekdays | None
    day_from: TimeOfDay | None
    day_until: TimeOfDay | None
    mail_me: bool
    expires_at: Moment | None
    created_at: Moment


class RideSearchPage(ItemPage[RideSearch]):
    """A page of one's own searches."""
