"""The alarm: recorded, and told at once to whoever can help.

An alarm is never refused for being one too many. Raised again within a minute it adds to the
first; and after six within an hour nobody gets further mails, while the moderators' phones still
hear of each.
"""

from collections.abc import Mapping
from typing import Any

from sanic import Blueprint, HTTPResponse, Request

from tripsync.database import Transaction
from tripsync.http.context import rider
from tripsync.http.endpoint import endpoint
from tripsync.http.idempotency import create_once
from tripsync.http.problems import FieldError, invalid
from tripsync.mail import post, post_all
from tripsync.realtime.events import Event, append_many
from tripsync.safety.api_shares import hold_rider
from tripsync.safety.mails import ALARM_TO_CONTACT, ALARM_TO_MODERATOR
from tripsync.safety.schemas import Alarm, NewAlarm

blueprint = Blueprint("alarms")

# The contact never asked us for mail: this is not to become a way to send it.
MOST_MAILED_IN_AN_HOUR = 6


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

    async def record(db: Transaction) -> Any:
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
        payload = sos(who.user_id, help, alarm)
        await append_many(db, [Event(each["id"], "sos", payload) for each in help["moderators"]])
        return seen_by_rider(help, alarm)

    return await create_once(request, record)


async def write_to_all(
    db: Transaction, college_id: int, help: Mapping[str, Any], alarm_id: int
) -> None:
    """Letters to all who can help."""
    about = {"college_id": college_id, "alarm_id": alarm_id}
    if (help["emergency_contact"] or {}).get("email"):
        await post(db, ALARM_TO_CONTACT, **about)
    moderators = [{**about, "moderator_id": each["id"]} for each in help["moderators"]]
    await post_all(db, ALARM_TO_MODERATOR, moderators)


def sos(user_id: int, help: Mapping[str, Any], alarm: Mapping[str, Any]) -> dict[str, Any]:
    """What the phones of moderators learn; the same alarm again when it was added to."""
    return {
        "sos_id": alarm["id"],
        "rider": {
            "id": user_id,
            "full_name": help["full_name"],
            "phone_number": help["phone_number"],
        },
        **{name: alarm[name] for name in ("latitude", "longitude", "note", "raised_at")},
    }


def seen_by_rider(help: Mapping[str, Any], alarm: Mapping[str, Any]) -> dict[str, Any]:
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
        **{name: alarm[name] for name in ("id", "latitude", "longitude", "note", "raised_at")},
        "emergency_contact": reached,
        "moderators_told": moderators,
        "message": f"{first} {second} If you are in danger, call the emergency services.",
    }
