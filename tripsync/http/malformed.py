"""Request lines that no URL can be read from: a 400 like any other, and nothing of them in a log.

Sanic raises while it makes the request, then again while it makes one for the answer, outside
of every handler, and logs the line with whatever token stands in it.
"""

from typing import Any

from sanic import Request, Sanic
from sanic.exceptions import BadURL

from tripsync.http.problems import MALFORMED_REQUEST, Problem


class AnyRequest(Request):
    """A request whatever its line says; one without a URL is for "/" and remembers it."""

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
