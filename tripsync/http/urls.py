"""What may stand in a URL: ids, whole numbers that PostgreSQL can hold, and secrets, which no log
may show. Anything else names nothing: 404. A request line without a URL is a 400 like any other.
"""

import re
from collections.abc import Iterator
from typing import Any

from sanic import Request, Sanic
from sanic.constants import HTTP_METHODS
from sanic.exceptions import BadURL, SanicException

from tripsync.http.problems import MALFORMED_REQUEST, Problem

ID = re.compile("[1-9][0-9]{0,18}")
LARGEST_ID = 2**63 - 1
SECRET = re.compile("[A-Za-z0-9_-]{43}")


def read_id(text: str) -> int:
    """The id, in the one way to write it: Sanic asks the pattern only where two routes compete."""
    if not ID.fullmatch(text) or (number := int(text)) > LARGEST_ID:
        raise ValueError("no row has this id")
    return number


def read_secret(text: str) -> str:
    if not SECRET.fullmatch(text):
        raise ValueError("no secret looks like this")
    return text


def add_path_patterns(app: Sanic) -> None:
    app.router.register_pattern("id", read_id, ID.pattern)
    app.router.register_pattern("secret", read_secret, SECRET.pattern)


def secret_paths(app: Sanic) -> Iterator[str]:
    """Where the paths begin whose next part is a secret."""
    for route in app.router.routes:
        beginning, marked, _ = f"/{route.path}".partition("<")
        if marked and ":secret>" in route.path:
            yield beginning


def methods_of(app: Sanic, path: str) -> list[str]:
    """The methods that a path takes; Sanic's own refusal names them only where a path has no
    parameters."""
    return [method for method in HTTP_METHODS if takes(app, path, method)]


def takes(app: Sanic, path: str, method: str) -> bool:
    try:
        app.router.get(path, method, None)
    except SanicException:
        return False
    return True


class AnyRequest(Request):
    """A request whatever its line says; one without a URL is for "/" and remembers it.

    Sanic raises while it makes the request, then again while it makes one for the answer, outside
    of every handler, and logs the line with whatever token stands in it."""

    # Sanic counts on the slots of its own class.
    __slots__ = ("has_url",)

    def __init__(self, url_bytes: bytes, *arguments: Any, **more: Any) -> None:
        self.has_url = True
        try:
            super().__init__(url_bytes, *arguments, **more)
        except BadURL:
            super().__init__(b"/", *arguments, **more)
            self.has_url = False


def add_refusal_of_malformed(app: Sanic) -> None:
    async def refuse(request: AnyRequest) -> None:
        if not request.has_url:
            raise Problem(MALFORMED_REQUEST)

    app.register_middleware(refuse, "request", priority=90)
