"""Close codes tell why a socket was closed, and whether a client should come back."""

from typing import NamedTuple


class CloseCode(NamedTuple):
    """A code of RFC 6455, or one of ours from 4400 on, which stand for an HTTP status."""

    number: int
    reason: str
    # What a client does then.
    advice: str


BAD_MESSAGE = CloseCode(1008, "bad message", "mend the client; coming back as it is helps nobody")
TOO_BIG = CloseCode(1009, "message too big", "mend the client; coming back as it is helps nobody")
GOING_AWAY = CloseCode(1012, "the server restarts", "come back after `retry_after_ms`")
TRY_AGAIN = CloseCode(1013, "not available now", "come back after ten seconds")
NOT_SIGNED_IN = CloseCode(
    4401, "not signed in any more", "get a new token, or sign in, and come back at once"
)
NOT_ALLOWED = CloseCode(4403, "not your socket", "stay away")
TOO_SLOW = CloseCode(4408, "the client does not read", "come back after a second and resume")
REPLACED = CloseCode(4409, "too many devices", "stay away until the person comes back to this one")
TOO_MANY = CloseCode(4429, "too many messages", "come back after ten seconds, and say less")

ALL = (
    BAD_MESSAGE,
    TOO_BIG,
    GOING_AWAY,
    TRY_AGAIN,
    NOT_SIGNED_IN,
    NOT_ALLOWED,
    TOO_SLOW,
    REPLACED,
    TOO_MANY,
)
