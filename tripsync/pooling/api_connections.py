"""Riders ask each other to ride together, and answer."""

from functools import partial
from typing import Any

from sanic import Request

from tripsync.database import Transaction
from tripsync.database.retrying import MovedError
from tripsync.database.rows import (
    ConnectionsFindReceived,
    ConnectionsListActive,
    PoolsListMembers,
    RequestsFindAsked,
    RequestsLockRequests,
)
from tripsync.http.context import reading, rider, run_in_transaction
from tripsync.http.endpoint import endpoint
from tripsync.http.fields import Person
from tripsync.http.idempotency import create_once
from tripsync.http.identity import EMAIL_NOT_VERIFIED, check_verified, may_ride
from tripsync.http.paging import Page, next_cursor
from tripsync.http.problems import Problem
from tripsync.http.tokens import Rider
from tripsync.pooling import matches, membership, places
from tripsync.pooling.api import blueprint
from tripsync.pooling.distances import DistanceSource, distance_source
from tripsync.pooling.events import (
    ConnectionApproved,
    ConnectionRejected,
    ConnectionRequestReceived,
    ConnectionRequestSent,
    ConnectionWithdrawn,
    PoolJoined,
    became_matched,
    connections_withdrawn,
)
from tripsync.pooling.problems import (
    ALREADY_ANSWERED,
    ALREADY_ASKED,
    NO_ACTIVE_REQUEST,
    NO_FIT,
    NO_LONGER_OPEN,
    NO_SUCH_CONNECTION,
    NO_SUCH_REQUEST,
    POOL_CLOSED,
    POOL_FULL,
    TOO_MANY_PENDING,
    UNDER_WAY,
)
from tripsync.pooling.schemas import (
    ActiveConnections,
    ConnectionOutcome,
    ConnectionReply,
    ConnectionRequest,
    Partner,
    PendingConnectionPage,
    PersonOnTheRoad,
)
from tripsync.realtime.events import Addressed, append, append_many

MOST_PENDING = 5


@blueprint.post("/api/pool/connections/send")
@endpoint(
    body=ConnectionRequest,
    answer=ConnectionOutcome,
    refuses=(
        EMAIL_NOT_VERIFIED,
        NO_ACTIVE_REQUEST,
        NO_SUCH_REQUEST,
        TOO_MANY_PENDING,
        ALREADY_ASKED,
        NO_LONGER_OPEN,
    ),
    idempotent=True,
)
async def send_connection_request(request: Request, body: ConnectionRequest) -> object:
    """Ask somebody to ride together.

    Of several rides of one's own, `request_id` says which one asks. Where the other has replaced
    the request that is asked, the newer one is meant, if the two fit. Each request may wait for
    five answers at a time."""
    who = rider(request)

    source = distance_source(
        request,
        partial(places.of_asking, reading(request), who, body.request_id, body.target_request_id),
    )
    return await create_once(request, partial(ask, who, body, source), before=source.measure)


async def ask(
    who: Rider, body: ConnectionRequest, source: DistanceSource, db: Transaction
) -> dict[str, Any]:
    own = {"college_id": who.college_id, "user_id": who.user_id}
    target = await db.requests.find_asked(**own, request_id=body.target_request_id)
    rows = await db.requests.list_asking(
        **own,
        request_id=body.request_id,
        asked_request=target["request_id"] if target else None,
    )
    check_verified(db, rows[0]["verified"])
    if rows[0]["request_id"] is None:
        raise Problem(NO_ACTIVE_REQUEST)
    asking = await matches.best_to_ask(db, rows, target, source) if target else None
    if target is None or asking is None:
        raise Problem(NO_SUCH_REQUEST)
    connection_id = await connect(db, who, asking["request_id"], target)
    asker = PersonOnTheRoad(who.user_id, asking["full_name"], asking["request_id"])
    asked = PersonOnTheRoad(target["user_id"], target["full_name"], target["request_id"])
    received = ConnectionRequestReceived(connection_id, asked.request_id, from_user=asker)
    sent = ConnectionRequestSent(connection_id, asker.request_id, to_user=asked)
    await append_many(db, [(asked.id, received), (asker.id, sent)])
    return {
        "message": f"{target['full_name']} has been asked.",
        "connection_id": connection_id,
        "status": "pending",
    }


