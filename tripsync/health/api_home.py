"""The first page: what runs here, whether it is well, and where to go on."""

import asyncio
from typing import Annotated, Literal

import asyncpg
import msgspec
from msgspec import Meta
from sanic import Request

from tripsync import __version__
from tripsync.database import Database, availability
from tripsync.database.files import SEEDED_EMAIL, SEEDED_PASSWORD
from tripsync.database.migrations import find_schema_problem
from tripsync.health.api import blueprint
from tripsync.http.context import database, resources, settings
from tripsync.http.endpoint import endpoint
from tripsync.http.pages import page
from tripsync.http.responses import JSON, respond
from tripsync.resources import Resources

Standing = Literal["ready", "schema_differs", "away"]

# Who waits for a page does not want to wait for a database that hangs.
ANSWERS_WITHIN = 1.0
HTML = "text/html"
IN_WORDS: dict[Standing, str] = {
    "ready": "The database answers.",
    "schema_differs": "The database answers, but its schema is not the one this server knows.",
    "away": "The database does not answer. Most calls fail until it does.",
}
SHOWN_RIDERS = 3


class ServerLinks(msgspec.Struct):
    """Where to go on."""

    try_it: Annotated[str, Meta(examples=["/docs"])] = "/docs"
    read: Annotated[str, Meta(examples=["/redoc"])] = "/redoc"
    sockets_guide: Annotated[str, Meta(examples=["/docs/sockets"])] = "/docs/sockets"
    openapi: Annotated[str, Meta(examples=["/openapi.json"])] = "/openapi.json"
    asyncapi: Annotated[str, Meta(examples=["/asyncapi.json"])] = "/asyncapi.json"


class SeededRiders(msgspec.Struct):
    """Riders to sign in as; only a development server that was seeded tells of them."""

    emails: Annotated[list[str], Meta(examples=[[SEEDED_EMAIL.format(1)]])] = msgspec.field(
        default_factory=lambda: [SEEDED_EMAIL.format(n + 1) for n in range(SHOWN_RIDERS)]
    )
    password: Annotated[str, Meta(examples=[SEEDED_PASSWORD])] = SEEDED_PASSWORD


class ServerInfo(msgspec.Struct):
    """What runs here."""

    database: Annotated[Standing, Meta(examples=["ready"])]
    riders: SeededRiders | None
    name: Annotated[str, Meta(examples=["TripSync"])] = "TripSync"
    version: Annotated[str, Meta(examples=[__version__])] = __version__
    links: ServerLinks = msgspec.field(default_factory=ServerLinks)


class Look(msgspec.Struct):
    """What was seen of the database."""

    standing: Standing
    seeded: bool = False


AWAY = Look("away")


class Probe:
    """Looks at the database, once at a time: whoever asks meanwhile is told what comes of it."""

    def __init__(self) -> None:
        self._under_way: asyncio.Task[Look] | None = None

    async def look(self, database: Database) -> Look:
        if self._under_way is None or self._under_way.done():
            self._under_way = asyncio.create_task(look(database))
        # Not cancelled when the time is up: giving a connection back would wait for the database.
        done, _ = await asyncio.wait({self._under_way}, timeout=ANSWERS_WITHIN)
        return self._under_way.result() if done else AWAY


async def look(database: Database) -> Look:
    try:
        if await find_schema_problem(database.pool):
            return Look("schema_differs")
        first = await database.reading.accounts.find_credentials(email=SEEDED_EMAIL.format(1))
    except (asyncpg.PostgresError, *availability.AWAY):
        return AWAY
    return Look("ready", seeded=first is not None)


@blueprint.get("/api", name="show_base_address")
@blueprint.get("/", name="show_server")
@endpoint(answer=ServerInfo, open=True)
async def show_server(request: Request) -> object:
    """Tell what runs here, and where its documents are.

    Whoever prefers `text/html`, as browsers do, gets a page; everybody else gets JSON. The
    database is waited for no longer than a second."""
    seen = await resources(request)[Probe].look(database(request))
    development = settings(request).in_development
    home = ServerInfo(seen.standing, SeededRiders() if development and seen.seeded else None)
    if request.accept.match(JSON, HTML) == HTML:
        told = await page(
            request,
            "home.html",
            home=home,
            standing=IN_WORDS[seen.standing],
            development=development,
        )
    else:
        told = respond(home, 200)
    told.headers.add("Vary", "Accept")
    return told


def open_probe(resources: Resources) -> None:
    resources.add(Probe())
