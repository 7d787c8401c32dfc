"""A form is some fields of text, few enough to be read at once, and sent in one of two ways."""

from urllib.parse import parse_qs

from multipart import MultipartError, MultipartSegment, PushMultipartParser
from sanic import Request

from tripsync.http.problems import FieldError, Problem, invalid

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data"
# Those of ours have six.
MOST_FIELDS = 50


def read_form(request: Request, kind: str, boundary: str) -> dict[str, list[str]]:
    """What is given under each name, of a body of this kind."""
    try:
        if kind == MULTIPART:
            return read_parts(request.body, boundary)
        return read_pairs(request.body)
    except (MultipartError, UnicodeDecodeError):
        raise broken_form() from None


def read_pairs(body: bytes) -> dict[str, list[str]]:
    # Counted before anything else is done with them.
    if body.count(b"&") >= MOST_FIELDS:
        raise too_many_fields(MOST_FIELDS)
    return parse_qs(body.decode(), keep_blank_values=True)


def read_parts(body: bytes, boundary: str) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    content = bytearray()
    part: MultipartSegment | None = None
    number = 0
    parser = PushMultipartParser(boundary)
    for event in parser.parse(body):
        if isinstance(event, MultipartSegment):
            part, number = event, number + 1
            if number > MOST_FIELDS:
                raise too_many_fields(MOST_FIELDS)
            content.clear()
        elif event:
            content += event
        elif part and part.name:
            values.setdefault(part.name, []).append(content.decode())
    parser.close()
    return values


def too_many_fields(most: int) -> Problem:
    return invalid(FieldError("", f"A form has at most {most} fields here."))


def broken_form(field: str = "") -> Problem:
    return invalid(FieldError(field, "The form arrived incomplete or broken; send it again."))
