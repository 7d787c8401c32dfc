"""What one may ask of the list of posts, and what it answers."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.paging import Page
from tripsync.services.schemas import (
    Amount,
    CompensationType,
    Id,
    Kind,
    Latitude,
    Longitude,
    Moment,
    PostStatus,
    Tag,
)

SoughtTag = Annotated[str, Meta(max_length=40)]


class PostPage(Page):
    """Which posts one looks for, in which order, and which part of the list. What is left out does
    not matter; but without a `status`, only open posts are found."""

    search: Annotated[str, Meta(max_length=200, description="words")] = ""
    tags: SoughtTag | Annotated[list[SoughtTag], Meta(max_length=10, description="all of them")] = (
        ""
    )
    kind: Kind | None = None
    status: PostStatus = "open"
    compensation_type: CompensationType | None = None
    min_price: Amount | None = None
    max_price: Amount | None = None
    deadline_after: Moment | None = None
    deadline_before: Moment | None = None
    poster_id: Annotated[Id, Meta(description="not of anonymous posts")] | None = None
    near_latitude: Latitude | None = None
    near_longitude: Longitude | None = None
    within_meters: Annotated[int, Meta(ge=100, le=50_000)] = 5000
    order: Annotated[
        Literal["newest", "price", "deadline", "relevance"],
        Meta(description="relevance: best first among the newest 500 that fit"),
    ] = "newest"


class TagCount(msgspec.Struct):
    """How many posts have a tag."""

    id: Id
    name: Tag
    posts: Annotated[int, Meta(examples=[12])]


class TagCounts(msgspec.Struct):
    """Tags, the most frequent first."""

    tags: list[TagCount]
