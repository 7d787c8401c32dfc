"""Who is asking: the rider behind a bearer token."""

from sanic import Request

from tripsync.http.problems import NOT_AUTHENTICATED, Problem
from tripsync.http.tokens import InvalidTokenError, Rider

CHALLENGE = {"WWW-Authenticate": "Bearer"}


def identify(request: Request) -> Rider:
    """The rider whose token came with the request; a 401 for any other caller."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
    return rider_of(request, token.strip())


def rider_of(request: Request, token: str) -> Rider:
    """The rider this token names, if its session has not ended."""
    try:
        rider: Rider = request.app.ctx.tokens.read(token)
    except InvalidTokenError:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE) from None
    if rider.session_id in request.app.ctx.ended_sessions:
        raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
    return rider
