"""`/guide` shows the site that `make docs` builds, on development servers.

It lies beside the sources, and a server that students use shows none of it.
"""

from pathlib import Path

from sanic import HTTPResponse, Request, Sanic
from sanic.exceptions import NotFound
from sanic.response import file, redirect

from tripsync.database.files import PACKAGE
from tripsync.http.pages import page

BUILT = PACKAGE.parent / "build" / "guide"
FIRST_PAGE = "README.html"
# Its theme sets colours by inline scripts and styles.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'"
)
# It may be built anew at any time.
HEADERS = {"Content-Security-Policy": POLICY, "Cache-Control": "no-cache"}


def add_guide(app: Sanic) -> None:
    app.add_route(begin, "/guide", name="guide")
    app.add_route(show, "/guide/<path:path>", name="guide_page")


async def begin(request: Request) -> HTTPResponse:
    if find(FIRST_PAGE):
        return redirect(f"/guide/{FIRST_PAGE}")
    return await page(request, "unbuilt.html")


async def show(_: Request, path: str) -> HTTPResponse:
    found = find(path)
    if found is None:
        raise NotFound
    # Sanic adds to the headers that it is given.
    return await file(found, headers={**HEADERS})


def find(path: str) -> Path | None:
    """A file of the site, and of nothing else."""
    folder = BUILT.resolve()
    asked = (folder / path).resolve()
    return asked if asked.is_relative_to(folder) and asked.is_file() else None
