"""A webhook takes pushes, behind which a frontend team reaches the phones.

Whoever receives it checks `X-TripSync-Signature`, which is `sha256=` and the HMAC of
`X-TripSync-Timestamp`, a dot and the body, in hexadecimal, with PUSH_WEBHOOK_SECRET as the key; and
refuses a timestamp that is more than five minutes old. Another way out has the same `push`.
"""

import asyncio
import hashlib
import hmac
import ssl
import time
from typing import Any

import httpx
import msgspec

from tripsync.database.encoding import encode
from tripsync.jobs import Hopeless, Setback
from tripsync.settings import Settings

CONNECT_WITHIN = 3.0
ANSWER_WITHIN = 10.0

GONE = 410
# What may be otherwise in a while, as everything from 500 on.
LATER = (408, 425, 429)


class Push(msgspec.Struct):
    """What is posted."""

    # The same for each try: who gets it twice can tell.
    id: int
    platform: str
    token: str
    event: dict[str, Any]


class PhoneGone(Exception):  # noqa: N818 - nothing went wrong
    """The phone is not reached by this token any more."""


class Webhook:
    """Posts to PUSH_WEBHOOK_URL. A connection each: pushes are few, and nothing is to be closed."""

    def __init__(self, settings: Settings) -> None:
        self._url = settings.push_webhook_url
        self._key = settings.push_webhook_secret.encode()
        # Read once: it takes longer than a push.
        self._tls = ssl.create_default_context()

    async def push(self, push: Push) -> None:
        """Returns when it is accepted, else raises."""
        body = encode(push)
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                status = await self._post(body)
        except (httpx.HTTPError, OSError) as reason:
            raise Setback(f"the webhook cannot be reached: {type(reason).__name__}") from None
        if status == GONE:
            raise PhoneGone
        if status >= 500 or status in LATER:
            raise Setback(f"the webhook said {status}")
        if not 200 <= status < 300:
            raise Hopeless(f"the webhook said {status}")

    async def _post(self, body: bytes) -> int:
        client = httpx.AsyncClient(
            verify=self._tls,
            timeout=httpx.Timeout(ANSWER_WITHIN, connect=CONNECT_WITHIN),
            # Only what was configured: no redirect and no proxy leads elsewhere.
            follow_redirects=False,
            trust_env=False,
        )
        # The answer's words are nobody's business, and may have no end.
        async with (
            client,
            client.stream("POST", self._url, content=body, headers=self._headers(body)) as answer,
        ):
            return answer.status_code

    def _headers(self, body: bytes) -> dict[str, str]:
        timestamp = str(int(time.time()))
        return {
            "Content-Type": "application/json",
            "User-Agent": "TripSync",
            "X-TripSync-Timestamp": timestamp,
            "X-TripSync-Signature": f"sha256={signature(self._key, timestamp, body)}",
        }


def signature(key: bytes, timestamp: str, body: bytes) -> str:
    return hmac.digest(key, timestamp.encode() + b"." + body, hashlib.sha256).hex()
