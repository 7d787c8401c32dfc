"""What a proxy in front may read otherwise than this server is a 400, and ends the connection.

Each case is followed by a second request, which a server that was misled would answer too.
"""

import json

import pytest

from tests.conftest import Server
from tests.http.wire import PING, wire
from tripsync.http.protocol.strictness import LONGEST_CHUNK_LINE

GET = b"GET /api/health/ping HTTP/1.1\r\n"
POST = b"POST /api/auth/login HTTP/1.1\r\nHost: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

HEADS = {
    "space before the colon": GET + b"Host : x\r\n\r\n",
    "tab before the colon": GET + b"Host\t: x\r\n\r\n",
    "hidden transfer-encoding": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "folded header": GET + b"Host: x\r\nX-A: b\r\n c\r\n\r\n",
    "space before a name": GET + b"Host: x\r\n X-A: b\r\n\r\n",
    "no name": GET + b"Host: x\r\n: b\r\n\r\n",
    "name of other letters": GET + b"Host: x\r\nX-\xc3\xa9: b\r\n\r\n",
    "name in brackets": GET + b"Host: x\r\n(X): b\r\n\r\n",
    "no colon": GET + b"Host: x\r\nX-A\r\n\r\n",
    "bare CR in a value": GET + b"Host: x\r\nX-A: b\rX-B: c\r\n\r\n",
    "bare LF in a value": GET + b"Host: x\r\nX-A: b\nX-B: c\r\n\r\n",
    "NUL in a value": GET + b"Host: x\r\nX-A: b\0c\r\n\r\n",
    "escape in a value": GET + b"Host: x\r\nX-A: \x1b[2J\r\n\r\n",
    "DEL in a value": GET + b"Host: x\r\nX-A: \x7f\r\n\r\n",
    "no host": GET + b"X-A: b\r\n\r\n",
    "two hosts": GET + b"Host: x\r\nHost: y\r\n\r\n",
    "the same host twice": GET + b"Host: x\r\nHost: x\r\n\r\n",
    "empty host": GET + b"Host:\r\n\r\n",
    "host with a path": GET + b"Host: x/y\r\n\r\n",
    "host with a user": GET + b"Host: a@x\r\n\r\n",
    "host with a space": GET + b"Host: x y\r\n\r\n",
    "host with two ports": GET + b"Host: x:1:2\r\n\r\n",
    "host with a port of letters": GET + b"Host: x:http\r\n\r\n",
    "list of hosts": GET + b"Host: x, y\r\n\r\n",
    "address of another host": b"GET http://y/api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "address of a user": b"GET http://x@y/api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "address of another scheme": b"GET ftp://x/api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "no path": b"GET api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "tab in the line": b"GET\t/api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "two spaces in the line": b"GET  /api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "space after the line": b"GET /api/health/ping HTTP/1.1 \r\nHost: x\r\n\r\n",
    "control byte in the path": b"GET /api/\x01/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "other letters in the path": b"GET /api/\xc3\xa9 HTTP/1.1\r\nHost: x\r\n\r\n",
    "control byte in the method": b"GE\x01T /api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "long method": b"G" * 21 + b" /api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /api/health/ping\r\nHost: x\r\n\r\n",
    "version of no HTTP": b"GET /api/health/ping HTTP/1.2\r\nHost: x\r\n\r\n",
    "version in small letters": b"GET /api/health/ping http/1.1\r\nHost: x\r\n\r\n",
    "preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
    "list of lengths": POST + b"Content-Length: 2, 2\r\n\r\n{}",
    "length and chunks": POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n{}",
    "chunks and length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}",
    "negative length": POST + b"Content-Length: -2\r\n\r\n{}",
    "positive length": POST + b"Content-Length: +2\r\n\r\n{}",
    "length in base 16": POST + b"Content-Length: 0x2\r\n\r\n{}",
    "length with an underscore": POST + b"Content-Length: 0_2\r\n\r\n{}",
    "length of full width": POST + "Content-Length: ２\r\n\r\n{}".encode(),  # noqa: RUF001
    "length of nothing": POST + b"Content-Length:\r\n\r\n{}",
    "length of a fraction": POST + b"Content-Length: 2.0\r\n\r\n{}",
    "unknown encoding": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "two encodings": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "two encodings in two lines": POST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "quoted encoding": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "chunks of HTTP/1.0": b"POST /api/auth/login HTTP/1.0\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
}

