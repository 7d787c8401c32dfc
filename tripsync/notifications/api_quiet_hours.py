"""When a rider wants no noise: what can wait until morning does."""

from datetime import time

from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.responses import answer
from tripsync.notifications.schemas import QuietHours

blueprint = Blueprint("quiet_hours")

# Of whoever has said nothing.
USUAL = {"usual_begin": time(22), "usual_end": time(7)}


@blueprint.get("/api/profile/me/quiet-hours")
@endpoint(answer=QuietHours)
async def read_quiet_hours(request: Request) -> HTTPResponse:
    """Tell when one's phones make no noise but for what cannot wait."""
    who = rider(request)
    hours = await reading(request).push.find_quiet_hours(
        college_id=who.college_id, user_id=who.user_id, **USUAL
    )
    return answer(hours)


@blueprint.put("/api/profile/me/quiet-hours")
@endpoint(body=QuietHours, answer=QuietHours)
async def set_quiet_hours(request: Request, body: QuietHours) -> HTTPResponse:
    """Choose when one's phones make no noise but for what cannot wait.

    Alarms and cancelled rides come at any hour. Of everything else the latest of each kind comes
    when the quiet hours end, unless it was seen before."""
    who = rider(request)

    async def write(db: Transaction) -> None:
        await db.push.set_quiet_hours(
            college_id=who.college_id,
            user_id=who.user_id,
            begins_at=body.begins_at,
            ends_at=body.ends_at,
        )

    await run_in_transaction(request, write)
    return answer(body)
