"""Which web pages may call: the origins of BACKEND_CORS_ORIGINS, with credentials.

A caller without an Origin header is no web page and is not concerned. Methods and headers
are named, because `*` means nothing for calls with credentials and never Authorization.
"""

from sanic import HTTPResponse, Request, Sanic
from sanic.response import BaseHTTPResponse

METHODS = "GET, POST, PUT, PATCH, DELETE, OPTIONS"
REQUEST_HEADERS = "Authorization, Content-Type, Idempotency-Key, If-None-Match, X-Request-ID"
ANSWER_HEADERS = "ETag, Idempotency-Replayed, Retry-After, X-Next-Cursor, X-Request-ID"
PREFLIGHT_SECONDS = "600"


def add_cors(app: Sanic, origins: frozenset[str]) -> None:
    async def answer_preflight(request: Request) -> HTTPResponse | None:
        if request.method != "OPTIONS" or "access-control-request-method" not in request.headers:
            return None
        response = HTTPResponse(status=204)
        if request.headers.get("origin") in origins:
            response.headers["Access-Control-Allow-Methods"] = METHODS
            response.headers["Access-Control-Allow-Headers"] = REQUEST_HEADERS
            response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS
        return response

    async def allow_origin(request: Request, response: BaseHTTPResponse) -> None:
        # Also where no origin is allowed: a cache must not give one origin's answer to another.
        response.headers.add("Vary", "Origin")
        if (origin := request.headers.get("origin")) in origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Allow-Credentials"] = "true"
            response.headers["Access-Control-Expose-Headers"] = ANSWER_HEADERS

    app.register_middleware(answer_preflight, "request", priority=50)
    app.register_middleware(allow_origin, "response")
