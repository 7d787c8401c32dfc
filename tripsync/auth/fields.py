"""Email addresses and passwords are checked before anything is done with them."""

from collections.abc import Collection
from functools import cache
from typing import Any, Self

from email_validator import EmailNotValidError, validate_email
from zxcvbn.frequency_lists import FREQUENCY_LISTS

from tripsync.http.hashing import LONGEST_PASSWORD_BYTES

LONGEST_EMAIL = 254
SHORTEST_PASSWORD = 8


class Email(str):
    """An email address in the one spelling under which it is kept: ASCII and lower case."""

    __slots__ = ()

    @classmethod
    def read(cls, raw: str) -> Self:
        try:
            address = validate_email(
                raw.strip(),
                check_deliverability=False,
                # Look-alike letters must not make a second person of one address.
                allow_smtputf8=False,
                # Campus networks have names that the public ones lack.
                globally_deliverable=False,
                strict=True,
            )
        except EmailNotValidError:
            raise ValueError("must be an email address, such as name@college.edu") from None
        if "." not in address.domain:
            raise ValueError("must be an email address, such as name@college.edu")
        return cls((address.ascii_email or "").lower())

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "email",
            "maxLength": LONGEST_EMAIL,
            "examples": ["asha@djsce.example"],
        }


class NewPassword(str):
    """A new password that meets the rules; its repr hides it."""

    __slots__ = ()

    @classmethod
    def read(cls, raw: str) -> Self:
        if len(raw) < SHORTEST_PASSWORD:
            raise ValueError(f"must have at least {SHORTEST_PASSWORD} characters")
        if len(raw.encode(errors="replace")) > LONGEST_PASSWORD_BYTES:
            raise ValueError(f"must have at most {LONGEST_PASSWORD_BYTES} bytes")
        if raw.lower() in common_passwords():
            raise ValueError("is among the most common ones; choose another")
        return cls(raw)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "password",
            "minLength": SHORTEST_PASSWORD,
            "description": f"at most {LONGEST_PASSWORD_BYTES} bytes, and not a common one",
            "examples": ["four sparrows on a tram"],
        }

    def __repr__(self) -> str:
        return "NewPassword(...)"


@cache
def common_passwords() -> frozenset[str]:
    """Return the most common passwords, from the lists of zxcvbn."""
    return frozenset(
        word for word in FREQUENCY_LISTS["passwords"] if len(word) >= SHORTEST_PASSWORD
    )


def admits(domains: Collection[str], email: str) -> bool:
    """Tell whether a college with these domains takes this address; without any, it takes all."""
    host = email.rpartition("@")[2].lower()
    return not domains or any(host == each or host.endswith(f".{each}") for each in domains)
