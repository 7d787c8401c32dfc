"""The application, put together: every feature is mounted here."""

import logging
from functools import partial
from typing import Any

import msgspec
from sanic import Request, Sanic

from tripsync import (
    auth,
    chat,
    health,
    moderation,
    notifications,
    pooling,
    profiles,
    reviews,
    safety,
    services,
)
from tripsync.auth.hashing import Hasher
from tripsync.database import Database
from tripsync.database.encoding import encode
from tripsync.database.files import SQL
from tripsync.database.listener import Listener
from tripsync.database.migrations import find_schema_problem
from tripsync.database.reload import LiveQueries, ReloadError, reload_everywhere
from tripsync.gauges import look
from tripsync.http import idempotency, rate_limits
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.error_handler import Failures
from tripsync.http.extensions import add_extensions
from tripsync.http.picture_urls import PictureUrls
from tripsync.http.rate_limits import RateLimits
from tripsync.http.request_log import add_observation
from tripsync.http.tokens import AccessTokens
from tripsync.http.urls import AnyRequest, add_path_patterns, add_refusal_of_malformed
from tripsync.jobs import job
from tripsync.jobs.background import Background
from tripsync.mail.mailer import Mailer
from tripsync.metrics import MetricsPort
from tripsync.notifications.pusher import Pusher
from tripsync.profiles.pictures import Pictures
from tripsync.profiles.resumes import Resumes
from tripsync.realtime import api as realtime
from tripsync.realtime import asyncapi, events
from tripsync.realtime.connections import ConnectionManager
from tripsync.realtime.gateway import Switchboard
from tripsync.routing.roads import Roads
from tripsync.safety import positions
from tripsync.safety.positions import Positions
from tripsync.settings import Settings
from tripsync.storage import open_storage

log = logging.getLogger("tripsync")

FEATURES = (
    health,
    auth,
    moderation,
    profiles,
    pooling,
    reviews,
    safety,
    chat,
    services,
    notifications,
)


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
    app.ctx.picture_urls = PictureUrls(settings)
    app.ctx.query_files = SQL
    app.ctx.reload_queries = partial(reload_queries, settings)

    add_path_patterns(app)
    add_observation(app, production=not settings.in_development)
    add_refusal_of_malformed(app)
    app.register_middleware(begin_with_todays_queries, "request", priority=90)
    add_extensions(
        app, origins=frozenset(settings.backend_cors_origins), sockets=describe_sockets()
    )
    for feature in FEATURES:
        for blueprint in feature.blueprints:
            app.blueprint(blueprint)
    app.blueprint(realtime.blueprint)
    app.blueprint(realtime.sockets)

    app.before_server_start(open_resources)
    app.before_server_stop(wind_down)
    app.after_server_stop(close_resources)
    return app


async def reload_queries(settings: Settings) -> None:
    """What SIGHUP asks for: edited queries go live in every worker, or in none."""
    try:
        workers = await reload_everywhere(settings.database_url)
    except ReloadError as reason:
        log.error("the queries stay as they were:\n%s", reason)
    else:
        log.info("new queries are live in %s workers", workers)


async def begin_with_todays_queries(request: Request) -> None:
    """A request ends with the queries that it began with, though new ones go live meanwhile."""
    if request.app.ctx.settings.in_development:
        await request.app.ctx.live_queries.follow()
    request.app.ctx.database.begin_request()


async def open_resources(app: Sanic) -> None:
    settings: Settings = app.ctx.settings
    database = await open_database(settings)
    app.ctx.database = database
    await check_room(database, settings)
    app.ctx.hasher = Hasher(settings)
    app.ctx.storage = open_storage(settings)
    app.ctx.pictures = Pictures(settings)
    app.ctx.resumes = Resumes()
    app.ctx.limits = RateLimits(database, enabled=settings.rate_limits == "on")
    app.ctx.roads = Roads(settings)
    app.ctx.listener = Listener(settings.database_url, database.availability)
    app.ctx.live_queries = LiveQueries(database, app.ctx.query_files)
    app.ctx.live_queries.attach(app.ctx.listener)
    app.ctx.ended_sessions = EndedSessions(database, app.ctx.tokens.lifetime)
    await app.ctx.ended_sessions.start(app.ctx.listener)
    connect_sockets(app, database)
    app.ctx.listener.start()
    app.ctx.metrics = await open_metrics(settings, database, app.ctx.switchboard.connections)
    app.ctx.background = background_of(settings, database)
    if settings.jobs == "on":
        app.ctx.background.start()


