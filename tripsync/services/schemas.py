"""Schemas of posts."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tripsync.http.fields import Id, Latitude, Line, Longitude, Moment, NonBlank, Person
from tripsync.http.paging import Page
from tripsync.http.schemas import Schema

Deadline = Annotated[Moment, Meta(examples=["2026-12-20T18:30:00Z"])]
Kind = Annotated[
    Literal["offer", "request"],
    Meta(
        description="whether somebody helps, or looks for help, as the posts of the mobile app do",
        examples=["request"],
    ),
]
PostStatus = Literal["open", "in_progress", "completed", "cancelled"]
CompensationType = Annotated[
    Literal["volunteer", "fixed_price", "hourly_rate", "negotiable"],
    Meta(examples=["hourly_rate"]),
]
Title = Annotated[
    NonBlank, Meta(min_length=5, max_length=100, examples=["Calculus tutor for two weeks"])
]
Description = Annotated[
    NonBlank,
    Meta(
        min_length=15,
        max_length=5000,
        examples=["Twice a week in the library, until the exam on the 20th."],
    ),
]
TeamSize = Annotated[
    int, Meta(ge=1, le=1000, description="how many are accepted at most", examples=[1])
]
Amount = Annotated[
    float,
    Meta(ge=0, le=10_000_000, description="in the currency of the college", examples=[250.0]),
]
Tag = Annotated[Line, Meta(max_length=40, examples=["maths"])]
Tags = Annotated[list[Tag], Meta(max_length=10)]
Value = Annotated[Line, Meta(max_length=100, examples=["Third Year"])]


# What filter_kinds and requirement_kinds of the database list, too.
FilterKind = Literal["year_of_study", "college_unit", "major", "gender", "verified_only"]
RequirementKind = Literal["resume", "cover_letter", "year_of_study", "skill", "other"]


class ServiceRequirement(Schema):
    """What an applicant must bring. A résumé, a cover letter and the year are checked."""

    text: Annotated[Line, Meta(max_length=200, examples=["In your third year"])]
    kind: Annotated[RequirementKind, Meta(examples=["year_of_study"])]
    value: (
        Annotated[Value, Meta(description="needed for a year_of_study; of several any will do")]
        | None
    ) = None


class ServiceFilter(Schema):
    """Who may see a post and apply. Of one type any value will do, and every type must."""

    type: Annotated[FilterKind, Meta(examples=["year_of_study"])]
    value: Annotated[
        Value | bool | None,
        Meta(
            description="as a profile says it, in any case; verified_only needs none",
            examples=["Third Year"],
        ),
    ] = None


Requirements = Annotated[list[ServiceRequirement], Meta(max_length=20)]
Filters = Annotated[list[ServiceFilter], Meta(max_length=20, description="empty: anybody")]


class ServiceLocation(Schema):
    """Where it takes place."""

    latitude: Latitude
    longitude: Longitude
    name: Annotated[Line, Meta(max_length=200, examples=["Library"])] | None = None


class NewServicePost(Schema):
    """What one offers or asks for."""

    title: Title
    description: Description
    team_size: TeamSize
    compensation_type: CompensationType
    kind: Kind = "request"
    deadline: (
        Annotated[Deadline, Meta(description="until when one can apply; two years ahead at most")]
        | None
    ) = None
    price: Amount | None = None
    compensation_amount: Annotated[Amount, Meta(description="another name of `price`")] | None = (
        None
    )
    requires_resume: bool = False
    requires_cover_letter: bool = False
    is_anonymous: bool = False
    college_only: Annotated[
        bool, Meta(description="whether only those who are signed in may read it")
    ] = False
    tags: Tags = msgspec.field(default_factory=list)
    requirements: Requirements = msgspec.field(default_factory=list)
    filters: Filters = msgspec.field(default_factory=list)
    location: ServiceLocation | None = None


class ServicePostChange(Schema):
    """What is to change. What is not sent stays; null clears."""

    title: Title | UnsetType = UNSET
    description: Description | UnsetType = UNSET
    team_size: TeamSize | UnsetType = UNSET
    compensation_type: CompensationType | UnsetType = UNSET
    kind: Kind | UnsetType = UNSET
    deadline: Deadline | UnsetType | None = UNSET
    price: Amount | UnsetType | None = UNSET
    compensation_amount: Amount | UnsetType | None = UNSET
    requires_resume: bool | UnsetType = UNSET
    requires_cover_letter: bool | UnsetType = UNSET
    college_only: bool | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    requirements: Requirements | UnsetType = UNSET
    filters: Filters | UnsetType = UNSET
    location: ServiceLocation | UnsetType | None = UNSET


class ServiceTag(msgspec.Struct):
    """A tag of the college."""

    id: Id
    name: Tag


class OpenServiceCard(msgspec.Struct):
    """A post in a list, for whoever has no account. Those who have one see more of it."""

    id: Id
    title: Title
    poster_user_id: Annotated[int, Meta(description="0: anonymous", examples=[23])]
    status: PostStatus
    team_size: TeamSize
    deadline: Deadline | None
    compensation_type: CompensationType
    compensation_amount: Amount | None
    requires_resume: bool
    requires_cover_letter: bool
    is_anonymous: bool
    created_at: Annotated[
        Moment,
        Meta(description="of an anonymous post the hour", examples=["2026-11-20T08:00:00Z"]),
    ]
    poster: Annotated[Person | None, Meta(description="null: anonymous")]
    tags: list[ServiceTag]


class ServiceCard(OpenServiceCard):
    """A post in a list. What follows `tags` needs a token."""

    kind: Kind | UnsetType = UNSET
    price: Amount | UnsetType | None = UNSET
    currency: Annotated[str, Meta(examples=["INR"])] | UnsetType = UNSET
    places_left: Annotated[int, Meta(examples=[1])] | UnsetType = UNSET
    college_only: bool | UnsetType = UNSET
    location: ServiceLocation | UnsetType | None = UNSET


class ServicePost(ServiceCard):
    """A post, whole. What follows `tags` needs a token, the description does not."""

    description: Description = ""
    requirements: Requirements | UnsetType = UNSET
    filters: Filters | UnsetType = UNSET


class OwnServicePost(ServicePost):
    """A post of one's own."""

    pending_applications: Annotated[int, Meta(description="that wait", examples=[2])] = 0


