"""Events of services: what both sides learn of each other's acts.

No event names who wrote a post, but the one by which a writer reveals themselves."""

from collections.abc import Iterable
from typing import Annotated, Literal, cast

import msgspec
from msgspec import Meta

from tripsync.database.rows import (
    ApplicationsFindApplication,
    ApplicationsListLeft,
    ServicesCloseForGood,
    ServiceSearchesRecordHits,
)
from tripsync.http.fields import Id, Moment, Person
from tripsync.realtime.events import Addressed, Event, Pushed
from tripsync.services.schemas import Amount, CompensationType, Kind, Title
from tripsync.services.schemas_applications import (
    ApplicationStatus,
    AppliedService,
    CoverLetter,
    ResumeUrl,
)
from tripsync.services.schemas_searches import Name

ClosingReason = Literal["full", "started", "closed", "completed", "deleted", "moderator"]


class ApplicationSnapshot(msgspec.Struct):
    """An application as it stood when the event was caused, without who wrote the post."""

    id: Id
    status: ApplicationStatus
    applicant: Person
    service_post: AppliedService
    cover_letter: CoverLetter | None
    resume_url: ResumeUrl | None
    proposed_rate: Annotated[float, Meta(examples=[250.0])] | None
    application_date: Moment


class ServiceApplicationReceived(Event, pushed=Pushed.BY_DAY):
    """Somebody applied to a post of one's own."""

    application: ApplicationSnapshot


class ServiceApplicationAccepted(Event, pushed=Pushed.BY_DAY):
    """Who wrote a post said yes to one's application."""

    application: ApplicationSnapshot


class ServiceApplicationRejected(Event, pushed=Pushed.BY_DAY):
    """Who wrote a post said no to one's application."""

    application: ApplicationSnapshot


class ServiceApplicationWithdrawn(Event):
    """Somebody took their application to a post of one's own back."""

    application: ApplicationSnapshot


class ServicePostClosed(Event, pushed=Pushed.BY_DAY):
    """Nobody can join a post any more to which one applied."""

    application_id: Annotated[Id, Meta(description="null: one's own post")] | None
    service_post: AppliedService
    reason: ClosingReason


class ServicePosterRevealed(Event, pushed=Pushed.BY_DAY):
    """Who wrote an anonymous post that accepted one."""

    application_id: Id
    service_post: AppliedService
    poster: Person


class PostFound(msgspec.Struct):
    """A post that fits a search."""

    id: Id
    kind: Kind
    title: Title
    compensation_type: CompensationType
    price: Amount | None
    deadline: Annotated[Moment, Meta(examples=["2026-12-01T18:00:00Z"])] | None
    poster: Annotated[Person | None, Meta(description="null: anonymous")]


class SavedServiceSearchHit(Event, pushed=Pushed.BY_DAY):
    """A post that fits a search of one's own."""

    search_id: Id
    name: Name
    service_post: PostFound


def snapshot_of(row: ApplicationsFindApplication) -> ApplicationSnapshot:
    return ApplicationSnapshot(
        id=row["id"],
        status=cast("ApplicationStatus", row["status"]),
        applicant=row["applicant"],
        service_post=row["service_post"],
        cover_letter=row["cover_letter"],
        resume_url=row["resume_url"],
        # Exact, as the column has it; a number in JSON.
        proposed_rate=cast("float", row["proposed_rate"]),
        application_date=row["application_date"],
    )


def post_closed(
    left: Iterable[ApplicationsListLeft | ServicesCloseForGood], reason: ClosingReason
) -> list[Addressed]:
    """Return events for all who applied, and for the owner where a moderator closed the post."""
    return [
        (
            each["user_id"],
            ServicePostClosed(
                application_id=each["application_id"],
                service_post=AppliedService(each["post_id"], each["title"]),
                reason=reason,
            ),
        )
        for each in left
    ]


def poster_revealed(row: ApplicationsFindApplication) -> ServicePosterRevealed:
    return ServicePosterRevealed(
        application_id=row["id"], service_post=row["service_post"], poster=row["poster"]
    )


def search_hit(hit: ServiceSearchesRecordHits) -> Addressed:
    event = SavedServiceSearchHit(
        search_id=hit["search_id"], name=hit["name"], service_post=hit["service_post"]
    )
    return hit["user_id"], event
