"""Leaving for good: the account is emptied in one transaction, and its row stays for others.

The row is held first, against everything that refers to it. Whatever is under way for this rider
comes before, and is erased too, or after, and is refused by a trigger (migration 0021).
"""

from collections.abc import Mapping

from sanic import Request

from tripsync.database import Transaction
from tripsync.http.context import reading, resources, rider, run_in_transaction
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.endpoint import endpoint
from tripsync.http.hashing import Hasher
from tripsync.http.identity import CHALLENGE
from tripsync.http.problems import NOT_AUTHENTICATED, TOO_MANY, Problem
from tripsync.http.rate_limits import count_try
from tripsync.http.tokens import Rider
from tripsync.jobs.timers import Timer
from tripsync.profiles.api import blueprint
from tripsync.profiles.api_files import sweep
from tripsync.profiles.limits import DEPARTURE
from tripsync.profiles.problems import RIDE_OPEN, WRONG_PASSWORD
from tripsync.profiles.schemas import Departure
from tripsync.realtime.events import Event, append_many


@blueprint.delete("/api/profile/me")
@endpoint(body=Departure, status=204, refuses=(WRONG_PASSWORD, RIDE_OPEN, TOO_MANY))
async def delete_account(request: Request, body: Departure) -> None:
    """Delete one's account and all that it told of oneself.

    The password is asked again. The address is free at once, and every device is signed out. What
    others need stays under the name "Former rider": the rides they shared, with places to about a
    kilometre, the reviews one wrote and got, and what moderators have to know. Of messages, and of
    posts that others applied to, the places stay, not the words; who applied is told. Whoever still
    has a ride leaves it first, so that the others hear of it."""
    who = rider(request)
    await count_try(request, DEPARTURE, who.email)
    whose = {"college_id": who.college_id, "user_id": who.user_id}
    known = await reading(request).own_data.find_password(**whose)
    if known is None:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
    if not await resources(request)[Hasher].check(body.password, known):
        raise Problem(WRONG_PASSWORD)

    async def leave(db: Transaction) -> None:
        email = await db.own_data.lock_account(**whose, password_hash=known)
        if email is None:
            # Another request deleted the account, or changed the password: its sessions are over.
            raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
        if await db.own_data.find_open_ride(**whose):
            raise Problem(RIDE_OPEN)
        await erase(db, who, email)
        db.after_commit(resources(request)[EndedSessions].read)
        db.after_commit(sweep, request)

    await run_in_transaction(request, leave)


async def erase(db: Transaction, who: Rider, email: str) -> None:
    """Everything that is only about the rider, and then who it was."""
    whose = {"college_id": who.college_id, "user_id": who.user_id}
    await db.own_data.empty_profile(**whose)
    await db.own_data.remove_files(**whose)
    await db.own_data.remove_codes(**whose)
    await db.own_data.remove_unwanted_mails(**whose)
    await db.own_data.remove_devices(**whose)
    await db.own_data.remove_quiet_hours(**whose)
    await db.own_data.remove_events(**whose)
    await db.own_data.remove_blocks(**whose)
    await db.own_data.remove_recurring_rides(**whose)
    await db.own_data.remove_saved_searches(**whose)
    await db.own_data.remove_service_searches(**whose)
    await db.own_data.remove_ride_shares(**whose)
    await db.own_data.empty_messages(**whose)
    await erase_services(db, whose)
    await db.own_data.empty_alarms(**whose)
    await db.own_data.remove_lone_connections(**whose)
    await db.own_data.remove_lone_requests(**whose)
    await db.own_data.blur_requests(**whose)
    await db.own_data.remove_answers(user_id=who.user_id, email=email)
    await db.own_data.close_account(**whose)
    await db.own_data.remove_refresh_tokens(**whose)
    await db.own_data.empty_sessions(**whose)


async def erase_services(db: Transaction, whose: Mapping[str, int]) -> None:
    """Posts and applications; those of the other sides stay, and are told."""
    ended = await db.own_data.end_services(**whose)
    await append_many(db, [Event(row["user_id"], row["type"], row["payload"]) for row in ended])
    await db.own_data.remove_lone_tags(**whose)
    await db.own_data.remove_lone_posts(**whose)
    await db.own_data.empty_posts(**whose)
    await db.own_data.remove_applications(**whose)
    await db.own_data.empty_applications(**whose)


async def forget_sessions(db: Transaction) -> None:
    """The last that is known of when a former rider was here."""
    await db.own_data.forget_sessions()


timers = (Timer("forget sessions", 3600, forget_sessions),)
