"""A contract says what an endpoint takes, gives and refuses; it is obeyed and documented.

    @auth.post("/register")
    @endpoint(body=Registration, answer=Account, status=201, refuses=(EMAIL_TAKEN,), open=True)
    async def register(request: Request, body: Registration) -> object:
        "Open an account."
        ...
        return account

The decorator finds out who asks, reads the body (or the uploaded `file`) and the query
string, and leaves the `Contract` on the handler, from which the OpenAPI document is made.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import wraps
from inspect import getdoc
from typing import Any

import msgspec
from multipart import parse_options_header
from sanic import HTTPResponse, Request

from tripsync.database.row_security import see_all_colleges
from tripsync.http import problems
from tripsync.http.compression import compress
from tripsync.http.context import resources
from tripsync.http.forms import FORM, MULTIPART, read_form
from tripsync.http.identity import identify
from tripsync.http.picture_urls import PictureUrls
from tripsync.http.problems import Problem, Refusal
from tripsync.http.responses import JSON, respond
from tripsync.http.schemas import Schema, converter, decoder
from tripsync.http.uploads import Upload, receive

Handler = Callable[..., Awaitable[object]]

NO_CONTENT = 204


@dataclass(frozen=True, slots=True)
class Binary:
    """An answer that is a file; if versioned with an ETag, so that it may also be a 304."""

    media_type: str
    versioned: bool = True


@dataclass(frozen=True, slots=True)
class Contract:
    """All that a client needs to know of one endpoint."""

    summary: str
    description: str
    body: type[Schema] | None
    form: type[Schema] | None
    upload: Upload | None
    query: type[Schema] | None
    answer: Any
    status: int
    refuses: tuple[Refusal, ...]
    open: bool
    idempotent: bool


class NoQuery(Schema):
    """Nothing may be asked for behind a question mark."""


read_nothing = converter(NoQuery)


def endpoint(
    *,
    body: type[Schema] | None = None,
    form: type[Schema] | None = None,
    upload: Upload | None = None,
    query: type[Schema] | None = None,
    answer: Any = None,
    status: int = 200,
    refuses: tuple[Refusal, ...] = (),
    open: bool = False,
    idempotent: bool = False,
    unnamed: bool = False,
) -> Callable[[Handler], Handler]:
    """Say what the handler below takes and gives. `open` endpoints need no token; of `unnamed`
    ones no log says who called."""
    read_body = body_reader(body, form)
    read_query = converter(query) if query else None

    def decorate(handler: Handler) -> Handler:
        summary, _, description = (getdoc(handler) or "").partition("\n\n")
        contract = Contract(
            summary=summary.rstrip("."),
            description=description,
            body=body,
            form=form,
            upload=upload,
            query=query,
            answer=answer,
            status=status,
            refuses=refuses,
            open=open,
            idempotent=idempotent,
        )

        @wraps(handler)
        async def call(request: Request, **arguments: Any) -> HTTPResponse | None:
            request.ctx.unnamed = unnamed
            request.ctx.contract = contract
            if open:
                see_all_colleges()
            else:
                request.ctx.rider = identify(request)
            if read_query:
                arguments["query"] = read_query(query_values(request))
            elif request.query_string and not open:
                # What is open to all may be a link, and who passes it on may lengthen it.
                read_nothing(query_values(request))
            if read_body:
                arguments["body"] = read_body(request)
            if upload:
                arguments["file"] = await receive(request, upload)
            answered = await handler(request, **arguments)
            if answered is None and status != NO_CONTENT:
                # It has answered by itself, piece by piece.
                return None
            response = respond(answered, status)
            open_pictures(request, response)
            compress(request, response)
            return response

        call.contract = contract  # type: ignore[attr-defined]
        if upload:
            # Tells Sanic to leave the body to us.
            call.is_stream = True  # type: ignore[attr-defined]
        return call

    return decorate


def open_pictures(request: Request, answered: HTTPResponse) -> None:
    """Let the addresses of pictures in an answer open by themselves, for the rider who asked."""
    rider = getattr(request.ctx, "rider", None)
    if rider and answered.body and answered.content_type == JSON:
        answered.body = resources(request)[PictureUrls].sign_all(answered.body, rider.user_id)


def body_reader(
    body: type[Schema] | None, form: type[Schema] | None
) -> Callable[[Request], Schema] | None:
    if body is None and form is None:
        return None
    decode = decoder(body) if body else None
    convert = converter(form) if form else None

    def read(request: Request) -> Schema:
        said = request.headers.get("content-type", JSON)
        kind = said.partition(";")[0].strip().lower()
        if decode and kind == JSON:
            try:
                return decode(request.body)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                raise Problem(problems.MALFORMED_JSON) from None
        if convert and kind in (FORM, MULTIPART):
            boundary = parse_options_header(said)[1].get("boundary", "")
            if boundary or kind == FORM:
                return convert(single_values(read_form(request, kind, boundary)))
        raise Problem(
            problems.UNSUPPORTED_MEDIA_TYPE,
            f"Send the body with Content-Type: {' or '.join(accepted(body, form))}.",
        )

    return read


def accepted(body: type[Schema] | None, form: type[Schema] | None) -> list[str]:
    return ([JSON] if body else []) + ([FORM] if form else [])


def query_values(request: Request) -> dict[str, Any]:
    if not request.query_string:
        return {}
    return single_values(request.get_args(keep_blank_values=True))


def single_values(values: dict[str, list[str]]) -> dict[str, Any]:
    """A name given once is its value; given more often, a list, which no schema takes by chance."""
    return {name: given[0] if len(given) == 1 else given for name, given in values.items()}
