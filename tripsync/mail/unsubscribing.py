"""A signed link ends one kind of mail for one rider, without a sign-in (RFC 8058).

A link holds who and what, signed: nothing is kept of it, it works for as long as the key does, and
it opens nothing else.
"""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from struct import Struct
from typing import NamedTuple

from tripsync.mail.letters import KINDS, Kind
from tripsync.settings import Settings

PATH = "/api/mail/unsubscribe/"
CLAIM = Struct(">QQB")
# Together with the claim 32 bytes, which is what a secret in a path looks like.
SIGNATURE_BYTES = 32 - CLAIM.size
PURPOSE = b"tripsync unsubscribe"

IN_WORDS: dict[Kind, str] = {
    "matches": "rides that you share",
    "cancellations": "riders who leave your ride",
    "searches": "what fits your saved searches",
    "digest": "your week",
}


class Unsubscription(NamedTuple):
    """Who no longer wants which mails."""

    college_id: int
    user_id: int
    kind: Kind


def unsubscribe_url(settings: Settings, kind: Kind, college_id: int, user_id: int) -> str:
    claim = CLAIM.pack(college_id, user_id, KINDS.index(kind))
    token = urlsafe_b64encode(claim + signature(settings.secret_key, claim))
    return f"{settings.api_url}{PATH}{token.decode().rstrip('=')}"


def read_token(settings: Settings, token: str) -> Unsubscription | None:
    """What a link claims, if it is one of ours."""
    raw = urlsafe_b64decode(f"{token}=")
    claim, signed = raw[: CLAIM.size], raw[CLAIM.size :]
    if not any(hmac.compare_digest(signed, each) for each in signatures(settings, claim)):
        return None
    college_id, user_id, kind = CLAIM.unpack(claim)
    return Unsubscription(college_id, user_id, KINDS[kind])


def signatures(settings: Settings, claim: bytes) -> Iterable[bytes]:
    """By the key of today, and by those that signed before."""
    return [signature(key, claim) for key in (settings.secret_key, *settings.retired_secret_keys)]


def signature(key: str, claim: bytes) -> bytes:
    return hmac.digest(key.encode(), PURPOSE + claim, hashlib.sha256)[:SIGNATURE_BYTES]
