"""The application, put together: every feature is mounted here."""

from collections.abc import Sequence
from types import ModuleType

import asyncpg
import msgspec
from sanic import Sanic

from tripsync import auth, health, moderation, pooling, profiles, reviews, safety
from tripsync.auth.hashing import Hasher
from tripsync.database import Database
from tripsync.database.encoding import encode
from tripsync.database.listener import Listener
from tripsync.database.migrations import find_schema_problem
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.failures import Failures
from tripsync.http.limits import RateLimits
from tripsync.http.malformed import AnyRequest, add_refusal_of_malformed
from tripsync.http.observation import add_observation
from tripsync.http.origins import add_cors
from tripsync.http.pages import add_pages
from tripsync.http.paths import add_path_patterns
from tripsync.http.tokens import AccessTokens
from tripsync.mail import MailFolder, Postbox
from tripsync.pooling.roads import Roads
from tripsync.profiles.pictures import Pictures
from tripsync.profiles.resumes import Resumes
from tripsync.settings import Settings
from tripsync.storage import open_storage
from tripsync.timers import Timer, Timers

FEATURES = (health, auth, moderation, profiles, pooling, reviews, safety)


class StartError(Exception):
    """The server must not start; the message says what to do."""


def create_app(settings: Settings, name: str = "tripsync") -> Sanic:
    """One server process's application. It opens what it needs when it starts, not before."""
    app = Sanic(
        name,
        error_handler=Failures(),
        request_class=AnyRequest,
        configure_logging=False,
        dumps=encode,
        loads=msgspec.json.decode,
    )
    app.config.update(
        AUTO_EXTEND=False,
        ACCESS_LOG=False,
        MOTD=False,
        PROXIES_COUNT=settings.proxies or None,
        REQUEST_MAX_SIZE=settings.request_max_bytes,
        REQUEST_TIMEOUT=settings.request_timeout_seconds,
        RESPONSE_TIMEOUT=settings.request_timeout_seconds,
        KEEP_ALIVE_TIMEOUT=30,
    )
    app.ctx.settings = settings
    app.ctx.draining = False
    app.ctx.tokens = AccessTokens(settings)

    add_path_patterns(app)
    add_observation(app, production=not settings.in_development)
    add_refusal_of_malformed(app)
    add_cors(app, frozenset(settings.backend_cors_origins))
    add_pages(app)
    for feature in FEATURES:
        for blueprint in feature.blueprints:
            app.blueprint(blueprint)

    app.before_server_start(open_resources)
    app.after_server_stop(close_resources)
    return app


async def open_resources(app: Sanic) -> None:
    settings: Settings = app.ctx.settings
    database = await open_database(settings)
    app.ctx.database = database
    await check_room(database, settings)
    app.ctx.postbox = Postbox(MailFolder(settings.data_dir / "mail"))
    app.ctx.hasher = Hasher(settings)
    app.ctx.storage = open_storage(settings)
    app.ctx.pictures = Pictures(settings)
    app.ctx.resumes = Resumes()
    app.ctx.limits = RateLimits(database, enabled=settings.rate_limits == "on")
    app.ctx.roads = Roads(settings)
    app.ctx.listener = Listener(settings.database_url)
    app.ctx.ended_sessions = EndedSessions(database, app.ctx.tokens.lifetime)
    await app.ctx.ended_sessions.start(app.ctx.listener)
    app.ctx.listener.start()
    app.ctx.timers = Timers(database, [timer for each in FEATURES for timer in timers_of(each)])
    app.ctx.timers.start()


async def open_database(settings: Settings) -> Database:
    """The database, if it can be reached and has the schema that this code knows."""
    try:
        database = await Database.open(settings)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as reason:
        raise StartError(
            f"PostgreSQL cannot be reached ({reason}). Is it running, and is DATABASE_URL right?"
        ) from None
    if problem := await find_schema_problem(database.pool):
        await database.close()
        raise StartError(problem)
    return database


async def check_room(database: Database, settings: Settings) -> None:
    """Every worker takes a pool and a listener; PostgreSQL must have room for all of them."""
    wanted = settings.workers * (settings.database_pool_max + 1)
    room = await database.connection_limit()
    if wanted > room:
        await database.close()
        raise StartError(
            f"{settings.workers} workers with DATABASE_POOL_MAX={settings.database_pool_max} may "
            f"open {wanted} connections, and PostgreSQL takes {room}; lower WORKERS or "
            "DATABASE_POOL_MAX, or raise its max_connections"
        )


def timers_of(feature: ModuleType) -> Sequence[Timer]:
    """What a feature does by the clock; most do nothing."""
    return getattr(feature, "timers", ())


async def close_resources(app: Sanic) -> None:
    await app.ctx.timers.stop()
    await app.ctx.ended_sessions.stop()
    await app.ctx.listener.stop()
    await app.ctx.roads.close()
    await app.ctx.postbox.close()
    app.ctx.hasher.close()
    app.ctx.pictures.close()
    await app.ctx.database.close()
