"""create_app mounts every feature and opens what they need."""

from functools import partial
from pathlib import Path
from typing import Any, Literal

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
from tripsync.database import Database
from tripsync.database.encoding import encode
from tripsync.database.files import SQL
from tripsync.database.listener import Listener
from tripsync.database.reload import LiveQueries
from tripsync.feature import Feature
from tripsync.gauges import look
from tripsync.http import context, idempotency, rate_limits
from tripsync.http.ended_sessions import EndedSessions
from tripsync.http.error_handler import Failures
from tripsync.http.extensions import add_extensions
from tripsync.http.guide import add_guide
from tripsync.http.openapi import document
from tripsync.http.picture_urls import PictureUrls
from tripsync.http.protocol.addresses import Addresses
from tripsync.http.rate_limits import RateLimits
from tripsync.http.request_log import add_observation
from tripsync.http.tokens import AccessTokens
from tripsync.http.urls import AnyRequest, add_path_patterns, add_refusal_of_malformed
from tripsync.jobs import job
from tripsync.jobs.timers import Timers
from tripsync.jobs.worker import Worker
from tripsync.mail.mailer import Mailer
from tripsync.metrics import MetricsPort
from tripsync.notifications.pusher import Pusher
from tripsync.own_data import OwnDataParts
from tripsync.realtime import api as realtime
from tripsync.realtime import asyncapi, events
from tripsync.realtime.connections import ConnectionManager
from tripsync.realtime.gateway import Gateway
from tripsync.realtime.message_schemas import event_components
from tripsync.resources import Resources, StartError, open_database
from tripsync.settings import Settings

FEATURES: tuple[Feature, ...] = (
    health.feature,
    auth.feature,
    moderation.feature,
    profiles.feature,
    pooling.feature,
    reviews.feature,
    safety.feature,
    chat.feature,
    services.feature,
    notifications.feature,
)


def create_app(settings: Settings, name: str = "tripsync", sql: Path = SQL) -> Sanic:
    """One server process's application. It opens what it needs when it starts, not before.

    `sql` is the folder of its queries."""
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
    resources = app.ctx.resources = Resources()
    resources.add(settings)
    resources.add(AccessTokens(settings))
    resources.add(PictureUrls(settings))
    resources.add(gather_own_data())
    resources.add(Addresses(settings.connections_per_address, proxies=settings.proxies))

    add_path_patterns(app)
    add_observation(app, production=not settings.in_development)
    add_refusal_of_malformed(app)
    app.register_middleware(begin_with_todays_queries, "request", priority=90)
    add_extensions(
        app,
        origins=frozenset(settings.backend_cors_origins),
        sockets=describe_sockets(),
        events=event_components(every("events")),
    )
    if settings.in_development:
        add_guide(app)
    for feature in FEATURES:
        app.blueprint(feature.blueprint)
    app.blueprint(realtime.blueprint)
    app.blueprint(realtime.sockets)

    app.before_server_start(partial(open_server, sql=sql))
    app.before_server_stop(wind_down)
    app.after_server_stop(close)
    return app


async def begin_with_todays_queries(request: Request) -> None:
    """A request ends with the queries that it began with, though new ones go live meanwhile."""
    if context.settings(request).in_development:
        await context.resources(request)[LiveQueries].follow()
    context.database(request).begin_request()


async def open_server(app: Sanic, *, sql: Path) -> None:
    """Open all that a server needs, in the order in which one needs the other."""
    resources: Resources = app.ctx.resources
    try:
        settings = resources[Settings]
        database = await open_database(resources)
        await check_room(database, settings)
        resources.add(RateLimits(database, enabled=settings.rate_limits == "on"))
        listener = listen(resources, sql)
        ended_sessions = EndedSessions(database, resources[AccessTokens].lifetime)
        await ended_sessions.start(listener)
        resources.add(ended_sessions, closed_by=ended_sessions.stop)
        gateway = connect_sockets(resources)
        for feature in FEATURES:
            if feature.open:
                feature.open(resources)
        listener.start()
        await open_metrics(resources, gateway.connections)
        open_background(resources)
        if settings.jobs == "on":
            start_background(resources)
    except BaseException:
        await resources.close()
        raise


