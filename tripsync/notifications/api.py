"""Riders register their phones, each for one session, and choose their quiet hours."""

from datetime import time

from sanic import Blueprint, Request

from tripsync.database import Transaction
from tripsync.database.rows import PushRegisterDevice
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.identity import CHALLENGE
from tripsync.http.problems import NOT_AUTHENTICATED, Problem, Refusal
from tripsync.notifications.schemas import Device, DeviceList, NewDevice, QuietHours

blueprint = Blueprint("notifications")

# Of one rider; the one that registered longest ago goes.
MOST_DEVICES = 10

NO_SUCH_DEVICE = Refusal(
    404, "no_such_device", "No such device", "You have no device with this number."
)


@blueprint.put("/api/devices")
@endpoint(body=NewDevice, answer=Device)
async def register_device(request: Request, body: NewDevice) -> object:
    """Have this phone told what happens while the app is closed; to say it again is no error.

    Say it at each start of the app, and when the phone's push service gives another token. It holds
    for this session: signing out ends it. A rider has ten phones at most, and the one that
    registered longest ago goes."""
    who = rider(request)
    whose = {"college_id": who.college_id, "user_id": who.user_id}

    async def take_down(db: Transaction) -> PushRegisterDevice:
        await db.push.release_token(session_id=who.session_id, token=body.token)
        device = await db.push.register_device(
            **whose, session_id=who.session_id, platform=body.platform, token=body.token
        )
        if device is None:
            raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
        await db.push.forget_surplus_devices(**whose, most=MOST_DEVICES)
        return device

    return await run_in_transaction(request, take_down)


@blueprint.get("/api/devices")
@endpoint(answer=DeviceList)
async def list_devices(request: Request) -> object:
    """List one's phones that are told what happens while the app is closed, at most ten."""
    who = rider(request)
    devices = await reading(request).push.list_devices(
        college_id=who.college_id, user_id=who.user_id, session_id=who.session_id
    )
    return {"devices": devices}


@blueprint.delete("/api/devices/<device_id:id>")
@endpoint(status=204, refuses=(NO_SUCH_DEVICE,))
async def remove_device(request: Request, device_id: int) -> None:
    """Tell a phone of one's own nothing any more; it stays signed in."""
    who = rider(request)

    async def forget_it(db: Transaction) -> int | None:
        return await db.push.forget_own_device(
            college_id=who.college_id, user_id=who.user_id, device_id=device_id
        )

    forgotten = await run_in_transaction(request, forget_it)
    if forgotten is None:
        raise Problem(NO_SUCH_DEVICE)


# Of whoever has said nothing.
USUAL = {"usual_begin": time(22), "usual_end": time(7)}


@blueprint.get("/api/profile/me/quiet-hours")
@endpoint(answer=QuietHours)
async def read_quiet_hours(request: Request) -> object:
    """Tell when one's phones make no noise but for what cannot wait."""
    who = rider(request)
    return await reading(request).push.find_quiet_hours(
        college_id=who.college_id, user_id=who.user_id, **USUAL
    )


@blueprint.put("/api/profile/me/quiet-hours")
@endpoint(body=QuietHours, answer=QuietHours)
async def set_quiet_hours(request: Request, body: QuietHours) -> object:
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
    return body
