"""The application uses a part of sanic-ext and leaves the rest out.

Its HTTP extension answers HEAD wherever there is a GET, and OPTIONS with the methods that a path
takes; its templating makes the pages. Ours are loaded beside them. Its injection, its CORS and its
validation cost a request a quarter of its time and more, and its OpenAPI builder is one for the
whole process; none of them is loaded.
"""

from collections.abc import Mapping
from typing import Any

from sanic import Sanic
from sanic_ext import Extend
from sanic_ext.bootstrap import Extend as Bootstrap
from sanic_ext.config import PRIORITY
from sanic_ext.extensions.http.extension import HTTPExtension
from sanic_ext.extensions.templating.extension import TemplatingExtension

from tripsync.http.openapi.schemas import Components
from tripsync.http.origins import CrossOrigin
from tripsync.http.pages import TEMPLATES, Pages

CONFIG = {
    "cors": False,
    "http_all_methods": False,
    "templating_path_to_templates": TEMPLATES,
    # Templates wait for nothing.
    "templating_enable_async": False,
}


class Methods(HTTPExtension):
    """sanic-ext's HEAD and OPTIONS, added without compiling the signals after each route.

    A route that is added to a started application has Sanic compile its router of signals anew.
    Some two hundred of these come with the extension, and took a start three seconds.
    """

    name = "methods"

    def startup(self, bootstrap: Bootstrap) -> None:
        self.app.before_server_start(open_signals, priority=PRIORITY + 1)
        super().startup(bootstrap)
        self.app.before_server_start(compile_signals, priority=PRIORITY - 1)


def open_signals(app: Sanic) -> None:
    app.signal_router.reset()


def compile_signals(app: Sanic) -> None:
    app.signalize(bool(app.config.TOUCHUP))


def add_extensions(
    app: Sanic, *, origins: frozenset[str], sockets: Mapping[str, Any], events: Components
) -> None:
    """`sockets` is their AsyncAPI document, `events` are schemas of events."""
    own = [CrossOrigin(origins), Pages(sockets, events)]
    Extend(
        app,
        built_in_extensions=False,
        extensions=[Methods, TemplatingExtension, *own],
        config=CONFIG,
    )