def connect_sockets(app: Sanic, database: Database) -> None:
    """Events and positions reach sockets, and ended sessions end them."""
    app.ctx.switchboard = Switchboard(app, database, listed("frames"))
    app.ctx.ended_sessions.on_end(app.ctx.switchboard.connections.end_sessions)
    app.ctx.listener.on(events.CHANNEL, app.ctx.switchboard.delivery.hear)
    app.ctx.positions = Positions(database, app.ctx.switchboard.connections)
    app.ctx.listener.on(positions.CHANNEL, app.ctx.positions.hear)
    database.announcer.heard_here(app.ctx.listener.hear)
    app.ctx.switchboard.start()
    app.ctx.positions.start()


async def open_database(settings: Settings) -> Database:
    """The database, if it can be reached and has the schema that this code knows."""
    database = await Database.open(settings)
    if problem := await find_schema_problem(database.pool):
        await database.close()
        raise StartError(problem)
    return database


async def open_metrics(
    settings: Settings, database: Database, connections: ConnectionManager | None = None
) -> MetricsPort:
    """Where Prometheus finds this process, if it is to."""
    metrics = MetricsPort(settings, partial(look, database, connections))
    try:
        await metrics.start()
    except OSError as reason:
        raise StartError(
            f"cannot listen on {settings.metrics_host}:{settings.metrics_port} for metrics "
            f"({reason.strerror}); choose another METRICS_PORT, or stop whoever has it"
        ) from None
    return metrics


async def check_room(database: Database, settings: Settings) -> None:
    """Every worker takes a pool, a listener, and one for jobs; PostgreSQL must have the room."""
    wanted = settings.workers * (settings.database_pool_max + 1 + (settings.jobs == "on"))
    room = await database.connection_limit()
    if wanted > room:
        await database.close()
        raise StartError(
            f"{settings.workers} workers with DATABASE_POOL_MAX={settings.database_pool_max} may "
            f"open {wanted} connections, and PostgreSQL takes {room}; lower WORKERS or "
            "DATABASE_POOL_MAX, or raise its max_connections"
        )


def background_of(settings: Settings, database: Database) -> Background:
    """All that features do outside requests, for a server or for `tripsync worker`."""
    jobs = [Mailer(settings, listed("letters")).job, *listed("jobs")]
    timers = [
        *events.timers,
        *idempotency.timers,
        *rate_limits.timers,
        *job.timers,
        *listed("timers"),
    ]
    if settings.push_webhook_url:
        pusher = Pusher(settings, listed("messages"))
        jobs.append(pusher.job)
        timers.append(pusher.timer)
    return Background(settings, database, jobs, timers)


def listed(name: str) -> list[Any]:
    """What all features list under a name: `jobs` (done outside requests), `letters` (mailed),
    `timers` (done by the clock), `frames` (said on sockets), `messages` (heard there). Most list
    little."""
    return [each for feature in FEATURES for each in getattr(feature, name, ())]


def describe_sockets() -> dict[str, Any]:
    """The AsyncAPI document of this application."""
    return asyncapi.describe(listed("frames"), listed("messages"))


async def wind_down(app: Sanic) -> None:
    app.ctx.background.wind_down()


async def close_resources(app: Sanic) -> None:
    await app.ctx.metrics.stop()
    await app.ctx.background.stop()
    await app.ctx.positions.stop()
    await app.ctx.switchboard.stop()
    await app.ctx.ended_sessions.stop()
    await app.ctx.listener.stop()
    await app.ctx.roads.close()
    app.ctx.hasher.close()
    app.ctx.pictures.close()
    await app.ctx.database.close()
