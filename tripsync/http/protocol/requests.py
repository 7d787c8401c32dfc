"""Sanic's reader of requests, made strict, and told to note when a request has arrived."""

import asyncio
from typing import TYPE_CHECKING

from sanic.exceptions import BadRequest, PayloadTooLarge
from sanic.http import Http
from sanic.http.http1 import HTTP_CONTINUE

from tripsync.http.problems import TOO_MANY, Problem
from tripsync.http.protocol.budget import OverspentError
from tripsync.http.protocol.strictness import check_head, check_length, read_chunk_line

if TYPE_CHECKING:
    from tripsync.http.protocol.connection import GuardedConnection

# Each chunk costs as much as so many bytes: a body of a million chunks is no body of a megabyte.
CHUNK_COSTS = 256
RETRY = {"Retry-After": "1"}


class GuardedHttp(Http):
    """The requests of one connection, one after the other."""

    __slots__ = ("is_upload",)

    protocol: "GuardedConnection"
    # Sanic sets more than its own types say.
    request_body: bool | str | None  # type: ignore[assignment]
    request_bytes: int
    request_bytes_left: int

    def init_for_request(self) -> None:
        super().init_for_request()
        # Of an upload as a whole no time is known: it has to come at some rate.
        self.is_upload = False

    async def http1_request_header(self) -> None:
        connection = self.protocol
        if connection.has_waited:
            connection.has_waited = False
        else:
            await self._wait_for_turn()
        connection.begin_arrival()
        await super().http1_request_header()
        request, url = self.request, self.url
        assert url is not None
        try:
            check_head(request.head, url, request.version, request.headers)
            if self.request_body:
                check_length(request.version, request.headers)
        except BadRequest:
            # Whatever follows is no body of anything.
            self.request_body = None
            raise
        if not self.request_body:
            connection.arrived()

    async def _wait_for_turn(self) -> None:
        """The client did not wait for the last answer: others come first, again and again."""
        try:
            wait = self.protocol.count_pipelined()
        except OverspentError:
            raise Problem(TOO_MANY, headers=RETRY) from None
        await asyncio.sleep(wait)

    async def head_response_ignored(  # type: ignore[override]
        self, data: bytes, end_stream: bool
    ) -> None:
        """Sanic awaits this, though it is no coroutine there: a HEAD for what is sent piece by
        piece would fail after its headers."""
        super().head_response_ignored(data, end_stream)

    async def read(self) -> bytes | None:
        """The next piece of the body; None at its end."""
        if self.expecting_continue:
            self.expecting_continue = False
            await self._send(HTTP_CONTINUE)
        if self.request_bytes_left == 0 and self.request_body == "chunked":
            await self._begin_chunk()
        if self.request_bytes > self.request_max_size:
            self.keep_alive = False
            raise PayloadTooLarge("Request body exceeds the size limit")
        if not self.request_bytes_left:
            self.request_body = None
            self.protocol.arrived()
            return None
        buffer = self.recv_buffer
        if not buffer:
            await self._receive_more()
        data = bytes(buffer[: self.request_bytes_left])
        del buffer[: len(data)]
        self.request_bytes_left -= len(data)
        if self.is_upload:
            self.protocol.upload_goes_on(len(data))
        return data

    async def _begin_chunk(self) -> None:
        """Count the chunk that comes next; after the last one nothing is left."""
        buffer = self.recv_buffer
        try:
            while (line := read_chunk_line(buffer)) is None:
                await self._receive_more()
            size, begins = line
            if not size:
                # Trailers could be taken for the next request: there may be none.
                while len(buffer) < begins + 2:
                    await self._receive_more()
                if buffer[begins : begins + 2] != b"\r\n":
                    raise BadRequest("Bad chunked encoding")
                begins += 2
        except BadRequest:
            self.keep_alive = False
            raise
        del buffer[:begins]
        self.request_bytes_left = size
        self.request_bytes += size + (CHUNK_COSTS if size else 0)
