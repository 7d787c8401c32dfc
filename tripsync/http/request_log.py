"""Each request gets an id, a line in the log, and headers for safety."""

import logging
import re
from collections.abc import Sequence
from contextvars import ContextVar
from functools import cache
from random import getrandbits
from time import perf_counter, time

from prometheus_client import Counter, Histogram
from sanic import Request, Sanic
from sanic.constants import HTTP_METHODS
from sanic.http import Http
from sanic.response import BaseHTTPResponse

from tripsync.http.responses import Answer, written
from tripsync.http.urls import secret_paths
from tripsync.metrics import counter, histogram

log = logging.getLogger("tripsync.access")

SANE_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")
LONGEST_SHOWN = 300
PLAIN = re.compile(r"[A-Za-z0-9/._~-]{1,300}")
# A value with the name of a secret, as after an escaped question mark; or a JSON Web Token.
TOKEN = re.compile(
    r"((?:token|secret|password|key|code)(?:=|%(?:25)*3d)).*|eyJ[\w-]{8,}.*",
    re.IGNORECASE | re.DOTALL,
)
# Known to every log line that is written while the request is served.
current_request_id: ContextVar[str] = ContextVar("request_id", default="")

REQUESTS = counter("tripsync_requests", "Answered requests", "method", "route", "status")
REQUEST_SECONDS = histogram(
    "tripsync_request_seconds", "Time until a request was answered", "method", "route"
)

SAFE_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
REQUEST_ID = "X-Request-ID"
TLS_ONLY = {"Strict-Transport-Security": "max-age=31536000"}


def request_id_of(request: Request) -> str:
    """The id of a request, even of one too broken to have met the middleware."""
    return getattr(request.ctx, "request_id", None) or begin(request)


def begin(request: Request) -> str:
    offered = request.headers.get("x-request-id", "")
    request_id = offered if SANE_ID.fullmatch(offered) else f"{getrandbits(128):032x}"
    request.ctx.request_id = request_id
    request.ctx.began = perf_counter()
    current_request_id.set(request_id)
    return request_id


def shown_path(path: str, secret: Sequence[str]) -> str:
    """The path for a log: it ends where a secret begins, also when no route takes the rest."""
    for beginning in secret:
        before, found, _ = path.partition(beginning)
        if found:
            return f"{before}{beginning}<secret>"
    if PLAIN.fullmatch(path) and "eyJ" not in path:
        return path
    return printable(TOKEN.sub(r"\1<secret>", path))


def printable(text: str) -> str:
    """Text of a client as a part of a line of the log, which it can neither end nor colour."""
    return ascii(text[:LONGEST_SHOWN])[1:-1]


@cache
def measures_of(method: str, route: str, status: int) -> tuple[Counter, Histogram]:
    """What one kind of answer is counted in: kept, for looking it up costs more than counting."""
    return REQUESTS.labels(method, route, str(status)), REQUEST_SECONDS.labels(method, route)


def measure(request: Request, status: int, seconds: float) -> None:
    """By the pattern of the path, never by the path. What no route takes is all one."""
    route = request.route
    answered, took = (
        measures_of(request.method, f"/{route.path}", status)
        if route
        else measures_of("", "", status)
    )
    answered.inc()
    took.observe(seconds)


# What every record of this log has. logging would look for the line of code that logs, anew for
# each record, which takes longer than the rest of it.
SAME = vars(logging.makeLogRecord({"name": log.name, "levelno": logging.INFO, "levelname": "INFO"}))


def write_line(**answer: object) -> None:
    if log.isEnabledFor(logging.INFO):
        record = logging.LogRecord.__new__(logging.LogRecord)
        text = "{method} {path} {status}".format_map(answer)
        vars(record).update(SAME, **answer, created=time(), msg=text)
        log.handle(record)


def add_observation(app: Sanic, *, production: bool) -> None:
    headers = {**SAFE_HEADERS, **(TLS_ONLY if production else {})}
    usual = written(headers)
    secret: list[str] = []

    async def learn_secret_paths(app: Sanic) -> None:
        secret[:] = secret_paths(app)

    async def open_record(request: Request) -> None:
        begin(request)

    async def close_record(request: Request, response: BaseHTTPResponse) -> None:
        request_id = request_id_of(request)
        if isinstance(response, Answer):
            response.usual = (*usual, *written({REQUEST_ID: request_id}))
        else:
            response.headers[REQUEST_ID] = request_id
            for name, value in headers.items():
                response.headers.setdefault(name, value)
        if app.ctx.resources.draining and isinstance(request.stream, Http):
            # The next request of this client should find a server that stays.
            request.stream.keep_alive = False
        seconds = perf_counter() - request.ctx.began
        measure(request, response.status, seconds)
        unnamed = getattr(request.ctx, "unnamed", False)
        rider = None if unnamed else getattr(request.ctx, "rider", None)
        path = shown_path(request.path, secret)
        method = request.method if request.method in HTTP_METHODS else printable(request.method)
        write_line(
            method=method,
            # Without its query string, which may hold a token.
            path=path,
            status=response.status,
            milliseconds=round(seconds * 1000, 1),
            user_id=rider.user_id if rider else None,
            failure=getattr(request.ctx, "failure", None),
        )

    # Only now are all routes known.
    app.before_server_start(learn_secret_paths)
    # Outermost: first to see a request, last to see its answer.
    app.register_middleware(open_record, "request", priority=100)
    app.register_middleware(close_record, "response", priority=-100)
