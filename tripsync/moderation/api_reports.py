"""Riders write reports; the moderators of their college read and resolve them."""

from sanic import HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.database.rows import ModerationCreateReport, ModerationRecordAct
from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.paging import next_cursor
from tripsync.http.problems import NOT_FOUND, TOO_MANY, FieldError, Problem
from tripsync.http.rate_limits import Limit, count_try
from tripsync.moderation.api import blueprint
from tripsync.moderation.problems import (
    NO_SUCH_REPORT,
    NO_SUCH_RIDER,
    OWN_REPORT,
    REPORTED_ALREADY,
    RESOLVED_ALREADY,
)
from tripsync.moderation.sanctions import page_for_moderators
from tripsync.moderation.schemas import (
    ModerationAct,
    NewReport,
    OwnReport,
    ReportPage,
    ReportQuery,
    ReportResolution,
)


@blueprint.post("/api/reports")
@endpoint(
    body=NewReport,
    answer=OwnReport,
    status=201,
    refuses=(NO_SUCH_RIDER, REPORTED_ALREADY, OWN_REPORT, TOO_MANY),
    idempotent=True,
)
async def report_user(request: Request, body: NewReport) -> HTTPResponse:
    """Report a fellow to the moderators of the college, who alone learn who reported."""
    who = rider(request)
    if body.user_id == who.user_id:
        raise Problem(OWN_REPORT, errors=[FieldError("user_id", OWN_REPORT.detail)])
    await count_try(request, REPORT, who.email)

    async def write(db: Transaction) -> ModerationCreateReport:
        if not await db.moderation.find_fellow(college_id=who.college_id, user_id=body.user_id):
            raise Problem(NO_SUCH_RIDER)
        written = await db.moderation.create_report(
            college_id=who.college_id,
            reporter_id=who.user_id,
            subject_id=body.user_id,
            reason=body.reason,
            details=body.details.strip(),
            reference_kind=body.reference.kind if body.reference else None,
            reference_id=body.reference.id if body.reference else None,
        )
        if written is None:
            raise Problem(REPORTED_ALREADY)
        return written

    return await create_once(request, write)


@blueprint.get("/api/moderation/reports")
@endpoint(query=ReportQuery, answer=ReportPage, refuses=(NOT_FOUND,))
async def list_reports(request: Request, query: ReportQuery) -> object:
    """List the reports of one's college, the latest first; for moderators.

    Those about oneself are left out: their reporters are not named to the reported."""
    who = rider(request)
    reports = page_for_moderators(
        await reading(request).moderation.list_reports(
            college_id=who.college_id,
            moderator_id=who.user_id,
            status=query.status,
            before=query.after(int),
            skip=query.skip,
            size=query.limit,
        )
    )
    following = next_cursor(reports, query, lambda each: each["id"])
    return {"items": reports, "next_cursor": following}


@blueprint.post("/api/moderation/reports/<report_id:id>/resolve")
@endpoint(
    body=ReportResolution,
    answer=ModerationAct,
    refuses=(NO_SUCH_REPORT, RESOLVED_ALREADY),
    idempotent=True,
)
async def resolve_report(request: Request, report_id: int, body: ReportResolution) -> HTTPResponse:
    """Resolve a report, once; for moderators."""
    who = rider(request)

    async def settle(db: Transaction) -> ModerationRecordAct:
        report = await db.moderation.lock_report(
            college_id=who.college_id, moderator_id=who.user_id, report_id=report_id
        )
        if report is None:
            raise Problem(NO_SUCH_REPORT)
        if report["resolved"]:
            raise Problem(RESOLVED_ALREADY)
        note = body.note.strip()
        await db.moderation.resolve_report(
            college_id=who.college_id,
            moderator_id=who.user_id,
            report_id=report_id,
            outcome=body.outcome,
            note=note,
        )
        return await db.moderation.record_act(
            college_id=who.college_id,
            actor_id=who.user_id,
            act="resolve",
            subject_id=report["subject_id"],
            report_id=report_id,
            outcome=body.outcome,
            note=note,
        )

    return await create_once(request, settle)


REPORT = Limit("report", per_address="120/minute", per_account="20/hour")
