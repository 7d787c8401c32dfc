"""Riders share links by which somebody outside follows a ride.

A link holds a secret of 256 random bits. It is told once, kept as a hash, and masked in the
log. What it opens, and for how long, the view open_ride_shares says.
"""

from sanic import Blueprint, Request

from tripsync.database import Transaction
from tripsync.database.rows import SafetyCreateShare
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.identity import CHALLENGE
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import NOT_AUTHENTICATED, Problem
from tripsync.http.tokens import Rider, fresh_secret, hash_of
from tripsync.jobs.timers import Timer
from tripsync.safety.problems import (
    LINK_OVER,
    NO_RIDE,
    NO_SHARE,
    NOBODY_FOLLOWS,
    TOO_MANY_SHARES,
)
from tripsync.safety.schemas import (
    CreatedRideShare,
    NewRideShare,
    Position,
    RideSharePage,
    SharedRide,
)

blueprint = Blueprint("safety")

# More than a family has members; few enough for whoever wants to end them.
MOST_SHARES = 10


@blueprint.post("/api/safety/share")
@endpoint(
    body=NewRideShare, answer=CreatedRideShare, status=201, refuses=(NO_RIDE, TOO_MANY_SHARES)
)
async def share_ride(request: Request, body: NewRideShare) -> object:
    """Get a link by which somebody without an account can follow one's ride.

    It opens until it expires or is ended, one leaves the ride, or two hours after the ride is over.
    The link is in this answer only; a retry gives another one."""
    # No Idempotency-Key here: the answer that it keeps for a day would hold the secret.
    who = rider(request)
    secret = fresh_secret()

    async def create(db: Transaction) -> SafetyCreateShare:
        await hold_rider(db, who)
        ride = await db.safety.find_ride(college_id=who.college_id, user_id=who.user_id)
        if ride is None:
            raise Problem(NO_RIDE)
        if ride["shares"] >= MOST_SHARES:
            raise Problem(TOO_MANY_SHARES)
        return await db.safety.create_share(
            college_id=who.college_id,
            user_id=who.user_id,
            pool_id=ride["pool_id"],
            token_hash=hash_of(secret),
            vehicle_note=(body.vehicle_note or "").strip(),
            minutes=body.expires_in_minutes,
        )

    share = await run_in_transaction(request, create)
    return {**share, "url": f"/api/safety/shared/{secret}"}


async def hold_rider(db: Transaction, who: Rider) -> None:
    held = await db.safety.hold_rider(college_id=who.college_id, user_id=who.user_id)
    if held is None:
        # The account went while its token still lived.
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)


@blueprint.get("/api/safety/shares")
@endpoint(query=Page, answer=RideSharePage)
async def list_ride_shares(request: Request, query: Page) -> object:
    """List the links that one has given out and that still open, the latest first."""
    who = rider(request)
    shares = await reading(request).safety.list_shares(
        college_id=who.college_id,
        user_id=who.user_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(shares, query, lambda share: share["id"])
    return {"items": shares, "next_cursor": following}


@blueprint.delete("/api/safety/share/<share_id:id>")
@endpoint(status=204, refuses=(NO_SHARE,))
async def revoke_ride_share(request: Request, share_id: int) -> None:
    """End a link of one's own: it opens nothing from now on."""
    who = rider(request)

    async def revoke(db: Transaction) -> int:
        return await db.safety.revoke_share(
            college_id=who.college_id, user_id=who.user_id, share_id=share_id
        )

    revoked = await run_in_transaction(request, revoke)
    if not revoked:
        raise Problem(NO_SHARE)


@blueprint.put("/api/safety/position")
@endpoint(body=Position, status=204, refuses=(NOBODY_FOLLOWS,))
async def set_position(request: Request, body: Position) -> None:
    """Say where one is, for those who follow the ride.

    Only the latest position is kept, with the links, and only while there is a link to a ride that
    is not over."""
    who = rider(request)

    async def write(db: Transaction) -> int:
        return await db.safety.set_position(
            college_id=who.college_id,
            user_id=who.user_id,
            latitude=body.latitude,
            longitude=body.longitude,
        )

    told = await run_in_transaction(request, write)
    if not told:
        raise Problem(NOBODY_FOLLOWS)


@blueprint.get("/api/safety/shared/<token:secret>")
@endpoint(answer=SharedRide, refuses=(LINK_OVER,), open=True)
async def follow_shared_ride(request: Request, token: str) -> object:
    """Follow a ride by its link: the route, first names, and where the rider was last.

    A 404 once the link has expired or was ended, and two hours after the ride is over."""
    ride = await reading(request).safety.find_shared(token_hash=hash_of(token))
    if ride is None:
        raise Problem(LINK_OVER)
    return ride


async def forget_shares(db: Transaction) -> None:
    """Nothing is known any longer of where somebody was when a link was open."""
    await db.safety.forget_shares()


timers = (Timer("forget shares", 600, forget_shares),)
