"""Riders read and change their own profile, and read what they may know of others."""

from typing import Any

import asyncpg
import msgspec
from msgspec import UNSET
from sanic import Blueprint, Request

from tripsync.database import Bound, Transaction
from tripsync.database.rows import ProfilesFindOwnProfile
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.identity import CHALLENGE
from tripsync.http.problems import NOT_AUTHENTICATED, FieldError, Problem, invalid
from tripsync.http.tokens import Rider
from tripsync.profiles.fields import international
from tripsync.profiles.problems import NO_SUCH_RIDER, USERNAME_TAKEN
from tripsync.profiles.schemas import FellowProfile, Profile, ProfileChange

blueprint = Blueprint("profiles")

FIELDS = ProfileChange.__struct_fields__


@blueprint.get("/api/profile/me")
@endpoint(answer=Profile)
async def read_own_profile(request: Request) -> object:
    """Read one's own profile."""
    return await find_profile(reading(request), rider(request))


@blueprint.put("/api/profile/me")
@endpoint(body=ProfileChange, answer=Profile, refuses=(USERNAME_TAKEN,))
async def change_own_profile(request: Request, body: ProfileChange) -> object:
    """Change one's profile.

    A field that is not sent stays as it is; null or blank text clears it. An object, such as
    `social_media_links`, is replaced as a whole."""
    who = rider(request)
    changed = changes(body)

    async def write(db: Transaction) -> ProfilesFindOwnProfile:
        country = await country_for(db, who, changed)
        try:
            await db.profiles.update_profile(
                college_id=who.college_id,
                user_id=who.user_id,
                given=list(changed),
                **dict.fromkeys(FIELDS) | dialled(changed, country),
            )
        except asyncpg.UniqueViolationError:
            raise Problem(USERNAME_TAKEN) from None
        return await find_profile(db, who)

    return await run_in_transaction(request, write)


async def find_profile(db: Bound, who: Rider) -> ProfilesFindOwnProfile:
    profile = await db.profiles.find_own_profile(college_id=who.college_id, user_id=who.user_id)
    if profile is None:
        # The account went while its token still lived.
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
    return profile


def changes(body: ProfileChange) -> dict[str, Any]:
    """What was sent, as it is kept: nothing blank, nothing empty."""
    sent = {name: getattr(body, name) for name in FIELDS}
    return {name: kept(value) for name, value in sent.items() if value is not UNSET}


def kept(value: Any) -> Any:
    match value:
        case str():
            return str(value).strip() or None
        case msgspec.Struct():
            inside = {name: kept(each) for name, each in msgspec.structs.asdict(value).items()}
            return {name: each for name, each in inside.items() if each is not None} or None
        case _:
            return value


async def country_for(db: Bound, who: Rider, changed: dict[str, Any]) -> str | None:
    """The country of the college, if a number was written without one."""
    numbers = (holder.get("phone_number") for holder in holders_of_numbers(changed))
    if all(number is None or number.startswith("+") for number in numbers):
        return None
    country: str = await db.profiles.find_country(college_id=who.college_id)
    return country


def dialled(changed: dict[str, Any], country: str | None) -> dict[str, Any]:
    """The changes with every number in E.164."""
    wrong = []
    for holder in holders_of_numbers(changed):
        place = "phone_number" if holder is changed else "emergency_contact.phone_number"
        if number := holder.get("phone_number"):
            try:
                holder["phone_number"] = international(number, country)
            except ValueError as reason:
                wrong.append(FieldError(place, f"The field {place!r} {reason}."))
        elif holder is not changed:
            wrong.append(FieldError(place, f"The field {place!r} is missing."))
    if wrong:
        raise invalid(*wrong)
    return changed


def holders_of_numbers(changed: dict[str, Any]) -> list[dict[str, Any]]:
    return [changed, *filter(None, [changed.get("emergency_contact")])]


@blueprint.get("/api/users/<user_id:id>/profile")
@endpoint(answer=FellowProfile, refuses=(NO_SUCH_RIDER,))
async def read_fellow_profile(request: Request, user_id: int) -> object:
    """Read the profile of a fellow of one's college.

    Email, telephone number and emergency contact are shown only while one shares a ride."""
    who = rider(request)
    profile = await reading(request).profiles.find_profile(
        college_id=who.college_id, viewer_id=who.user_id, user_id=user_id
    )
    if profile is None:
        raise Problem(NO_SUCH_RIDER)
    return profile
