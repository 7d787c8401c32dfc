"""A command says that it has started, drains and has stopped.

In production each is a line of the log, JSON like all others, for whoever collects them; a person
in a terminal gets a few lines to read.
"""

import logging
import os
import sys

from tripsync import __version__
from tripsync.settings import Settings, warnings

log = logging.getLogger("tripsync.serving")


def serves(settings: Settings, address: str, *, embedded: bool) -> None:
    """Say where the API is, once it answers."""
    warn(settings)
    if not settings.in_development:
        log.info("started", extra={**about(settings), "address": address})
        return
    data = settings.data_dir.expanduser().resolve()
    database = f"embedded PostgreSQL in {data / 'postgres'}" if embedded else "DATABASE_URL"
    say(
        f"  TripSync {__version__} is up ({settings.environment}). Ctrl-C stops it.\n"
        f"    API       {address}/api\n"
        f"    docs      {address}/docs to try, {address}/redoc to read\n"
        f"    database  {database}\n"
        f"    mails     {data / 'mail'}\n"
    )


def works(settings: Settings) -> None:
    """Say that jobs and timers are done from now on."""
    warn(settings)
    if settings.in_development:
        say(f"  TripSync {__version__} does jobs and timers. Ctrl-C stops it.")
    else:
        log.info("started", extra=about(settings))


def drains(settings: Settings) -> None:
    """Say that a process takes its last requests, for how long at most."""
    if not settings.in_development:
        seconds = {"drain_seconds": settings.drain_seconds, "grace_seconds": settings.grace_seconds}
        log.info("draining", extra={"pid": os.getpid(), **seconds})


def has_stopped(settings: Settings, *, embedded: bool) -> None:
    """Say that all is put away."""
    if not settings.in_development:
        log.info("stopped", extra={"pid": os.getpid()})
        return
    database = ", and so has its database" if embedded else ""
    # Not behind the ^C that a terminal shows.
    say(f"  TripSync has stopped{database}. Goodbye.")


def warn(settings: Settings) -> None:
    for each in warnings(settings):
        log.warning("%s", each)


def about(settings: Settings) -> dict[str, object]:
    return {
        "pid": os.getpid(),
        "version": __version__,
        "environment": settings.environment,
        "workers": settings.workers,
    }


def say(lines: str) -> None:
    sys.stdout.write(f"\n{lines}\n")
    sys.stdout.flush()
