"""A server process serves from a bound socket to the last answered request."""

import asyncio
import logging
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import uvloop
from sanic import Sanic
from sanic.application.state import ApplicationServerInfo
from sanic.http.constants import HTTP
from sanic.server.async_server import AsyncioServer

from tripsync.database.reload import ReloadError, reload_everywhere
from tripsync.realtime.protocol import SocketProtocol
from tripsync.resources import Resources
from tripsync.serving import announcements
from tripsync.settings import Settings

Factory = Callable[[Settings], Sanic]

log = logging.getLogger("tripsync")

BACKLOG = 1024
LOOK_AGAIN_AFTER = 0.02


def bind(settings: Settings) -> socket.socket:
    """The port, taken before any process is started to serve it."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((settings.host, settings.port))
    sock.listen(BACKLOG)
    sock.setblocking(False)
    return sock


@asynccontextmanager
async def serving(app: Sanic, sock: socket.socket) -> AsyncIterator[None]:
    """Serves inside the block; on leaving it, drains.

    Sanic's own runner lets clients in before the application is ready for them, and on a
    stop leaves connections open that it found busy once.
    """
    # On a terminal it would warn of its "PRODUCTION mode", which is not our ENVIRONMENT.
    os.environ.setdefault("SANIC_IGNORE_PRODUCTION_WARNING", "yes")
    server = await app.create_server(
        sock=sock,
        protocol=SocketProtocol,
        return_asyncio_server=True,
        backlog=BACKLOG,
        asyncio_server_kwargs={"start_serving": False},
    )
    assert server is not None
    # Sanic's runner leaves this note; without it every answer carries an empty alt-svc header.
    app.state.server_info.append(ApplicationServerInfo({"version": HTTP.VERSION_1}))
    try:
        await server.startup()
        await server.before_start()
        await server.start_serving()
        await server.after_start()
    except BaseException:
        server.close()
        raise
    try:
        yield
    finally:
        await drain(app, server)


async def drain(app: Sanic, server: AsyncioServer) -> None:
    """Readiness fails, then the port closes, requests in flight finish, and all is put away."""
    resources: Resources = app.ctx.resources
    settings = resources[Settings]
    resources.draining = True
    announcements.drains(settings)
    await asyncio.sleep(settings.drain_seconds)
    loop = asyncio.get_running_loop()
    # The good-byes to sockets, which come first, are a part of it.
    patience_ends = loop.time() + settings.grace_seconds
    await server.before_stop()
    closed = server.close()
    while server.connections and loop.time() < patience_ends:
        for connection in list(server.connections):
            connection.close_if_idle()
        await asyncio.sleep(LOOK_AGAIN_AFTER)
    for connection in list(server.connections):
        connection.abort()
    if closed:
        closed.cancel()
    await server.after_stop()


async def reload_queries(settings: Settings) -> None:
    """What SIGHUP asks for: edited queries go live in every worker, or in none."""
    try:
        workers = await reload_everywhere(settings.database_url, owner_url=settings.owner_url)
    except ReloadError as reason:
        log.error("the queries stay as they were:\n%s", reason)
    else:
        log.info("new queries are live in %s workers", workers)


def reloads_on_hangup() -> bool:
    """Not in a terminal: there it says that the window was closed, and we go with it."""
    return not sys.stdin.isatty()


def run(
    factory: Factory,
    settings: Settings,
    sock: socket.socket,
    *,
    when_ready: Callable[[], object],
    watch: Callable[[asyncio.Event], object] = lambda stop: None,
) -> None:
    """Serve until SIGTERM or SIGINT, or until whoever watches says stop."""

    async def serve() -> None:
        stop = asked_to_stop()
        watch(stop)
        app = factory(settings)

        # Kept here, or they might be collected on their way.
        reloads: set[asyncio.Task[None]] = set()

        def begin_reload() -> None:
            reload = asyncio.create_task(reload_queries(settings))
            reloads.add(reload)
            reload.add_done_callback(reloads.discard)

        if reloads_on_hangup():
            asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, begin_reload)
        # A supervisor holds it back until here.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})
        async with serving(app, sock):
            when_ready()
            await stop.wait()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve())


def asked_to_stop() -> asyncio.Event:
    """What SIGTERM and SIGINT set from now on."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for each in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(each, stop.set)
    return stop
