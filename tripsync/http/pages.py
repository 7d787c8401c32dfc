"""Pages show people the documents and let them try calls; they are made of templates.

All work without internet, and without a script but for Redoc, which shows the calls, and Swagger
UI, which tries them; both come out of one wheel. The documents and what is made of them are written
once at start.
"""

import json
import re
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import StrictUndefined
from jinja2.filters import do_mark_safe
from markdown_it import MarkdownIt
from markupsafe import Markup, escape
from sanic import HTTPResponse, Request, Sanic
from sanic.response import file
from sanic_ext import Extend, Extension, render

from tripsync.database.encoding import encode
from tripsync.database.files import folder
from tripsync.http.compression import compress_once
from tripsync.http.openapi.document import describe, refusals
from tripsync.http.openapi.schemas import Components

TEMPLATES = Path(__file__).parent / "templates"
STATIC = Path(__file__).parent / "static"
# For those who write clients; it lies beside the other texts for people.
SOCKETS_GUIDE = folder("docs") / "sockets.md"
OWN_FILES = {
    "pages.css": "text/css",
    "icon.svg": "image/svg+xml",
    "read.js": "text/javascript",
    "start.js": "text/javascript",
}
SCRIPT = "text/javascript"
# Of drf-spectacular-sidecar.
REDOC = "redoc/bundles/redoc.standalone.js"
# It would show an image of its makers' from elsewhere.
LOGO = ("https://cdn.redoc.ly/redoc/logo-mini.svg", "/docs/icon.svg")
SIDECAR_FILES = {
    "swagger-ui-dist/swagger-ui.css": "text/css",
    "swagger-ui-dist/swagger-ui-bundle.js": "text/javascript",
    "swagger-ui-dist/favicon-32x32.png": "image/png",
}
JSON = "application/json"
HTML = "text/html; charset=utf-8"
# No script, nothing from elsewhere.
PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
# Both scripts set inline styles and embed images; Redoc searches in a worker that it makes itself.
SCRIPT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; worker-src blob:; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
A_DAY = 86_400
CODE = re.compile(r"`([^`]+)`")
LINK_INTO_SOURCES = re.compile(r"\[([^\]]+)\]\((?![/#]|https?:)[^)]*\)")


async def page(request: Request, template: str, **facts: object) -> HTTPResponse:
    """A page of `templates/`, for which the answer says that it needs nothing from elsewhere."""
    headers = {"Content-Security-Policy": PAGE_POLICY}
    return await render(template, app=request.app, headers=headers, context=facts)


class Pages(Extension):
    """The documents of this server, and the pages that show them."""

    name = "pages"

    def __init__(self, sockets: Mapping[str, Any], events: Components) -> None:
        # Their AsyncAPI document, and schemas of events.
        self._sockets = sockets
        self._events = events
        self._written: dict[str, str | bytes] = {}

    def startup(self, bootstrap: Extend) -> None:
        self._templates = bootstrap.environment
        self._templates.undefined = StrictUndefined
        self._templates.trim_blocks = self._templates.lstrip_blocks = True
        self._templates.filters.update(prose=prose, sample=sample)
        self.app.before_server_start(self.write)
        self.serve("/openapi.json", JSON)
        self.serve("/asyncapi.json", JSON)
        self.serve("/redoc", HTML, SCRIPT_POLICY)
        self.serve("/docs", HTML, SCRIPT_POLICY)
        self.serve("/docs/sockets", HTML)
        for name, content_type in OWN_FILES.items():
            self.serve_file(STATIC / name, content_type)
        for name, content_type in SIDECAR_FILES.items():
            self.serve_file(sidecar_folder() / name, content_type)
        self.serve("/docs/redoc.standalone.js", SCRIPT, cache=f"max-age={A_DAY}")

    def serve(
        self, path: str, content_type: str, policy: str = PAGE_POLICY, *, cache: str = "no-cache"
    ) -> None:
        headers = {"Content-Security-Policy": policy, "Cache-Control": cache}

        async def send(request: Request) -> HTTPResponse:
            page = HTTPResponse(self._written[path], headers=headers, content_type=content_type)
            compress_once(request, page)
            return page

        self.app.add_route(send, path, name=name_of(path))

    def serve_file(self, source: Path, content_type: str) -> None:
        path = f"/docs/{source.name}"

        async def send(request: Request) -> HTTPResponse:
            sent = await file(source, mime_type=content_type, max_age=A_DAY)
            compress_once(request, sent)
            return sent

        self.app.add_route(send, path, name=name_of(path))

    async def write(self, app: Sanic) -> None:
        """Only now are all endpoints known."""
        document = describe(app, self._events)
        facts = {
            "document": document,
            "refusals": refusals(app),
            "sockets": self._sockets,
        }
        redoc = (sidecar_folder() / REDOC).read_text().replace(*LOGO)
        self._written = {
            "/docs/redoc.standalone.js": redoc.encode(),
            "/openapi.json": encode(document),
            "/asyncapi.json": encode(self._sockets),
            "/redoc": self._templates.get_template("reading.html").render(facts),
            "/docs": self._templates.get_template("swagger.html").render(),
            "/docs/sockets": self._templates.get_template("guide.html").render(guide=guide()),
        }


def sidecar_folder() -> Path:
    # Found without importing the package, which wants Django.
    spec = find_spec("drf_spectacular_sidecar")
    if spec is None or not spec.submodule_search_locations:
        raise RuntimeError("drf-spectacular-sidecar is not installed")
    return Path(spec.submodule_search_locations[0]) / "static" / "drf_spectacular_sidecar"


def name_of(path: str) -> str:
    return re.sub(r"\W", "_", path.strip("/"))


def guide() -> Markup:
    """The guide to sockets; what it links to in the sources is not served."""
    text = LINK_INTO_SOURCES.sub(r"\1", SOCKETS_GUIDE.read_text())
    return do_mark_safe(MarkdownIt("commonmark", {"html": False}).enable("table").render(text))


def prose(text: str) -> Markup:
    """Paragraphs, with `code` in them."""
    return Markup("").join(paragraphs(text))


def paragraphs(text: str) -> Iterator[Markup]:
    for part in filter(None, text.split("\n\n")):
        escaped = str(escape(part))
        yield Markup("<p>{}</p>").format(do_mark_safe(CODE.sub(r"<code>\1</code>", escaped)))


def sample(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
