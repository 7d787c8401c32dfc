"""Schemas of applications."""

from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from tripsync.http.fields import Id, Moment, Person
from tripsync.http.schemas import Schema, says
from tripsync.services.schemas import Amount, Title

ApplicationStatus = Literal["pending", "accepted", "rejected", "withdrawn"]
CoverLetter = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=5000,
        pattern=r"\S",
        examples=["I tutored two classmates last term."],
        extra=says("must say something, or be left out"),
    ),
]
ResumeUrl = Annotated[
    str,
    Meta(
        max_length=500,
        # No name before the host: such a link leads elsewhere than it seems to.
        pattern=r'^https?://[A-Za-z0-9.-]+(?::\d{1,5})?(?:[/?#][^\s\x00-\x1f\x7f<>"\\^`{|}]*)?$(?!\n)',
        examples=["https://files.example/asha.pdf"],
        extra=says("must be a link that begins with https:// or http://"),
    ),
]


class NewServiceApplication(Schema):
    """What one brings; what the post asks for must be among it."""

    cover_letter: CoverLetter | None = None
    resume_url: ResumeUrl | None = None
    proposed_rate: Amount | None = None


class ServiceApplicationChange(Schema):
    """What is to change. What is not sent stays; null clears."""

    cover_letter: CoverLetter | UnsetType | None = UNSET
    resume_url: ResumeUrl | UnsetType | None = UNSET
    proposed_rate: Amount | UnsetType | None = UNSET


class ApplicationDecision(Schema):
    """Yes or no."""

    status: Annotated[Literal["accepted", "rejected"], Meta(examples=["accepted"])]


class AppliedService(msgspec.Struct):
    """What was applied to."""

    id: Id
    title: Title


class ServiceApplication(msgspec.Struct):
    """An application, as its two sides see it."""

    id: Id
    status: Annotated[ApplicationStatus, Meta(examples=["pending"])]
    applicant: Person
    service_post: AppliedService
    poster: Annotated[Person | None, Meta(description="null: anonymous")]
    cover_letter: CoverLetter | None
    resume_url: ResumeUrl | None
    proposed_rate: Annotated[float, Meta(examples=[250.0])] | None
    application_date: Moment
