"""What of sanic-ext this application uses, and what it leaves out.

Its HTTP extension answers HEAD wherever there is a GET, and OPTIONS with the methods that a path
takes. Its injection, its CORS and its validation cost a request a quarter of its time and more,
and its OpenAPI builder is one for the whole process; none of them is loaded.
"""

from sanic import Sanic
from sanic_ext import Extend
from sanic_ext.extensions.http.extension import HTTPExtension

CONFIG = {"cors": False, "http_all_methods": False}


def add_extensions(app: Sanic) -> None:
    Extend(app, built_in_extensions=False, extensions=[HTTPExtension], config=CONFIG)
