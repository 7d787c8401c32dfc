"""The handshake decides who may open a socket, and refuses with an HTTP answer."""

from typing import Annotated

from msgspec import Meta
from sanic import Request

from tripsync.http.context import resources, settings
from tripsync.http.endpoint import query_values
from tripsync.http.identity import CHALLENGE, rider_of
from tripsync.http.origins import may_open_sockets
from tripsync.http.problems import NOT_AUTHENTICATED, UNAVAILABLE, Problem, Refusal
from tripsync.http.schemas import Schema, converter
from tripsync.realtime.control_messages import Seq
from tripsync.realtime.gateway import NOT_YOURS, Gateway

ORIGIN_NOT_ALLOWED = Refusal(
    403,
    "origin_not_allowed",
    "Origin not allowed",
    "Web pages of this origin may not open sockets here; add it to BACKEND_CORS_ORIGINS.",
)
COME_BACK_AFTER = {"Retry-After": "5"}
# The one that says: the next protocol in the list is an access token.
PROTOCOL = "token"


class Opening(Schema):
    """What the address of a socket may say."""

    after: Annotated[
        Seq | None, Meta(description="the last event one knows; what came after it is sent first")
    ] = None
    token: (
        Annotated[str, Meta(max_length=4096, description="where it can be said in no other way")]
        | None
    ) = None


read_opening = converter(Opening)


async def admit(request: Request) -> None:
    """A real 401, 403 or 503 for whoever cannot come in."""
    if not may_open_sockets(request):
        raise Problem(ORIGIN_NOT_ALLOWED)
    sockets = resources(request)[Gateway].connections
    if resources(request).draining or len(sockets) >= settings(request).sockets_per_worker:
        raise Problem(UNAVAILABLE, headers=COME_BACK_AFTER)
    opening = read_opening(query_values(request))
    token = token_of(request, opening)
    rider = None if token is None else rider_of(resources(request), token)
    if rider and request.match_info.get("user_id", rider.user_id) != rider.user_id:
        raise Problem(NOT_YOURS)
    request.ctx.rider = rider
    request.ctx.after = opening.after


def token_of(request: Request, opening: Opening) -> str | None:
    """By header, as native clients can; by subprotocol or address, as browsers can; or not yet."""
    header: str = request.headers.get("authorization", "")
    if header:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise Problem(NOT_AUTHENTICATED, headers=CHALLENGE)
        return token.strip()
    offered: str = request.headers.get("sec-websocket-protocol", "")
    first, _, others = offered.partition(",")
    if first.strip() == PROTOCOL and others:
        return others.partition(",")[0].strip()
    return opening.token
