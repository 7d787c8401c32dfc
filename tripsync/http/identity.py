"""A bearer token identifies the rider who asks."""

from sanic import Request

from tripsync.database import Transaction
from tripsync.database.row_security import see_college
from tripsync.http.context import resources
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.problems import NOT_AUTHENTICATED, Problem, Refusal
from tripsync.http.tokens import AccessTokens, InvalidTokenError, Rider
from tripsync.resources import Resources

CHALLENGE = {"WWW-Authenticate": "Bearer"}
EMAIL_NOT_VERIFIED = Refusal(
    403,
    "email_not_verified",
    "Address not confirmed",
    "Please confirm your email address first: type the code from our mail into the app, or have "
    "the mail sent again.",
)


def identify(request: Request) -> Rider:
    """The rider whose token came with the request; a 401 for any other caller."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
    return rider_of(resources(request), token.strip())


def identify_if_any(request: Request) -> Rider | None:
    """For what is open to all and shows riders more: whoever brings a token brings a good one."""
    if "authorization" not in request.headers:
        return None
    rider = request.ctx.rider = identify(request)
    return rider


def rider_of(resources: Resources, token: str) -> Rider:
    """The rider this token names, if its session has not ended. What follows sees their college."""
    try:
        rider = resources[AccessTokens].read(token)
    except InvalidTokenError:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE) from None
    if rider.session_id in resources[EndedSessions]:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
    see_college(rider.college_id)
    return rider


def may_ride(db: Transaction, verified: bool) -> bool:
    """Whether a rider may ride and apply, whose address is confirmed or is not.

    The caller reads that with whatever it locks: no token knows it."""
    return verified or db.unverified_may_ride


def check_verified(db: Transaction, verified: bool) -> None:
    """Refuse a rider who has to confirm the address first."""
    if not may_ride(db, verified):
        raise Problem(EMAIL_NOT_VERIFIED)