SoughtTag = Annotated[str, Meta(max_length=40)]


class ServiceQuery(Page):
    """Which posts one looks for, in which order, and which part of the list. What is left out does
    not matter; but without a `status`, only open posts are found."""

    search: Annotated[str, Meta(max_length=200, description="words")] = ""
    tags: SoughtTag | Annotated[list[SoughtTag], Meta(max_length=10, description="all of them")] = (
        ""
    )
    kind: Kind | None = None
    status: Annotated[PostStatus, Meta(description="how they stand")] = "open"
    compensation_type: CompensationType | None = None
    min_price: Amount | None = None
    max_price: Amount | None = None
    deadline_after: Annotated[Deadline, Meta(description="from when on")] | None = None
    deadline_before: Annotated[Deadline, Meta(description="until when")] | None = None
    poster_id: Annotated[Id, Meta(description="not of anonymous posts")] | None = None
    near_latitude: Latitude | None = None
    near_longitude: Longitude | None = None
    within_meters: Annotated[
        int, Meta(ge=100, le=50_000, description="how far from there, as the crow flies")
    ] = 5000
    order: Annotated[
        Literal["newest", "price", "deadline", "relevance"],
        Meta(description="relevance: best first among the newest 500 that fit"),
    ] = "newest"


class ServiceTagCount(msgspec.Struct):
    """How many posts have a tag."""

    id: Id
    name: Tag
    posts: Annotated[int, Meta(examples=[12])]


class ServiceTagCountList(msgspec.Struct):
    """Tags, the most frequent first."""

    tags: list[ServiceTagCount]


Reason = Annotated[
    Literal["harassment", "fraud", "false_identity", "offensive_content", "other"],
    Meta(examples=["fraud"]),
]
Details = Annotated[
    str,
    Meta(max_length=2000, description="in one's own words", examples=["It asks for a deposit."]),
]


class NewServiceReport(Schema):
    """What is wrong with a post."""

    reason: Reason
    details: Details = ""


class ServiceReport(msgspec.Struct):
    """A report of a post, as its reporter sees it."""

    id: Id
    post_id: Id
    reason: Reason
    details: Details
    created_at: Moment


class ServiceClosing(Schema):
    """Why a post is closed."""

    note: Annotated[
        NonBlank,
        Meta(
            max_length=1000,
            description="it stays in the audit trail",
            examples=["It asks for a deposit."],
        ),
    ]


class ClosedService(msgspec.Struct):
    """A post that is gone, the line of the audit trail, and who wrote it."""

    post_id: Id
    act_id: Id
    poster: Person
