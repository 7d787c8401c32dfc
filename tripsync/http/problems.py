"""A problem document says what went wrong, in the one form every client reads (RFC 9457).

A `Refusal` is declared once, beside the feature that refuses; it names the status, a
stable code and a sentence. Endpoints list theirs, so that the API document has them;
`raise Problem(REFUSAL)` refuses.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

import msgspec
from msgspec import Meta

from tripsync.http.responses import Answer

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A way to say no. `detail` is the sentence a person reads when nothing closer is known."""

    status: int
    code: str
    title: str
    detail: str


class FieldError(msgspec.Struct, frozen=True):
    """What is wrong with one field."""

    field: Annotated[str, Meta(description="Its name; empty for the body as a whole.")]
    detail: Annotated[str, Meta(description="A sentence for people.")]


class Problem(Exception):  # noqa: N818 - what the RFC calls it
    """A refusal of one request."""

    def __init__(
        self,
        refusal: Refusal,
        detail: str | None = None,
        *,
        errors: Sequence[FieldError] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(refusal.code)
        self.refusal = refusal
        self.detail = detail or refusal.detail
        self.errors = errors
        self.headers = headers or {}


class ProblemDocument(msgspec.Struct, frozen=True):
    """The body of every error."""

    type: Annotated[str, Meta(description="Where this kind of problem is told of.")]
    title: Annotated[str, Meta(description="The kind of problem, in a few words.")]
    status: Annotated[int, Meta(description="The status of the answer.")]
    detail: Annotated[str, Meta(description="A sentence for people, to be shown.")]
    code: Annotated[str, Meta(description="Stable, for programs.")]
    errors: Annotated[
        Sequence[FieldError], Meta(description="Field by field; empty for other problems.")
    ]
    request_id: Annotated[str, Meta(description="To be named when it is reported.")]


def respond(problem: Problem, request_id: str) -> Answer:
    refusal = problem.refusal
    body = document_of(refusal, problem.detail, problem.errors, request_id)
    return Answer(msgspec.json.encode(body), refusal.status, dict(problem.headers), MEDIA_TYPE)


def document_of(
    refusal: Refusal, detail: str, errors: Sequence[FieldError], request_id: str
) -> ProblemDocument:
    return ProblemDocument(
        type=f"/redoc#{refusal.code}",
        title=refusal.title,
        status=refusal.status,
        detail=detail,
        code=refusal.code,
        errors=errors,
        request_id=request_id,
    )


# What any endpoint may answer.
MALFORMED_REQUEST = Refusal(
    400, "malformed_request", "Malformed request", "The request could not be understood."
)
MALFORMED_JSON = Refusal(
    400, "malformed_json", "Malformed JSON", "The body is not valid JSON; nothing was changed."
)
NOT_AUTHENTICATED = Refusal(
    401,
    "not_authenticated",
    "Not signed in",
    # The mobile app signs out when it reads these words.
    "Could not validate credentials",
)
NOT_ALLOWED = Refusal(403, "not_allowed", "Not allowed", "You are not allowed to do this.")
NOT_FOUND = Refusal(404, "not_found", "Not found", "There is nothing at this address.")
METHOD_NOT_ALLOWED = Refusal(
    405, "method_not_allowed", "Method not allowed", "This address does not take that method."
)
TOO_SLOW = Refusal(
    408, "request_timeout", "Request timeout", "The request took too long to arrive; send it again."
)
CONFLICT = Refusal(
    409,
    "conflict",
    "Conflict",
    "Somebody else changed this at the same moment; load it again and retry.",
)
TOO_LARGE = Refusal(413, "too_large", "Too large", "The request is larger than this server takes.")
UNSUPPORTED_MEDIA_TYPE = Refusal(
    415,
    "unsupported_media_type",
    "Unsupported media type",
    "Send the body as JSON, with Content-Type: application/json.",
)
EXPECTATION_FAILED = Refusal(
    417, "expectation_failed", "Expectation failed", "The Expect header cannot be met."
)
INVALID = Refusal(422, "invalid", "Invalid input", "Some of the input is not valid.")
KEY_REUSED = Refusal(
    422,
    "idempotency_key_reused",
    "Idempotency key reused",
    "This Idempotency-Key was used with another body; choose a new key.",
)
TOO_MANY = Refusal(429, "too_many_requests", "Too many requests", "Please wait and try again.")
INTERNAL = Refusal(
    500,
    "internal_error",
    "Internal error",
    "Something went wrong on our side. Please try again; if it stays, report the request id.",
)
UNAVAILABLE = Refusal(
    503, "unavailable", "Unavailable", "The service is not available right now; try again shortly."
)
READ_ONLY = Refusal(
    503,
    "read_only",
    "Read-only",
    "Nothing can be changed right now, only looked at; nothing was saved. Try again shortly.",
)

GENERAL = (
    MALFORMED_REQUEST,
    MALFORMED_JSON,
    NOT_AUTHENTICATED,
    NOT_ALLOWED,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    TOO_SLOW,
    CONFLICT,
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    EXPECTATION_FAILED,
    INVALID,
    KEY_REUSED,
    TOO_MANY,
    INTERNAL,
    UNAVAILABLE,
    READ_ONLY,
)


def invalid(*errors: FieldError) -> Problem:
    """Refuse input, field by field; the sentences together are the detail."""
    return Problem(INVALID, " ".join(error.detail for error in errors), errors=errors)
