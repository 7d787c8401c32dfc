"""Every exception raised while a request is served becomes a problem document.

The framework's errors keep their status and lose their text, the database's become what
they mean to a client, and the rest is a 500 whose traceback only the log sees.
"""

import logging
from asyncio import CancelledError
from collections.abc import Mapping

from sanic import HTTPResponse, Request
from sanic.exceptions import (
    MethodNotAllowed,
    RequestCancelled,
    SanicException,
)
from sanic.handlers import ErrorHandler

from tripsync.database.availability import AWAY, READ_ONLY
from tripsync.database.retrying import LOST_RACES
from tripsync.http import problems
from tripsync.http.context import database
from tripsync.http.problems import Problem, Refusal
from tripsync.http.request_log import request_id_of
from tripsync.http.urls import methods_of

log = logging.getLogger("tripsync.http")

OF_FRAMEWORK: Mapping[int, Refusal] = {
    400: problems.MALFORMED_REQUEST,
    404: problems.NOT_FOUND,
    408: problems.TOO_SLOW,
    413: problems.TOO_LARGE,
    417: problems.EXPECTATION_FAILED,
    503: problems.UNAVAILABLE,
}

RETRY = {"Retry-After": "2"}


class Failures(ErrorHandler):
    """Sanic's error handler, with one way to answer."""

    def default(self, request: Request, exception: Exception) -> HTTPResponse:
        if isinstance(exception, MethodNotAllowed):
            allowed = {"Allow": ", ".join(methods_of(request.app, request.path))}
            refused = Problem(problems.METHOD_NOT_ALLOWED, headers=allowed)
            return problems.respond(refused, request_id_of(request))
        if isinstance(exception, (*AWAY, READ_ONLY)):
            request.ctx.failure = type(exception).__name__
            database(request).availability.suspect(exception)
        return problems.respond(as_problem(exception), request_id_of(request))

    @staticmethod
    def log(request: Request, exception: Exception) -> None:
        """Sanic would print the whole URL; `as_problem` logs what deserves it."""


def as_problem(exception: BaseException) -> Problem:
    match exception:
        case Problem():
            return exception
        case SanicException() if exception.status_code in OF_FRAMEWORK:
            return Problem(OF_FRAMEWORK[exception.status_code], headers=exception.headers)
        case CancelledError() | RequestCancelled():
            # The client went away, or the server is about to.
            return Problem(problems.UNAVAILABLE)
        case _ if isinstance(exception, AWAY):
            # Whether it is lost, its Availability logs, once.
            return Problem(problems.UNAVAILABLE, headers=RETRY)
        case _ if isinstance(exception, READ_ONLY):
            return Problem(problems.READ_ONLY, headers=RETRY)
        case _ if isinstance(exception, LOST_RACES):
            log.info("every try lost a race: %s", type(exception).__name__)
            return Problem(problems.CONFLICT)
        case _:
            log.error("unexpected failure", exc_info=exception)
            return Problem(problems.INTERNAL)