async def connect(db: Transaction, who: Rider, asking: int, target: RequestsFindAsked) -> int:
    """Create a pending connection. Both requests are locked, so that neither closes meanwhile."""
    held = await db.requests.lock_requests(
        college_id=who.college_id, request_ids=[asking, target["request_id"]]
    )
    if not all(is_open(row) for row in held):
        raise Problem(NO_LONGER_OPEN)
    if all(row["status"] == "matched" for row in held):
        raise Problem(NO_LONGER_OPEN)
    pending = await db.connections.count_pending(college_id=who.college_id, from_request=asking)
    if pending >= MOST_PENDING:
        raise Problem(TOO_MANY_PENDING)
    connection_id: int | None = await db.connections.send_connection(
        college_id=who.college_id,
        from_request=asking,
        to_request=target["request_id"],
        from_user=who.user_id,
        to_user=target["user_id"],
    )
    if connection_id is None:
        raise Problem(ALREADY_ASKED)
    return connection_id


def is_open(row: RequestsLockRequests) -> bool:
    return bool(row["status"] == "matched" or (row["status"] == "active" and row["lasts"]))


@blueprint.post("/api/pool/connections/<connection_id:id>/respond")
@endpoint(
    body=ConnectionReply,
    answer=ConnectionOutcome,
    refuses=(
        EMAIL_NOT_VERIFIED,
        NO_SUCH_CONNECTION,
        ALREADY_ANSWERED,
        NO_LONGER_OPEN,
        NO_FIT,
        POOL_FULL,
        POOL_CLOSED,
        UNDER_WAY,
    ),
)
async def respond_to_connection(
    request: Request, body: ConnectionReply, connection_id: int
) -> object:
    """Say yes or no to somebody who asked.

    A yes closes what can no longer come true on both sides, and tells those who waited."""
    who = rider(request)

    source = distance_source(
        request, partial(places.of_connection, reading(request), who, connection_id)
    )

    async def answer_connection(db: Transaction) -> tuple[str, str]:
        if body.action == "approve":
            await append_many(db, await approve(db, who, connection_id, source))
            return "approved", "You ride together."
        await append_many(db, await reject(db, who, connection_id))
        return "rejected", "You said no."

    status, message = await run_in_transaction(
        request, answer_connection, before=source.measure if body.action == "approve" else None
    )
    return {"message": message, "connection_id": connection_id, "status": status}


async def find_received(db: Transaction, who: Rider, connection_id: int) -> ConnectionsFindReceived:
    found = await db.connections.find_received(
        college_id=who.college_id, user_id=who.user_id, connection_id=connection_id
    )
    if found is None:
        raise Problem(NO_SUCH_CONNECTION)
    return found


async def reject(db: Transaction, who: Rider, connection_id: int) -> list[Addressed]:
    found = await find_received(db, who, connection_id)
    answered = await db.connections.answer_connection(
        college_id=who.college_id, connection_id=connection_id, status="rejected"
    )
    if not answered:
        raise Problem(ALREADY_ANSWERED)
    by_user = Person(who.user_id, found["to_name"])
    return [(found["from_user"], ConnectionRejected(connection_id, by_user))]


async def approve(
    db: Transaction, who: Rider, connection_id: int, source: DistanceSource
) -> list[Addressed]:
    """Put both riders into one pool. Locks: pools, requests by id, connection."""
    found = await find_received(db, who, connection_id)
    check_verified(db, found["to_verified"])
    if not may_ride(db, found["from_verified"]):
        raise Problem(NO_LONGER_OPEN, "Who asked you has to confirm their email address first.")
    college = {"college_id": who.college_id}
    pools = await db.pools.lock_pools(
        **college, pool_ids=[each for each in (found["from_pool"], found["to_pool"]) if each]
    )
    pair = await db.requests.lock_requests(
        **college, request_ids=[found["from_request"], found["to_request"]]
    )
    again = await find_received(db, who, connection_id)
    held = await db.connections.lock_connection(**college, connection_id=connection_id)
    if held["status"] != "pending":
        raise Problem(ALREADY_ANSWERED)
    if (again["from_pool"], again["to_pool"]) != (found["from_pool"], found["to_pool"]):
        # Seated between our look and our locks.
        raise MovedError
    if len(pools) == 2 or not all(is_open(row) for row in pair):
        raise Problem(NO_LONGER_OPEN)
    if pools:
        newcomer = next(row for row in pair if row["status"] == "active")
        companions = await membership.join_pool(db, who.college_id, pools[0], newcomer, source)
        newcomers, pool_id = [newcomer], pools[0]["pool_id"]
    else:
        companions, newcomers = [], list(pair)
        pool_id = await membership.open_pool(db, who.college_id, pair, source)
    await db.connections.answer_connection(
        **college, connection_id=connection_id, status="approved"
    )
    return await notify_of_approval(db, who, found, pool_id, newcomers, companions)


