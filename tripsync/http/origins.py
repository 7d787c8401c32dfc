"""CORS admits the web pages of BACKEND_CORS_ORIGINS, with credentials.

A caller without an Origin header is no web page and is not concerned. Methods and headers
are named, because `*` means nothing for calls with credentials and never Authorization.
React Native sends the address that it opens a socket to as its Origin, so that is allowed too.
"""

import logging
import re

from sanic import HTTPResponse, Request
from sanic.response import BaseHTTPResponse
from sanic_ext import Extend, Extension

from tripsync.http.context import settings

log = logging.getLogger("tripsync.http")

METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"
ANSWER_HEADERS = "ETag, Idempotency-Replayed, Retry-After, X-Next-Cursor, X-Request-ID"
PREFLIGHT_SECONDS = "600"
DEFAULT_PORTS = {"http": 80, "ws": 80, "https": 443, "wss": 443}
HOST_AND_PORT = re.compile(
    r"([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?", re.IGNORECASE | re.ASCII
)
# Anybody can invent origins; neither the log nor the memory is theirs to fill.
MOST_ORIGINS_LOGGED = 100
LONGEST_ORIGIN_LOGGED = 100


def may_open_sockets(request: Request) -> bool:
    """Browsers apply no CORS to sockets, so the server looks at the Origin by itself."""
    origin = request.headers.get("origin")
    return (
        origin is None
        or origin in settings(request).backend_cors_origins
        or is_own_origin(request, origin)
    )


def is_own_origin(request: Request, origin: str) -> bool:
    """Whether an origin is the address that the client sent this request to.

    `request.forwarded` is empty unless PROXIES says that a proxy is trusted."""
    told = request.forwarded
    proxies = settings(request).proxies
    scheme = by_first_trusted(str(told.get("proto", "")), proxies)
    if not scheme and request.conn_info and request.conn_info.ssl:
        scheme = "https"
    host = by_first_trusted(str(told.get("host", "")), proxies) or request.headers.get("host", "")
    return is_same_address(origin, host, scheme, int(told.get("port", 0)))


def by_first_trusted(values: str, proxies: int) -> str:
    """What the outermost trusted proxy said: each one may append its own value to a list."""
    return values.split(",")[-proxies:][0].strip()


def is_same_address(origin: str, host: str, scheme: str = "", port: int = 0) -> bool:
    """Whether an origin has the host and the port of a request.

    A `host` without a port means `port`, or the default one of the scheme that the request was
    sent with; where both are unknown (0 and ""), the default one of the origin's scheme."""
    origin_scheme, _, address = origin.partition("://")
    default = DEFAULT_PORTS.get(origin_scheme.lower())
    if default is None:
        return False
    theirs = host_and_port(address, default)
    return theirs is not None and theirs == host_and_port(
        host, port or DEFAULT_PORTS.get(scheme.lower(), default)
    )


def host_and_port(address: str, default_port: int) -> tuple[str, int] | None:
    """The two parts of `host:port`; None for anything that is no such address."""
    if not (parts := HOST_AND_PORT.fullmatch(address)):
        return None
    host, port = parts.groups()
    return host.lower(), int(port or default_port)


class RefusedOrigins:
    """Logs each origin that is refused once in this process."""

    def __init__(self) -> None:
        self._logged: set[str] = set()

    def log(self, origin: str) -> None:
        shown = ascii(origin[:LONGEST_ORIGIN_LOGGED])
        if shown in self._logged or len(self._logged) >= MOST_ORIGINS_LOGGED:
            return
        self._logged.add(shown)
        log.warning(
            "origin %s is refused; if it is a page of yours, add it to BACKEND_CORS_ORIGINS", shown
        )
        if len(self._logged) == MOST_ORIGINS_LOGGED:
            log.warning("further origins that BACKEND_CORS_ORIGINS lacks are not logged")


class CrossOrigin(Extension):
    """Tells browsers which pages may read our answers."""

    name = "origins"

    def __init__(self, origins: frozenset[str]) -> None:
        self._origins = origins
        self._refused = RefusedOrigins()

    def startup(self, _: Extend) -> None:
        self.app.register_middleware(self.answer_preflight, "request", priority=50)
        self.app.register_middleware(self.allow_origin, "response")

    async def answer_preflight(self, request: Request) -> HTTPResponse | None:
        if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
            return None
        response = HTTPResponse(status=204)
        if request.headers.get("origin") in self._origins:
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        return response

    async def allow_origin(self, request: Request, response: BaseHTTPResponse) -> None:
        # Also where no origin is allowed: a cache must not give one origin's answer to another.
        response.headers.add("Vary", "Origin")
        if (origin := request.headers.get("origin")) in self._origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = ANSWER_HEADERS
        elif origin is not None and not is_own_origin(request, origin):
            self._refused.log(origin)
