"""An upload is the multipart field `file`, held to a limit of its own.

The handler's body is read here and not by the server: only once it is known who sends it,
and up to the limit of this upload instead of REQUEST_MAX_BYTES.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import cast

from multipart import (
    MultipartError,
    MultipartSegment,
    PushMultipartParser,
    parse_options_header,
)
from sanic import Request

from tripsync.http.forms import MULTIPART, broken_form, too_many_fields
from tripsync.http.problems import (
    TOO_LARGE,
    UNSUPPORTED_MEDIA_TYPE,
    FieldError,
    Problem,
    invalid,
)
from tripsync.http.protocol.requests import GuardedHttp

FIELD = "file"
# Forms have one part; some clients add a few.
MOST_PARTS = 10
# What is too large is read on and dropped, up to so many times the limit: a phone that is
# still sending would otherwise see a cut line instead of the reason.
PATIENCE = 4


@dataclass(frozen=True, slots=True)
class Upload:
    """The one file that an endpoint takes."""

    media_types: tuple[str, ...]
    max_bytes: int

    @property
    def description(self) -> str:
        return f"{' or '.join(self.media_types)}, at most {self.max_bytes / 1e6:g} MB"


async def receive(request: Request, upload: Upload) -> bytes:
    """The content of the file; whatever its name and its sender's idea of its type."""
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != MULTIPART or not options.get("boundary"):
        raise Problem(
            UNSUPPORTED_MEDIA_TYPE,
            f"Send the file as field '{FIELD}' of a form, with Content-Type: {MULTIPART}.",
        )
    stream = cast("GuardedHttp", request.stream)
    stream.is_upload = True
    stream.request_max_size = PATIENCE * upload.max_bytes
    file = FormFile(options["boundary"], upload.max_bytes)
    try:
        async for chunk in stream:
            file.feed(chunk)
        return file.content()
    except Problem:
        async for _ in stream:
            pass
        raise


class FormFile:
    """The file field of a form, put together from the pieces in which the form arrives."""

    def __init__(self, boundary: str, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._parser = PushMultipartParser(boundary)
        self._parts = 0
        self._files: list[bytearray] = []
        self._taking = False

    def feed(self, chunk: bytes) -> None:
        try:
            self._take(self._parser.parse(chunk))
        except MultipartError:
            raise broken_form(FIELD) from None

    def _take(self, events: Iterable[MultipartSegment | bytearray | None]) -> None:
        for event in events:
            if isinstance(event, MultipartSegment):
                self._parts += 1
                if self._parts > MOST_PARTS:
                    raise too_many_fields(MOST_PARTS)
                self._taking = event.name == FIELD and event.filename is not None
                if self._taking:
                    self._files.append(bytearray())
            elif event and self._taking:
                self._files[-1] += event
                if len(self._files[-1]) > self._max_bytes:
                    raise Problem(
                        TOO_LARGE, f"The file is larger than {self._max_bytes / 1e6:g} MB."
                    )

    def content(self) -> bytes:
        try:
            self._parser.close()
        except MultipartError:
            raise broken_form(FIELD) from None
        if len(self._files) != 1:
            raise invalid(FieldError(FIELD, f"Send one file, as the field '{FIELD}' of the form."))
        if not self._files[0]:
            raise invalid(FieldError(FIELD, "The file is empty."))
        return bytes(self._files[0])
