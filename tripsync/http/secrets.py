"""Opaque secrets: given out once, kept as hashes only."""

import hashlib
import secrets


def fresh_secret() -> str:
    return secrets.token_urlsafe(32)


def hash_of(secret: str) -> bytes:
    # 256 random bits need no slow hash; nobody can try them all.
    return hashlib.sha256(secret.encode(errors="replace")).digest()
