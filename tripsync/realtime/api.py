"""Endpoints give riders their events: over a socket at any of its addresses, or by polling."""

from typing import Annotated, Any, cast

from msgspec import Meta
from sanic import Blueprint, Request, Sanic

from tripsync.http.context import reading, resources, rider
from tripsync.http.endpoint import endpoint
from tripsync.http.openapi.schemas import REFERENCE
from tripsync.http.problems import Problem
from tripsync.http.schemas import Schema
from tripsync.realtime.control_messages import Seq
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.handshake import PROTOCOL, admit
from tripsync.realtime.message_schemas import EVENT
from tripsync.realtime.protocol import UPGRADE_REQUIRED, WebSocketConnection
from tripsync.realtime.socket import Socket
from tripsync.resources import Resources

MOST_EVENTS = 500
LAST_SEQ = 2**63 - 1
ADDRESSES = {
    "pool": "/api/ws/pool",
    "chat": "/api/ws/chat",
    "pool_of_rider": "/api/pool/ws/<user_id:id>",
    "older_pool_of_rider": "/ws/pool/<user_id:id>",
}

blueprint = Blueprint("events")
blueprint.ctx.title = "Events"
blueprint.ctx.description = (
    "What happened to a rider, for those who poll; sockets bring the same as it happens."
)
sockets = Blueprint("sockets")


class Since(Schema):
    """Where in one's events to go on."""

    after: Annotated[int, Meta(ge=0, le=LAST_SEQ, description="the last event one knows")] = 0
    limit: Annotated[int, Meta(ge=1, le=MOST_EVENTS, description="how many, at most")] = 100


class AnyEvent:
    """An event that is kept, of any type."""

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {"$ref": REFERENCE.format(name=EVENT)}


class EventPage(Schema):
    """Events as sockets send them, in order."""

    events: Annotated[
        list[AnyEvent],
        Meta(examples=[[{"type": "ride_started", "seq": 118, "pool_id": 7, "by_user": None}]]),
    ]
    last_seq: Seq
    reload_required: Annotated[
        bool,
        Meta(description="what one missed is not kept any more: load everything, then go on"),
    ]


@blueprint.get("/api/events")
@endpoint(query=Since, answer=EventPage)
async def list_events(request: Request, query: Since) -> object:
    """List what happened to one after an event, in order; sockets send the same as it happens.

    Events are kept for seven days. Ask again with `after` set to the `seq` of the last one; with
    `reload_required` load what you show anew, and ask with `after` set to `last_seq`."""
    who = rider(request)
    own = await reading(request).events.list_own(
        college_id=who.college_id,
        user_id=who.user_id,
        after=query.after,
        # They are numbered without a gap.
        up_to=min(query.after + query.limit, LAST_SEQ),
    )
    head, events = own["last_seq"], own["events"]
    reached = events[-1]["seq"] if events else query.after
    complete = reached - query.after == len(events) and (
        reached == head or len(events) == query.limit
    )
    return {
        "events": events if complete else [],
        "last_seq": head,
        "reload_required": not complete,
    }


async def attend(
    request: Request, connection: WebSocketConnection, user_id: int | None = None
) -> None:
    """A rider's socket, until it is closed."""
    socket = Socket(connection, whose=user_id, after=request.ctx.after)
    await resources(request)[Gateway].attend(socket, request.ctx.rider)


async def refuse_head(_: Request, **_arguments: Any) -> None:
    """As a GET without an upgrade is refused."""
    raise Problem(UPGRADE_REQUIRED)


sockets.on_request(admit)
for name, address in ADDRESSES.items():
    sockets.add_websocket_route(attend, address, name=name, subprotocols=[PROTOCOL])
    # The HEAD that every other GET has would open a socket.
    sockets.add_route(refuse_head, address, methods=["HEAD"], name=f"{name}_head")


@sockets.before_server_stop
async def say_goodbye(app: Sanic) -> None:
    await cast("Resources", app.ctx.resources)[Gateway].say_goodbye()
