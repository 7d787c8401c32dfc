"""An alarm is recorded, and told at once to whoever can help; moderators resolve it.

An alarm is never refused for being one too many. Raised again within a minute it adds to the
first; and after six within an hour nobody gets further mails, while the moderators' phones still
hear of each. To anybody but the moderators of the college there are no alarms of others: 404.
"""

from typing import Any

from sanic import HTTPResponse, Request

from tripsync.database import Bound, Transaction
from tripsync.database.rows import (
    SafetyFindHelp,
    SafetyListAlarms,
    SafetyRaiseAlarm,
    SafetyRepeatAlarm,
)
from tripsync.http.context import reading, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.paging import next_cursor
from tripsync.http.problems import NOT_FOUND, FieldError, Problem, invalid
from tripsync.http.tokens import Rider
from tripsync.mail import Letter, post, post_all
from tripsync.mail.letters import ALARM, asked
from tripsync.realtime.events import append, append_many
from tripsync.safety.api import blueprint, hold_rider
from tripsync.safety.events import RiderInNeed, Sos, SosResolved
from tripsync.safety.problems import ALARM_RESOLVED, NO_ALARM
from tripsync.safety.schemas import (
    Alarm,
    AlarmPage,
    AlarmResolution,
    NewAlarm,
    RaisedAlarm,
    RaisedAlarmPage,
)

# The contact never asked us for mail: this is not to become a way to send it.
MOST_MAILED_IN_AN_HOUR = 6

OwnAlarm = SafetyRaiseAlarm | SafetyRepeatAlarm


@blueprint.post("/api/safety/sos")
@endpoint(body=NewAlarm, answer=Alarm, status=201, idempotent=True)
async def raise_alarm(request: Request, body: NewAlarm) -> HTTPResponse:
    """Raise the alarm.

    The emergency contact of one's profile gets a mail, and so do the moderators and admins of one's
    college, whose phones get the event `sos`. Raised again within a minute, it adds position and
    words to the first alarm; it is never refused for being one too many. We cannot call anybody:
    the answer says so where the contact has no email address."""
    who = rider(request)
    if (body.latitude is None) != (body.longitude is None):
        raise invalid(FieldError("longitude", "Send latitude and longitude together, or neither."))

    async def record(db: Transaction) -> dict[str, Any]:
        await hold_rider(db, who)
        whose: dict[str, Any] = {"college_id": who.college_id, "user_id": who.user_id}
        told: dict[str, Any] = {
            "latitude": body.latitude,
            "longitude": body.longitude,
            "note": body.note.strip(),
        }
        alarm = await db.safety.repeat_alarm(**whose, **told)
        if alarm is None:
            alarm = await db.safety.raise_alarm(**whose, **told)
        help = await db.safety.find_help(**whose)
        if alarm["news"] and help["alarms_within_the_hour"] <= MOST_MAILED_IN_AN_HOUR:
            await write_to_all(db, who.college_id, help, alarm["id"])
        news = sos_of(who.user_id, help, alarm)
        await append_many(db, [(each["id"], news) for each in help["moderators"]])
        return seen_by_rider(help, alarm)

    return await create_once(request, record)


async def write_to_all(
    db: Transaction, college_id: int, help: SafetyFindHelp, alarm_id: int
) -> None:
    """Letters to all who can help."""
    about = {"college_id": college_id, "alarm_id": alarm_id}
    if (help["emergency_contact"] or {}).get("email"):
        await post(db, ALARM_TO_CONTACT, **about)
    moderators = [{**about, "moderator_id": each["id"]} for each in help["moderators"]]
    await post_all(db, ALARM_TO_MODERATOR, moderators)


def sos_of(user_id: int, help: SafetyFindHelp, alarm: OwnAlarm) -> Sos:
    """What the phones of moderators learn; the same alarm again when it was added to."""
    return Sos(
        sos_id=alarm["id"],
        rider=RiderInNeed(user_id, help["full_name"], help["phone_number"]),
        latitude=alarm["latitude"],
        longitude=alarm["longitude"],
        note=alarm["note"],
        raised_at=alarm["raised_at"],
    )


def seen_by_rider(help: SafetyFindHelp, alarm: OwnAlarm) -> dict[str, Any]:
    """The alarm, and honestly who is told and who is not."""
    contact, moderators = help["emergency_contact"], len(help["moderators"])
    if not contact:
        reached, first = "none", "You have named no emergency contact."
    elif contact.get("email"):
        reached, first = "mailed", f"{contact['name']} is told by mail."
    else:
        reached = "not_reachable"
        first = f"We cannot call {contact['name']}: call {contact['phone_number']} yourself."
    second = {
        0: "Your college has no moderators here whom we could tell.",
        1: "A moderator of your college is told.",
    }.get(moderators, f"{moderators} moderators of your college are told.")
    return {
        "id": alarm["id"],
        "latitude": alarm["latitude"],
        "longitude": alarm["longitude"],
        "note": alarm["note"],
        "raised_at": alarm["raised_at"],
        "emergency_contact": reached,
        "moderators_told": moderators,
        "message": f"{first} {second} If you are in danger, call the emergency services.",
    }


@blueprint.get("/api/safety/sos")
@endpoint(query=AlarmPage, answer=RaisedAlarmPage, refuses=(NOT_FOUND,))
async def list_alarms(request: Request, query: AlarmPage) -> object:
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
    return {"items": alarms, "next_cursor": following}


async def read_alarms(db: Bound, who: Rider, **which: Any) -> list[SafetyListAlarms]:
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

    async def settle(db: Transaction) -> SafetyListAlarms:
        alarm = await db.safety.lock_alarm(**which)
        if alarm is None:
            raise Problem(NO_ALARM)
        if alarm["resolved"]:
            raise Problem(ALARM_RESOLVED)
        await db.safety.resolve_alarm(**which, resolution=body.resolution.strip())
        await append(db, alarm["user_id"], SosResolved(alarm_id))
        [resolved] = await read_alarms(db, who, alarm_id=alarm_id)
        return resolved

    return await create_once(request, settle)


ALARM_TO_CONTACT = Letter("alarm_contact", asked("find_alarm_for_contact"), priority=ALARM)
ALARM_TO_MODERATOR = Letter("alarm_moderator", asked("find_alarm_for_moderator"), priority=ALARM)
