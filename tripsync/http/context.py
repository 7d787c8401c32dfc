"""A handler reaches what it needs from its request, by name and with a type."""

from collections.abc import Awaitable, Callable
from typing import TypeVar, cast

from sanic import Request

from tripsync.database import Bound, Database, Transaction
from tripsync.http.tokens import Rider
from tripsync.resources import Resources
from tripsync.settings import Settings

Outcome = TypeVar("Outcome")


async def run_in_transaction(
    request: Request,
    act: Callable[[Transaction], Awaitable[Outcome]],
    before: Callable[[], Awaitable[None]] | None = None,
) -> Outcome:
    """For a write: all that `act` does or nothing; what lost a race begins again.

    So `act` does nothing that a rollback does not undo; what must not wait under its locks is
    done `before` each try."""
    return await database(request).run_in_transaction(act, before)


def reading(request: Request) -> Bound:
    """For a single read."""
    return database(request).reading


def database(request: Request) -> Database:
    return resources(request)[Database]


def settings(request: Request) -> Settings:
    return resources(request)[Settings]


def resources(request: Request) -> Resources:
    """What this process has opened, each found by its class."""
    return cast("Resources", request.app.ctx.resources)


def rider(request: Request) -> Rider:
    """Who asks. Only where the endpoint is not open."""
    return cast("Rider", request.ctx.rider)
