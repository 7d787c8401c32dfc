"""Access tokens say who a rider is, signed, for half an hour; secrets are kept as hashes.

HS256 and nothing else. The key's id travels with the token, so that a new SECRET_KEY can
be introduced while tokens of the RETIRED_SECRET_KEYS are still about.
"""

import hashlib
import secrets
import time
from functools import lru_cache

import jwt
import msgspec

from tripsync.settings import Settings

ALGORITHM = "HS256"
ISSUER = "tripsync"
AUDIENCE = "tripsync-api"
# Riders of one worker whose tokens are read without being verified anew.
REMEMBERED = 10_000
REQUIRED = ["sub", "uid", "cid", "sid", "typ", "iss", "aud", "iat", "exp"]

# Nobody's, for documents.
EXAMPLE_TOKEN = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhc2hhQGRqc2NlLmV4YW1wbGUifQ.c2lnbmF0dXJl"
)
EXAMPLE_SECRET = "p3V1sQ9fXn0cB7mZkL2wR8tYdG5hJ4aEuC6oNiKqWxM"


class InvalidTokenError(Exception):
    """Not a token of ours, or not any more."""


class Rider(msgspec.Struct, frozen=True):
    """Who asks: read from a token, without a look at the database."""

    user_id: int
    college_id: int
    session_id: int
    email: str
    expires_at: int


class AccessTokens:
    """Signs and reads access tokens."""

    def __init__(self, settings: Settings) -> None:
        self._keys = {
            key_id(key): key for key in (settings.secret_key, *settings.retired_secret_keys)
        }
        self._current = key_id(settings.secret_key)
        self.lifetime = settings.access_token_minutes * 60
        # A signature once found good stays good; its token comes again with every request.
        self._verified = lru_cache(maxsize=REMEMBERED)(self._verify)

    def issue(self, *, user_id: int, college_id: int, session_id: int, email: str) -> str:
        now = int(time.time())
        claims = claims_of(
            user_id=user_id,
            college_id=college_id,
            session_id=session_id,
            email=email,
            issued_at=now,
            expires_at=now + self.lifetime,
        )
        return jwt.encode(
            claims, self._keys[self._current], ALGORITHM, headers={"kid": self._current}
        )

    def read(self, token: str) -> Rider:
        rider = self._verified(token)
        if rider.expires_at <= time.time():
            raise InvalidTokenError
        return rider

    def _verify(self, token: str) -> Rider:
        try:
            key = self._keys[jwt.get_unverified_header(token)["kid"]]
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                audience=AUDIENCE,
                issuer=ISSUER,
                options={"require": REQUIRED},
            )
        except (jwt.InvalidTokenError, KeyError, ValueError):
            raise InvalidTokenError from None
        ids = (claims["uid"], claims["cid"], claims["sid"])
        if claims["typ"] != "access" or not all(isinstance(each, int) for each in ids):
            raise InvalidTokenError
        return Rider(*ids, email=claims["sub"], expires_at=claims["exp"])


def claims_of(
    *,
    user_id: int,
    college_id: int,
    session_id: int,
    email: str,
    issued_at: int,
    expires_at: int,
) -> dict[str, object]:
    """What a token says of a rider, and of itself."""
    return {
        "sub": email,
        "uid": user_id,
        "cid": college_id,
        "sid": session_id,
        "typ": "access",
        "iss": ISSUER,
        "aud": AUDIENCE,
        "iat": issued_at,
        "exp": expires_at,
    }


def key_id(key: str) -> str:
    """A name for a key that does not give it away."""
    return hashlib.sha256(b"tripsync key id" + key.encode()).hexdigest()[:12]


def fresh_secret() -> str:
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    # 256 random bits need no slow hash; nobody can try them all.
    return hashlib.sha256(secret.encode(errors="replace")).digest()
