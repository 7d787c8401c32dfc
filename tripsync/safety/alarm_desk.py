"""Alarms as the moderators of a college see them. To anybody else there are none: 404."""

from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Bound, Transaction
from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.paging import next_cursor
from tripsync.http.problems import NOT_FOUND, Problem
from tripsync.http.responses import answer
from tripsync.http.tokens import Rider
from tripsync.realtime import events
from tripsync.safety.problems import ALARM_RESOLVED, NO_ALARM
from tripsync.safety.schemas import AlarmPage, AlarmResolution, RaisedAlarm, RaisedAlarms

blueprint = Blueprint("alarm_desk")


@blueprint.get("/api/safety/sos")
@endpoint(query=AlarmPage, answer=RaisedAlarms, refuses=(NOT_FOUND,))
async def list_alarms(request: Request, query: AlarmPage) -> HTTPResponse:
    """List the alarms of one's college, the latest first; for moderators."""
    rows = await read_alarms(
        reading(request),
        rider(request),
        status=query.status,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    if not rows:
        raise Problem(NOT_FOUND)
    # A moderator's empty page is one row of nulls.
    alarms = [row for row in rows if row["id"] is not None]
    following = next_cursor(alarms, query, lambda alarm: alarm["id"])
    return answer({"alarms": alarms, "next_cursor": following})


async def read_alarms(db: Bound, who: Rider, **which: Any) -> Any:
    everything: dict[str, Any] = {
        "alarm_id": None,
        "status": None,
        "before": None,
        "skip": 0,
        "size": 1,
    }
    return await db.safety.list_alarms(
        college_id=who.college_id, moderator_id=who.user_id, **everything | which
    )


@blueprint.post("/api/safety/sos/<alarm_id:id>/resolve")
@endpoint(
    body=AlarmResolution, answer=RaisedAlarm, refuses=(NO_ALARM, ALARM_RESOLVED), idempotent=True
)
async def resolve_alarm(request: Request, alarm_id: int, body: AlarmResolution) -> HTTPResponse:
    """Resolve an alarm, once; for moderators.

    Whoever raised it gets the event `sos_resolved`."""
    who = rider(request)
    which = {"college_id": who.college_id, "moderator_id": who.user_id, "alarm_id": alarm_id}

    async def settle(db: Transaction) -> Any:
        alarm = await db.safety.lock_alarm(**which)
        if alarm is None:
            raise Problem(NO_ALARM)
        if alarm["resolved"]:
            raise Problem(ALARM_RESOLVED)
        await db.safety.resolve_alarm(**which, resolution=body.resolution.strip())
        await events.append(db, alarm["user_id"], "sos_resolved", {"sos_id": alarm_id})
        [resolved] = await read_alarms(db, who, alarm_id=alarm_id)
        return resolved

    return await create_once(request, settle, status=200)
