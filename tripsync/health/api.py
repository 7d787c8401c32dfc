"""Three questions, for three askers: the app, the supervisor, the load balancer."""

import asyncio
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from sanic import Blueprint, Request

from tripsync.database.availability import ANSWERS_WITHIN, AWAY, READ_ONLY
from tripsync.database.migrations import find_schema_problem
from tripsync.http.context import database, resources
from tripsync.http.endpoint import endpoint
from tripsync.http.problems import Problem, Refusal

blueprint = Blueprint("health")

NOT_READY = Refusal(
    503, "not_ready", "Not ready", "This server takes no traffic now; another one may."
)


class Pong(msgspec.Struct):
    """The answer to a ping."""

    ping: Annotated[Literal["pong!"], Meta(examples=["pong!"])] = "pong!"


class HealthStatus(msgspec.Struct):
    """How the server is."""

    status: Annotated[str, Meta(examples=["ready"])]


@blueprint.get("/api/health/ping")
@endpoint(answer=Pong, open=True)
async def ping(_: Request) -> object:
    """Say hello."""
    return Pong()


@blueprint.get("/api/health/live")
@endpoint(answer=HealthStatus, open=True)
async def check_liveness(_: Request) -> object:
    """Tell whether the process works; it does not look at the database."""
    return HealthStatus("live")


@blueprint.get("/api/health/ready")
@endpoint(answer=HealthStatus, refuses=(NOT_READY,), open=True)
async def check_readiness(request: Request) -> object:
    """Tell whether traffic should come here: database well, schema known, not stopping."""
    availability = database(request).availability
    if resources(request).draining:
        raise Problem(NOT_READY, "This server is stopping; another one takes over.")
    try:
        async with asyncio.timeout(ANSWERS_WITHIN):
            problem = await find_schema_problem(database(request).pool)
            await database(request).expect_writes()
    except AWAY as reason:
        availability.suspect(reason)
        raise Problem(NOT_READY, "The database cannot be reached.") from None
    except READ_ONLY as reason:
        availability.suspect(reason)
        raise Problem(NOT_READY, "The database takes no changes now, only reads.") from None
    if problem:
        raise Problem(NOT_READY, "The database's schema is not the one this server knows.")
    return HealthStatus("ready")
