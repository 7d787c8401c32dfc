"""Answers of some length are compressed for whoever asks for it.

Why no secret leaks by the length of what is compressed (BREACH) stands in docs/decisions/0015.
"""

import secrets
import struct
import zlib
from functools import lru_cache
from hashlib import blake2b

from sanic import HTTPResponse, Request

# Below it an answer fits into two packets anyway. Answers with tokens are far below
# (tests/http/test_compression.py holds them there).
LEAST_BYTES = 2048
LEVEL = 6
LEVEL_ONCE = 9
# Of a name in the head of gzip, which nobody reads: the length says less about the content. The
# same content has the same, so that to ask again and take the mean tells nothing.
MOST_PADDING = 100
KEY = secrets.token_bytes(32)
TYPES = {"application/json", "text/html; charset=utf-8", "text/css", "text/javascript"}
# Deflate, with a name, from no time and no system.
HEAD = b"\x1f\x8b\x08\x08\0\0\0\0\0\xff"


def compress(request: Request, response: HTTPResponse) -> None:
    """Compress an answer that was made for one request."""
    if response.body and len(response.body) >= LEAST_BYTES and is_wanted(request, response):
        response.body = gzip(response.body, LEVEL, padding=padding_of(response.body))


def compress_once(request: Request, response: HTTPResponse) -> None:
    """Compress what is the same for everybody: a page, a document, a script."""
    if response.body and len(response.body) >= LEAST_BYTES and is_wanted(request, response):
        response.body = kept_gzip(response.body)


def is_wanted(request: Request, response: HTTPResponse) -> bool:
    """Whether the client takes gzip; the answer says that it depends on it."""
    if response.content_type not in TYPES:
        return False
    response.headers.add("Vary", "Accept-Encoding")
    wanted = takes_gzip(request.headers.get("accept-encoding", ""))
    if wanted:
        response.headers["Content-Encoding"] = "gzip"
    return wanted


def takes_gzip(accepted: str) -> bool:
    for each in accepted.split(","):
        coding, _, weight = each.partition(";")
        if coding.strip().lower() in ("gzip", "x-gzip"):
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def padding_of(content: bytes) -> int:
    """A number that only this process can foretell."""
    return int.from_bytes(blake2b(content, key=KEY, digest_size=4).digest()) % MOST_PADDING


@lru_cache(maxsize=32)
def kept_gzip(content: bytes) -> bytes:
    return gzip(content, LEVEL_ONCE, padding=0)


def gzip(content: bytes, level: int, *, padding: int) -> bytes:
    deflate = zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)
    name = b"x" * padding + b"\0"
    tail = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return b"".join((HEAD, name, deflate.compress(content), deflate.flush(), tail))