async def notify_of_approval(
    db: Transaction,
    who: Rider,
    connection: ConnectionsFindReceived,
    pool_id: int,
    newcomers: list[RequestsLockRequests],
    companions: list[PoolsListMembers],
) -> list[Addressed]:
    """Mail the newcomers, withdraw what cannot come true any more, and return all events."""
    await membership.mail_matched(db, who.college_id, newcomers, actor_id=who.user_id)
    college = {"college_id": who.college_id}
    sides = {
        connection["from_user"]: connection["from_request"],
        connection["to_user"]: connection["to_request"],
    }
    contacts = {
        row["id"]: row
        for row in await db.connections.list_contacts(**college, user_ids=list(sides))
    }
    events: list[Addressed] = []
    for user_id, request_id in sides.items():
        partner_id = next(each for each in sides if each != user_id)
        partner = Partner(**contacts[partner_id], request_id=sides[partner_id])
        approved = ConnectionApproved(connection["connection_id"], request_id, partner)
        events.append((user_id, approved))
    events += [became_matched(row["user_id"], row["request_id"], pool_id) for row in newcomers]
    for row in newcomers if companions else ():
        newcomer = Person(row["user_id"], contacts[row["user_id"]]["full_name"])
        joined = PoolJoined(pool_id, newcomer)
        events += [(each["user_id"], joined) for each in companions]
    [pool] = await db.pools.lock_pools(**college, pool_ids=[pool_id])
    riding = [row["request_id"] for row in newcomers]
    riding += [row["request_id"] for row in companions]
    room = pool["capacity"] - pool["seats_taken"]
    hopeless = await db.connections.close_hopeless(
        **college, request_ids=riding, rooms=[room] * len(riding)
    )
    return events + connections_withdrawn(hopeless)


@blueprint.post("/api/pool/connections/<connection_id:id>/withdraw")
@endpoint(answer=ConnectionOutcome, refuses=(NO_SUCH_CONNECTION, ALREADY_ANSWERED))
async def withdraw_connection(request: Request, connection_id: int) -> object:
    """Take back what one asked, while it waits."""
    who = rider(request)
    own = {
        "college_id": who.college_id,
        "user_id": who.user_id,
        "connection_id": connection_id,
    }

    async def take_back(db: Transaction) -> None:
        taken_back = await db.connections.withdraw_sent(**own)
        if taken_back is None:
            sent = await db.connections.find_sent(**own)
            raise Problem(ALREADY_ANSWERED if sent else NO_SUCH_CONNECTION)
        await append(db, taken_back["to_user"], ConnectionWithdrawn(connection_id))

    await run_in_transaction(request, take_back)
    return {"message": "Taken back.", "connection_id": connection_id, "status": "withdrawn"}


@blueprint.get("/api/pool/connections/active")
@endpoint(answer=ActiveConnections)
async def show_active_connection(request: Request) -> object:
    """Show the connection through which one shares a ride now, if any.

    Of several rides it is of the one that started last, else of the one that leaves first;
    `connections` has all."""
    who = rider(request)
    rows = await reading(request).connections.list_active(
        college_id=who.college_id, user_id=who.user_id
    )
    active = [with_partner(row) for row in rows]
    return {"connection": active[0] if active else None, "connections": active}


def with_partner(row: ConnectionsListActive) -> dict[str, Any]:
    return {
        "id": row["id"],
        "status": row["status"],
        "created_at": row["created_at"],
        "user_request_id": row["user_request_id"],
        "partner": {
            "id": row["partner_id"],
            "request_id": row["partner_request_id"],
            "full_name": row["full_name"],
            "phone_number": row["phone_number"],
            "email": row["email"],
            "year_of_study": row["year_of_study"],
            "bio": row["bio"],
        },
    }


@blueprint.get("/api/pool/connections")
@endpoint(query=Page, answer=PendingConnectionPage)
async def list_pending_connections(request: Request, query: Page) -> object:
    """List what waits for an answer, one's own or the other's, the latest first."""
    who = rider(request)
    rows = await reading(request).connections.list_pending(
        college_id=who.college_id,
        user_id=who.user_id,
        before=query.after(int),
        skip=query.skip,
        size=query.limit,
    )
    following = next_cursor(rows, query, lambda row: row["connection_id"])
    return {"items": rows, "next_cursor": following}
