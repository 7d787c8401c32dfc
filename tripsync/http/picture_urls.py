"""Signed addresses let an image tag open a picture, which sends no header.

What the database gives and events keep is where a picture lies on this server, such as
`/api/users/17/image?v=9f86d081884c`. It is signed where an answer or an event leaves, for whoever
gets it and for some hours; whether they may still see the picture is asked each time that it is
opened.
"""

import hashlib
import hmac
import re
import time
from base64 import urlsafe_b64encode
from typing import Annotated

from msgspec import Meta

from tripsync.settings import Settings

PURPOSE = b"tripsync pictures"
# An address stays the same for so long, so that clients can keep the picture, and opens for one to
# two times as long.
STAYS_SECONDS = 6 * 3600
# A member of a JSON text. Nothing that a rider wrote looks like it: quotes within are escaped.
UNSIGNED = re.compile(rb'("profile_image_url": ?")(/api/users/(\d+)/image\?v=([0-9a-f]{12}))"')


PictureUrl = Annotated[
    str,
    Meta(
        description="opens by itself, without the token, for whoever it was given to and for "
        "hours; stays the same for hours; another picture has another address",
        examples=[
            "https://api.rides.example.edu/api/users/17/image?v=9f86d081884c&viewer=23"
            "&expires=1767225600&signature=9sV0rj4nT5kQ2wYxB1cZ7LmHd8fGeKp3uAoRiX6tWyE"
        ],
    ),
]


class PictureUrls:
    """Signs addresses, and knows its own."""

    def __init__(self, settings: Settings) -> None:
        self._keys = [
            hmac.digest(key.encode(), PURPOSE, hashlib.sha256)
            for key in (settings.secret_key, *settings.retired_secret_keys)
        ]
        self._api_url = settings.api_url

    def sign_all(self, text: bytes, viewer_id: int, now: float | None = None) -> bytes:
        """A JSON text in which every `profile_image_url` opens for this viewer."""

        def signed(found: re.Match[bytes]) -> bytes:
            name, path, user_id, version = found.groups()
            expires = expiry(int(user_id), time.time() if now is None else now)
            signature = sign(self._keys[0], int(user_id), version.decode(), viewer_id, expires)
            query = f"&viewer={viewer_id}&expires={expires}&signature={signature}"
            return b"".join((name, self._api_url.encode(), path, query.encode(), b'"'))

        return UNSIGNED.sub(signed, text)

    def is_signed(
        self, user_id: int, version: str, viewer_id: int, expires: int, signature: str
    ) -> bool:
        """Whether this is an address of ours, and its time is not over."""
        return expires > time.time() and any(
            hmac.compare_digest(signature, sign(key, user_id, version, viewer_id, expires))
            for key in self._keys
        )


def expiry(user_id: int, now: float) -> int:
    """When an address that is given out now ends: the end of the next stretch of time.

    Each picture has stretches of its own, or all clients would load all pictures anew at once."""
    shift = user_id * 977 % STAYS_SECONDS
    return (int(now - shift) // STAYS_SECONDS + 2) * STAYS_SECONDS + shift


def sign(key: bytes, user_id: int, version: str, viewer_id: int, expires: int) -> str:
    claim = f"{user_id} {version} {viewer_id} {expires}".encode()
    signature = hmac.digest(key, claim, hashlib.sha256)
    return urlsafe_b64encode(signature).decode().rstrip("=")