async def open_worker(settings: Settings) -> Resources:
    """Open what does jobs and timers without a server."""
    resources = Resources()
    resources.add(settings)
    try:
        await open_database(resources)
        listen(resources).start()
        await open_metrics(resources)
        open_background(resources)
        start_background(resources)
    except BaseException:
        await resources.close()
        raise
    return resources


async def check_room(database: Database, settings: Settings) -> None:
    """Every worker takes a pool, a listener, and one for jobs; PostgreSQL must have the room."""
    wanted = settings.workers * (settings.database_pool_max + 1 + (settings.jobs == "on"))
    room = await database.connection_limit()
    if wanted > room:
        raise StartError(
            f"{settings.workers} workers with DATABASE_POOL_MAX={settings.database_pool_max} may "
            f"open {wanted} connections, and PostgreSQL takes {room}; lower WORKERS or "
            "DATABASE_POOL_MAX, or raise its max_connections"
        )


def listen(resources: Resources, sql: Path = SQL) -> Listener:
    """What other processes say; edited queries go live by it. It is to be started."""
    database = resources[Database]
    listener = Listener(resources[Settings].database_url, database.availability)
    resources.add(listener, closed_by=listener.stop)
    resources.add(LiveQueries(database, sql)).attach(listener)
    return listener


def connect_sockets(resources: Resources) -> Gateway:
    """Events reach sockets, and ended sessions end them."""
    listener = resources[Listener]
    gateway = Gateway(resources, every("frames"))
    resources[EndedSessions].on_end(gateway.connections.end_sessions)
    listener.subscribe(events.CHANNEL, gateway.delivery.on_notification)
    resources[Database].publisher.deliver_locally(listener.dispatch)
    gateway.start()
    return resources.add(gateway, closed_by=gateway.stop)


async def open_metrics(
    resources: Resources, connections: ConnectionManager | None = None
) -> MetricsPort:
    """Where Prometheus finds this process, if it is to."""
    settings = resources[Settings]
    metrics = MetricsPort(settings, partial(look, resources[Database], connections))
    try:
        await metrics.start()
    except OSError as reason:
        raise StartError(
            f"cannot listen on {settings.metrics_host}:{settings.metrics_port} for metrics "
            f"({reason.strerror}); choose another METRICS_PORT, or stop whoever has it"
        ) from None
    return resources.add(metrics, closed_by=metrics.stop)


def open_background(resources: Resources) -> None:
    """All that features do outside requests. It is to be started."""
    settings, database = resources[Settings], resources[Database]
    jobs = [Mailer(settings, every("letters")).job, *every("jobs")]
    timers = [
        *events.timers,
        *idempotency.timers,
        *rate_limits.timers,
        *job.timers,
        *every("timers"),
    ]
    if settings.push_webhook_url:
        pusher = Pusher(settings, every("events"))
        jobs.append(pusher.job)
        timers.append(pusher.timer)
    worker = Worker(settings, database, jobs)
    resources.add(worker, closed_by=worker.stop)
    clock = Timers(database, timers)
    resources.add(clock, closed_by=clock.stop)


def start_background(resources: Resources) -> None:
    resources[Worker].start()
    resources[Timers].start()


Part = Literal["frames", "events", "jobs", "letters", "timers", "sections", "erasures"]


def every(part: Part) -> list[Any]:
    """What all features list under a name."""
    return [each for feature in FEATURES for each in getattr(feature, part)]


def describe_calls(app: Sanic) -> dict[str, Any]:
    """The OpenAPI document of this application."""
    return document.describe(app, event_components(every("events")))


def describe_sockets() -> dict[str, Any]:
    """The AsyncAPI document of this application."""
    return asyncapi.describe(every("frames"), every("events"))


def gather_own_data() -> OwnDataParts:
    """All that is exported of a rider and erased. Features erase first: what they do in it may
    append events."""
    return OwnDataParts(
        sections=[*every("sections"), *events.sections],
        erasures=[*every("erasures"), *events.erasures, *idempotency.erasures],
    )


async def wind_down(app: Sanic) -> None:
    app.ctx.resources[Worker].wind_down()


async def close(app: Sanic) -> None:
    await app.ctx.resources.close()
