"""Riders who leave traces in every table there is."""

from collections.abc import Awaitable
from typing import Any

import httpx

from tests.people import Rider
from tests.pooling.roads_to_campus import pair_up, ride, the_other_way
from tests.profiles.files import IMAGE, RESUME, pdf, picture, send
from tests.profiles.sample import EVERYTHING

ME = "/api/profile/me"
EXPORT = f"{ME}/export"


async def done(answer: Awaitable[httpx.Response]) -> Any:
    """What a call gave that must work."""
    got = await answer
    assert got.status_code < 300, (got.request.url.path, got.text)
    return got.json() if got.content else None


async def export_of(rider: Rider) -> dict[str, Any]:
    answer = await rider.call("GET", EXPORT)
    assert answer.status_code == 200, answer.text
    exported: dict[str, Any] = answer.json()
    return exported


async def leave(rider: Rider, password: str | None = None) -> httpx.Response:
    body = {"password": rider.password if password is None else password}
    return await rider.call("DELETE", ME, json=body)


async def live_a_little(rider: Rider, fellow: Rider, moderator: Rider, mark: str) -> int:
    """Leaves a trace of the rider wherever one can, with the mark in every free text; the pool
    of the ride that the two shared."""
    await done(
        rider.call(
            "PUT",
            ME,
            json={
                **EVERYTHING,
                "full_name": f"Asha {mark}",
                "username": mark,
                "bio": f"Third bench, {mark}",
                "major": mark,
            },
        )
    )
    await done(send(rider, IMAGE, picture()))
    await done(send(rider, RESUME, pdf()))
    # One ride that nobody shared, and one that somebody did.
    lone = the_other_way(note=mark, start_name=mark)
    opened = await done(rider.call("POST", "/api/pool/requests", json=lone))
    await done(rider.call("DELETE", f"/api/pool/requests/{opened['request_id']}"))
    await pair_up(
        rider,
        fellow,
        ride(0, start_name="Juhu circle", destination_name="Library"),
        ride(1, start_name=f"Home of {mark}", destination_name=mark, note=mark),
    )
    pool = (await done(rider.call("GET", "/api/pool/pools/current")))["pool"]["pool_id"]
    await done(rider.call("POST", "/api/safety/share", json={"vehicle_note": mark}))
    there = {"latitude": 19.081234, "longitude": 72.851234}
    await done(rider.call("PUT", "/api/safety/position", json=there))
    alarm = await done(rider.call("POST", "/api/safety/sos", json={**there, "note": mark}))
    settled = {"resolution": "She is home."}
    await done(moderator.call("POST", f"/api/safety/sos/{alarm['id']}/resolve", json=settled))
    said = {"receiver_id": fellow.id, "content": mark}
    keyed = {"Idempotency-Key": f"said {mark}"}
    await done(rider.call("POST", "/api/chat/messages", json=said, headers=keyed))
    await done(rider.call("POST", f"/api/pool/pools/{pool}/complete"))
    review = f"/api/pool/pools/{pool}/reviews"
    await done(fellow.call("POST", review, json={"user_id": rider.id, "rating": 4}))
    await done(rider.call("POST", review, json={"user_id": fellow.id, "rating": 5}))
    await done(rider.call("PUT", f"/api/users/{moderator.id}/block"))
    report = {"user_id": fellow.id, "reason": "no_show"}
    await done(rider.call("POST", "/api/reports", json=report, headers={"Idempotency-Key": mark}))
    warning = {"note": "Please be on time."}
    await done(moderator.call("POST", f"/api/moderation/users/{rider.id}/warn", json=warning))
    weekly = {
        **ride(note=mark, start_name=mark),
        "weekdays": ["monday"],
        "departs_at": "08:30",
    }
    await done(rider.call("POST", "/api/pool/recurring", json=weekly))
    await done(rider.call("POST", "/api/pool/searches", json={**ride(), "name": mark}))
    phone = {"platform": "ios", "token": mark}
    await done(rider.call("PUT", "/api/devices", json=phone))
    night = {"begins_at": "22:00:00", "ends_at": "06:00:00"}
    await done(rider.call("PUT", f"{ME}/quiet-hours", json=night))
    mails = {"matches": True, "cancellations": True, "searches": True, "digest": False}
    await done(rider.call("PUT", f"{ME}/mail-settings", json=mails))
    await trade_services(rider, fellow, mark)
    return int(pool)


async def trade_services(rider: Rider, fellow: Rider, mark: str) -> None:
    """A post that nobody answers, one that the fellow applies to, and work for the fellow that is
    done, and that is not."""
    words = {
        "title": f"A post of {mark}",
        "description": f"Written by {mark}, whoever that is.",
        "team_size": 1,
        "compensation_type": "volunteer",
        "tags": [mark],
        "requirements": [{"text": mark, "kind": "other"}],
        "location": {"latitude": 19.081234, "longitude": 72.8, "name": mark},
    }
    await done(rider.call("POST", "/api/services", json=words))
    answered = await done(rider.call("POST", "/api/services", json=words))
    await done(fellow.call("POST", f"/api/services/{answered['id']}/apply", json={}))
    search = {"name": mark, "search": mark, "tags": [mark]}
    await done(rider.call("POST", "/api/services/searches", json=search))
    brought = {"cover_letter": mark, "resume_url": f"https://files.example/{mark}"}
    work = {
        **words,
        "title": "Some work",
        "description": "Work of a fellow.",
        "tags": [],
        "requirements": [],
        "location": None,
    }
    for finished in (False, True):
        post = await done(fellow.call("POST", "/api/services", json=work))
        path = f"/api/services/{post['id']}"
        sent = await done(rider.call("POST", f"{path}/apply", json=brought))
        if finished:
            said = f"/api/services/applications/{sent['id']}"
            await done(fellow.call("PUT", said, json={"status": "accepted"}))
            await done(fellow.call("POST", f"{path}/complete"))
