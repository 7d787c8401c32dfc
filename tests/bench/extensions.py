"""What sanic-ext costs a trivial GET: the same application with it and without it.

    .venv/bin/python tests/bench/extensions.py --rounds 12

Two servers with production logs on one PostgreSQL; `GET /api/health/ping`, one after the other,
over one kept connection. What is compared is the processor time that a server takes for the same
number of requests, so that a busy machine disturbs little. Rounds alternate which server comes
first. A ratio above 1 means that the server with sanic-ext took less. The one without it has our
pages and our CORS, and answers neither HEAD nor OPTIONS.
"""

import argparse
import os
import re
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jinja2
import psutil
from figures import spread
from sanic import Sanic
from sanic_ext import Extension
from sanic_ext.extensions.http.extension import HTTPExtension
from sanic_ext.extensions.templating.extension import TemplatingExtension
from servers import HOST, clean_environment, free_port, running

from tripsync.app import create_app
from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.http import extensions
from tripsync.http.pages import TEMPLATES
from tripsync.logs import configure_logs
from tripsync.serving.process import bind, run
from tripsync.settings import Settings

REQUEST = f"GET /api/health/ping HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
LENGTH = re.compile(rb"content-length: (\d+)")
SERVERS = ("with", "without")
THEIRS = (HTTPExtension, TemplatingExtension)


def start_ours_only(app: Sanic, *, extensions: Sequence[Extension], **_: object) -> None:
    """In the place of `Extend`: nothing of sanic-ext is started."""
    loader = jinja2.FileSystemLoader(TEMPLATES)
    bootstrap: Any = SimpleNamespace(environment=jinja2.Environment(loader=loader, autoescape=True))
    for each in extensions:
        if each not in THEIRS:
            each.app = app
            each.startup(bootstrap)


def serve(which: str) -> None:
    if which == "without":
        extensions.Extend = start_ours_only
    settings = Settings.from_environment(os.environ)
    configure_logs(production=True)
    run(create_app, settings, bind(settings), when_ready=lambda: None)


class Measured:
    """One server, and what it took for each round."""

    def __init__(self, pid: int, port: int) -> None:
        self._process = psutil.Process(pid)
        self._connection = socket.create_connection((HOST, port))
        self.microseconds: list[float] = []

    def measure(self, requests: int) -> None:
        before = self._process.cpu_times()
        for _ in range(requests):
            self._ask()
        after = self._process.cpu_times()
        took = after.user + after.system - before.user - before.system
        self.microseconds.append(took / requests * 1e6)

    def _ask(self) -> None:
        self._connection.sendall(REQUEST)
        answer = self._connection.recv(65_536)
        while (head := answer.find(b"\r\n\r\n")) < 0:
            answer += self._connection.recv(65_536)
        length = LENGTH.search(answer, 0, head)
        if not answer.startswith(b"HTTP/1.1 200") or not length:
            raise SystemExit(f"not what was asked for: {answer!r}")
        while len(answer) < head + 4 + int(length[1]):
            answer += self._connection.recv(65_536)


def compare(rounds: int, requests: int) -> None:
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        url = stack.enter_context(embedded_server(folder))
        migrate(url)
        servers = []
        for which in SERVERS:
            port = free_port()
            environment = clean_environment() | {
                "DATABASE_URL": url,
                "SECRET_KEY": secrets.token_urlsafe(48),
                "ENVIRONMENT": "production",
                "TRIPSYNC_DATA_DIR": str(folder),
                "HOST": HOST,
                "PORT": str(port),
                # Timers would take time of their own.
                "JOBS": "off",
            }
            command = [sys.executable, __file__, "--serve", which]
            process = stack.enter_context(
                running(command, environment, folder / f"{which}.log", port)
            )
            servers.append(Measured(process.pid, port))
        for each in servers:
            each.measure(requests)
            each.microseconds.clear()
        for number in range(rounds):
            print(f"round {number + 1} of {rounds} ...", end="\r", file=sys.stderr, flush=True)
            for each in servers if number % 2 else reversed(servers):
                each.measure(requests)
    own, without = servers
    for which, each in zip(SERVERS, servers, strict=True):
        print(f"{which:<8} sanic-ext: {spread(each.microseconds, '.0f')} microseconds a request")
    ratios = [b / a for a, b in zip(own.microseconds, without.microseconds, strict=True)]
    print(f"throughput with by without: {spread(ratios, '.2f')}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=12)
    parser.add_argument("--requests", type=int, default=3000, help="of each server in a round")
    parser.add_argument("--serve", choices=SERVERS, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.serve:
        serve(chosen.serve)
    else:
        compare(chosen.rounds, chosen.requests)


if __name__ == "__main__":
    main()
