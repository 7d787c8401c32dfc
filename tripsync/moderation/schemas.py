"""Schemas of the moderation endpoints."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from tripsync.http.fields import FullName, Id, Moment, NonBlank, Person
from tripsync.http.paging import ItemPage, Page
from tripsync.http.schemas import Schema

Reason = Annotated[
    Literal[
        "harassment",
        "unsafe_ride",
        "no_show",
        "fraud",
        "false_identity",
        "offensive_content",
        "other",
    ],
    Meta(examples=["no_show"]),
]
Details = Annotated[
    str,
    Meta(
        max_length=2000,
        description="what happened, in the reporter's words",
        examples=["We waited for twenty minutes and nobody came."],
    ),
]
Note = Annotated[
    NonBlank,
    Meta(
        max_length=1000,
        description="why; it stays in the audit trail",
        examples=["Two riders were left waiting."],
    ),
]
Outcome = Annotated[
    Literal["dismissed", "settled", "warned", "banned"],
    Meta(
        description="what the report came to; a warning and a ban are acts of their own",
        examples=["settled"],
    ),
]
# Of these a reporter names the first three; `service` is given where a post is reported by its id.
ReferenceKind = Literal["pool", "message", "post", "service"]
ActKind = Literal["resolve", "warn", "ban", "unban", "promote", "close_post"]


class BlockedUser(msgspec.Struct):
    """Somebody whom the rider blocked."""

    id: Id
    full_name: FullName
    blocked_at: Moment


class BlockPage(ItemPage[BlockedUser]):
    """A page of those whom a rider blocked."""


class NewReportReference(Schema):
    """Where it happened."""

    kind: Annotated[Literal["pool", "message", "post"], Meta(examples=["pool"])]
    id: Id


class NewReport(Schema):
    """Whom to report, and why."""

    user_id: Id
    reason: Reason
    details: Details = ""
    reference: NewReportReference | None = None


class OwnReport(msgspec.Struct):
    """A report, as its reporter sees it."""

    id: Id
    user_id: Id
    reason: Reason
    details: Details
    reference: NewReportReference | None
    status: Annotated[Literal["open"], Meta(examples=["open"])]
    created_at: Moment


class ReportReference(msgspec.Struct):
    """Where it happened; a service may have been posted anonymously."""

    kind: Annotated[ReferenceKind, Meta(examples=["pool"])]
    id: Id


class ReportQuery(Page):
    """Which part of the reports."""

    status: (
        Annotated[
            Literal["open", "resolved"],
            Meta(description="only those that wait, or only the others", examples=["open"]),
        ]
        | None
    ) = None


class Report(msgspec.Struct):
    """A report, as the moderators of the college see it."""

    id: Id
    status: Annotated[Literal["open", "resolved"], Meta(examples=["resolved"])]
    reporter: Person
    subject: Person
    reason: Reason
    details: Details
    reference: ReportReference | None
    reported_words: Annotated[
        str | None,
        Meta(
            description="what the message said that it refers to, if the subject wrote it to the "
            "reporter",
            examples=["Get lost."],
        ),
    ]
    created_at: Moment
    outcome: Outcome | None
    note: Annotated[
        str, Meta(description="the moderator's; empty while open", examples=["They have met."])
    ]
    resolved_by: Person | None
    resolved_at: Moment | None


class ReportPage(ItemPage[Report]):
    """A page of reports."""


class ReportResolution(Schema):
    """What a report came to, and why."""

    outcome: Outcome
    note: Note


class ModerationNote(Schema):
    """Why an act is done."""

    note: Note


class ModerationAct(msgspec.Struct):
    """One line of the audit trail."""

    id: Id
    act: Annotated[ActKind, Meta(examples=["resolve"])]
    actor: Annotated[Person | None, Meta(description="null: the command line")]
    subject: Person
    report_id: Annotated[Id | None, Meta(description="the report that was resolved")]
    outcome: Annotated[
        str | None,
        Meta(
            description="what the report came to, the role that was given, or the post closed",
            examples=["settled"],
        ),
    ]
    note: Note
    acted_at: Moment


class ModerationActPage(ItemPage[ModerationAct]):
    """A page of the audit trail."""