BODIES = {
    "size in base 16 as programmers write it": b"0x2\r\n{}\r\n0\r\n\r\n",
    "size of full width": "２\r\n{}\r\n0\r\n\r\n".encode(),  # noqa: RUF001
    "size with a sign": b"+2\r\n{}\r\n0\r\n\r\n",
    "size below nothing": b"-2\r\n{}\r\n0\r\n\r\n",
    "size with an underscore": b"0_2\r\n{}\r\n0\r\n\r\n",
    "space before the size": b" 2\r\n{}\r\n0\r\n\r\n",
    "space after the size": b"2 \r\n{}\r\n0\r\n\r\n",
    "junk after the size": b"2 junk\r\n{}\r\n0\r\n\r\n",
    "tab after the size": b"2\t\r\n{}\r\n0\r\n\r\n",
    "no size": b"\r\n{}\r\n0\r\n\r\n",
    "size that no machine holds": b"fffffffffffffffff2\r\n{}\r\n0\r\n\r\n",
    "size behind a semicolon": b";2\r\n{}\r\n0\r\n\r\n",
    "bare CR in an extension": b"2;a\rb\r\n{}\r\n0\r\n\r\n",
    "bare LF in an extension": b"2;a\nb\r\n{}\r\n0\r\n\r\n",
    "NUL in an extension": b"2;\0\r\n{}\r\n0\r\n\r\n",
    "LF after the size": b"2\n{}\r\n0\r\n\r\n",
    "LF after the chunk": b"2\r\n{}\n0\r\n\r\n",
    "nothing after the chunk": b"2\r\n{}0\r\n\r\n",
    "more in the chunk than its size": b"2\r\n{}xx0\r\n\r\n",
    "letters for the line break after the chunk": b"2\r\n{}xx0\r\n\r\n\r\n",
    "long extension": b"2;" + b"a" * LONGEST_CHUNK_LINE + b"\r\n{}\r\n0\r\n\r\n",
    "extension of 90 kB": b"2;" + b"a" * 90_000 + b"\r\n{}\r\n0\r\n\r\n",
    "trailer": b"2\r\n{}\r\n0\r\nX-A: b\r\n\r\n",
    "trailer that is a request": b"2\r\n{}\r\n0\r\n" + PING,
    "junk after the last chunk": b"2\r\n{}\r\n0\r\nxx",
}

TAKEN = {
    "another case": b"get /x HTTP/1.1\r\nhOsT: x\r\n\r\n",
    "host with a port": GET + b"Host: x:8000\r\n\r\n",
    "host of IPv6": GET + b"Host: [::1]:8000\r\n\r\n",
    "space around the host": GET + b"Host:\t x \t\r\n\r\n",
    "no space after a colon": GET + b"Host:x\r\nX-A:b\r\n\r\n",
    "value of other letters": GET + b"Host: x\r\nX-A: \xc3\xa9\xff\r\n\r\n",
    "empty value": GET + b"Host: x\r\nX-A:\r\n\r\n",
    "whole address": b"GET http://x/api/health/ping HTTP/1.1\r\nHost: x\r\n\r\n",
    "space after the length": POST + b"Content-Length: 2 \r\n\r\n{}",
    "zeros before the length": POST + b"Content-Length: 002\r\n\r\n{}",
    "chunks": CHUNKED + b"1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
    "chunks with zeros before the size": CHUNKED + b"002\r\n{}\r\n000\r\n\r\n",
    "chunks with extensions": CHUNKED + b'2;a=b;c="d e"\r\n{}\r\n0;last\r\n\r\n',
    "a chunk of line breaks": CHUNKED + b"6\r\n\r\n{}\r\n\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("sent", HEADS.values(), ids=HEADS)
async def test_a_head_that_is_read_in_two_ways_is_refused(server: Server, sent: bytes) -> None:
    await is_refused(server, sent)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
async def test_chunks_that_are_read_in_two_ways_are_refused(server: Server, body: bytes) -> None:
    await is_refused(server, CHUNKED + body)


@pytest.mark.parametrize("sent", TAKEN.values(), ids=TAKEN)
async def test_what_all_read_alike_is_taken(server: Server, sent: bytes) -> None:
    """Also where it comes a byte at a time."""
    for size in (len(sent), 1):
        async with wire(server) as line:
            for at in range(0, len(sent), size):
                await line.say(sent[at : at + size])
            status, headers, _ = await line.answer()
            assert status in (200, 404, 422), sent
            assert headers["connection"] == "keep-alive"
            await line.say(PING)
            assert (await line.answer())[0] == 200


async def is_refused(server: Server, sent: bytes) -> None:
    """Once, and what follows is not read as a request."""
    async with wire(server) as line:
        await line.say(sent + PING)
        status, headers, body = await line.answer()
        assert (status, json.loads(body)["code"]) == (400, "malformed_request")
        assert headers["connection"] == "close"
        assert await line.rest() == b""
