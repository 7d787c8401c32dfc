"""/openapi.json and /asyncapi.json, and two ways to read them: /docs to try calls, /redoc to read.

Both work without internet. Swagger UI comes out of a wheel (swagger-ui-py); the reading
view is one page of our own, written once at start.
"""

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sanic import HTTPResponse, Request, Sanic
from sanic.response import file

from tripsync.database.encoding import encode
from tripsync.http.openapi import describe, refusals
from tripsync.http.reading_view import render

SWAGGER_FILES = {
    "swagger-ui.css": "text/css",
    "swagger-ui-bundle.js": "text/javascript",
    "favicon-32x32.png": "image/png",
}
SWAGGER_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>TripSync: try the API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
<link rel="icon" href="/docs/favicon-32x32.png">
</head>
<body>
<div id="swagger"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
"""
SWAGGER_START = """SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger",
  deepLinking: true,
  persistAuthorization: true,
  validatorUrl: null,
});
"""
# Everything from this server; Swagger UI sets inline styles and embeds small images.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'"
)
A_DAY = 86_400


def swagger_folder() -> Path:
    # Found without importing the package, which would bring its web frameworks' handlers along.
    spec = find_spec("swagger_ui")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("swagger-ui-py is not installed")
    return Path(spec.submodule_search_locations[0]) / "static"


def page(content: str | bytes, content_type: str) -> HTTPResponse:
    return HTTPResponse(
        content,
        headers={"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"},
        content_type=content_type,
    )


def add_pages(app: Sanic, sockets: Mapping[str, Any]) -> None:
    """`sockets` is their AsyncAPI document."""
    written: dict[str, Any] = {"sockets": encode(sockets)}
    folder = swagger_folder()

    @app.before_server_start
    async def write_pages(app: Sanic) -> None:
        document = describe(app)
        written["document"] = encode(document)
        written["reading view"] = render(document, refusals(app), sockets)

    @app.get("/openapi.json", name="openapi")
    async def openapi(_: Request) -> HTTPResponse:
        return page(written["document"], "application/json")

    @app.get("/asyncapi.json", name="asyncapi")
    async def asyncapi(_: Request) -> HTTPResponse:
        return page(written["sockets"], "application/json")

    @app.get("/docs", name="docs")
    async def docs(_: Request) -> HTTPResponse:
        return page(SWAGGER_PAGE, "text/html; charset=utf-8")

    @app.get("/docs/start.js", name="docs_start")
    async def docs_start(_: Request) -> HTTPResponse:
        return page(SWAGGER_START, "text/javascript; charset=utf-8")

    @app.get("/redoc", name="redoc")
    async def redoc(_: Request) -> HTTPResponse:
        return page(written["reading view"], "text/html; charset=utf-8")

    def add_file(name: str, content_type: str) -> None:
        @app.get(f"/docs/{name}", name=f"docs_{name.replace('.', '_').replace('-', '_')}")
        async def send(_: Request) -> HTTPResponse:
            return await file(folder / name, mime_type=content_type, max_age=A_DAY)

    for name, content_type in SWAGGER_FILES.items():
        add_file(name, content_type)
