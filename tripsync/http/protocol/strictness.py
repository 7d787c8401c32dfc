"""A request is refused that a proxy in front may read otherwise than we do (RFC 9112).

Sanic takes what it can make some sense of. Where two servers make different sense of the same
bytes, one of them can be made to see a request that the other did not see: request smuggling.
"""

import re

from sanic.compat import Header
from sanic.exceptions import BadRequest

from tripsync.http.origins import HOST_AND_PORT

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
HEAD = re.compile(
    rb"(?:%(token)b{1,20}) [\x21-\x7e]+ HTTP/1\.[01]"
    rb"(?:\r\n%(token)b+:[\t\x20-\x7e\x80-\xff]*+)*+" % {b"token": TOKEN}
)
LENGTH = re.compile(r"[0-9]{1,15}[\t ]*", re.ASCII)
ABSOLUTE = re.compile(r"https?://([^/?#]+)", re.IGNORECASE | re.ASCII)

# The line break before, the size, what nobody knows the meaning of, and the line break after.
CHUNK = re.compile(rb"\r\n([0-9A-Fa-f]{1,8})(?:;[\t\x20-\x7e]*)?\r\n")
LONGEST_CHUNK_LINE = 256


def check_head(head: bytes, url: str, version: str, headers: Header) -> None:
    """Raise BadRequest unless all who know the RFC read the same in this head."""
    if not HEAD.fullmatch(head):
        raise BadRequest("Bad Request")
    hosts = headers.getall("host", ())
    if len(hosts) == 1:
        host = hosts[0].rstrip("\t ")
        if not HOST_AND_PORT.fullmatch(host):
            raise BadRequest("Bad Request")
    elif hosts or version != "1.0":
        raise BadRequest("Bad Request")
    else:
        host = ""
    if url[0] != "/":
        absolute = ABSOLUTE.match(url)
        if url != "*" and (absolute is None or absolute[1].lower() != host.lower()):
            raise BadRequest("Bad Request")


def check_length(version: str, headers: Header) -> None:
    """Raise BadRequest unless all find the end of the body at the same place."""
    length = headers.get("content-length")
    if length is None:
        # There were no chunks in HTTP/1.0.
        if version == "1.0":
            raise BadRequest("Bad Request")
    elif not LENGTH.fullmatch(length):
        raise BadRequest("Bad Request")


def read_chunk_line(buffer: bytearray) -> tuple[int, int] | None:
    """The size of the chunk that comes next, and where it begins; None: it has to be waited for.

    The line break that ends what came before stands at the beginning of the buffer."""
    if found := CHUNK.match(buffer, 0, LONGEST_CHUNK_LINE):
        return int(found[1], 16), found.end()
    if len(buffer) >= LONGEST_CHUNK_LINE or buffer.find(b"\n", 2) >= 0:
        raise BadRequest("Bad chunked encoding")
    return None
