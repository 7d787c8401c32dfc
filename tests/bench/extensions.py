"""What sanic-ext costs a trivial GET: the same application with it and without it.

Two servers answer `GET /api/health/ping`. What is compared is the processor time that a request
takes, so that a busy machine disturbs little. The one without it has our
pages and our CORS, and answers neither HEAD nor OPTIONS.

Run as a process, this module is the server without it.
"""

import os
import sys
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import jinja2
import psutil
from sanic import Sanic
from sanic_ext import Extension

from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.target import Ask, Target
from tripsync.app import create_app
from tripsync.http import extensions
from tripsync.http.pages import TEMPLATES
from tripsync.logs import configure_logs
from tripsync.serving.process import bind, run
from tripsync.settings import Settings

PING = (Ask("/api/health/ping"),)


def start_ours_only(app: Sanic, *, extensions: Sequence[Extension], **_: object) -> None:
    """In the place of `Extend`: only those of the extensions are started that are ours."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    bootstrap: Any = SimpleNamespace(environment=jinja2.Environment(loader=loader, autoescape=True))
    for each in extensions:
        if isinstance(each, Extension):
            each.app = app
            each.startup(bootstrap)


def serve() -> None:
    extensions.Extend = start_ours_only
    settings = Settings.from_environment(os.environ)
    configure_logs(production=True)
    run(create_app, settings, bind(settings), when_ready=lambda: None)


async def measure(bench: Bench) -> list[Figure]:
    figure = Figure("GET health/ping, by processor time", "without sanic-ext", "microseconds")
    with (
        bench.empty() as campus,
        campus.tripsync() as own,
        campus.server("tests.bench.extensions") as without,
    ):
        targets = Target(own, PING), Target(without, PING)
        for target in targets:
            await microseconds(bench, target)
        for number in bench.rounds("extensions"):
            took = {}
            for target in targets[:: -1 if number % 2 else 1]:
                took[target.server.pid] = await microseconds(bench, target)
            figure.note(took[own.pid], took[without.pid])
    return [figure]


async def microseconds(bench: Bench, target: Target) -> float:
    """What a request takes of the processor."""
    process = psutil.Process(target.server.pid)
    before = process.cpu_times()
    answered = (await target.ceiling(bench, connections=1)).answered
    after = process.cpu_times()
    return (after.user + after.system - before.user - before.system) / answered * 1e6


if __name__ == "__main__":
    sys.exit(serve())
