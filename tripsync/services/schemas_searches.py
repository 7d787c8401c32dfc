"""Schemas of saved searches for services."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tripsync.http.fields import Id, Latitude, Line, Longitude, Moment
from tripsync.http.paging import ItemPage
from tripsync.http.schemas import Schema
from tripsync.saved_searches import SearchName
from tripsync.services.schemas import (
    Amount,
    CompensationType,
    Kind,
    Tags,
)

Name = Annotated[SearchName, Meta(examples=["Design work"])]
Words = Annotated[Line, Meta(max_length=200, description="all of them", examples=["logo poster"])]
Radius = Annotated[int, Meta(ge=100, le=50_000, description="as the crow flies", examples=[2000])]


class NewServiceSearch(Schema):
    """Which posts one wants to hear of. What is left out does not matter."""

    name: Name
    search: Words | None = None
    tags: Tags = msgspec.field(default_factory=list)
    kind: Kind | None = None
    compensation_type: CompensationType | None = None
    min_price: Amount | None = None
    max_price: Amount | None = None
    near_latitude: Latitude | None = None
    near_longitude: Longitude | None = None
    within_meters: Radius = 5000
    mail_me: bool = False
    expires_at: Moment | None = None


class ServiceSearch(msgspec.Struct):
    """A search of one's own."""

    search_id: Id
    name: Name
    search: Words | None
    tags: Tags
    kind: Kind | None
    compensation_type: CompensationType | None
    min_price: Amount | None
    max_price: Amount | None
    near_latitude: Latitude | None
    near_longitude: Longitude | None
    within_meters: Radius | None
    mail_me: bool
    expires_at: Moment | None
    created_at: Moment


class ServiceSearchPage(ItemPage[ServiceSearch]):
    """A page of one's own searches."""
