"""Usernames, telephone numbers and links are checked before they are kept.

Blank text is taken for each of them and means nothing at all: so a form says that it is empty.
"""

import re
from typing import Any, Self
from urllib.parse import urlsplit

import phonenumbers
from email_validator import EmailNotValidError, validate_email

USERNAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{2,29}")
LONGEST_NUMBER = 40
LONGEST_LINK = 300
HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]", re.I)
VISIBLE = re.compile(r"[^\s\x00-\x1f\x7f<>\"\\^`{|}]+")


class Username(str):
    """How a rider is called in the college, besides the name."""

    __slots__ = ()

    @classmethod
    def read(cls, raw: str) -> Self:
        name = raw.strip()
        if name and not USERNAME.fullmatch(name):
            raise ValueError(
                "must have 3 to 30 letters, digits, dots, dashes or underscores, "
                "and begin with a letter or a digit"
            )
        return cls(name)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "maxLength": 30,
            "description": "unique in the college, in whatever case it is written",
            "examples": ["asha.rao"],
        }


class PhoneNumber(str):
    """A telephone number: whole, or as it is dialled in the country of the college."""

    __slots__ = ()

    @classmethod
    def read(cls, raw: str) -> Self:
        number = raw.strip()
        if len(number) > LONGEST_NUMBER:
            raise ValueError(f"must have at most {LONGEST_NUMBER} characters")
        return cls(international(number) if number.startswith("+") else number)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "maxLength": LONGEST_NUMBER,
            "description": "without a country code: of the college's country; kept as E.164",
            "examples": ["+919820012345"],
        }


def international(number: str, country: str | None = None) -> str:
    """The number in E.164, as it is dialled in this country; ValueError if nobody has it."""
    try:
        parsed = phonenumbers.parse(number, country)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or parsed.extension or not phonenumbers.is_valid_number(parsed):
        raise ValueError("must be a telephone number, such as +91 98200 12345")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


class MailAddress(str):
    """An address that somebody else reads; nobody signs in with it."""

    __slots__ = ()

    @classmethod
    def read(cls, raw: str) -> Self:
        address = raw.strip()
        if not address:
            return cls("")
        try:
            known = validate_email(address, check_deliverability=False, allow_smtputf8=False)
        except EmailNotValidError:
            raise ValueError("must be an email address, such as name@mail.in") from None
        return cls(known.ascii_email or "")

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "email",
            "maxLength": 254,
            "examples": ["meera.rao@mail.in"],
        }


class WebLink(str):
    """A page on the web."""

    __slots__ = ()

    @classmethod
    def read(cls, raw: str) -> Self:
        link = raw.strip()
        if len(link) > LONGEST_LINK:
            raise ValueError(f"must have at most {LONGEST_LINK} characters")
        if link and not is_web_link(link):
            raise ValueError("must be a link that begins with https:// or http://")
        return cls(link)

    @classmethod
    def json_schema(cls) -> dict[str, Any]:
        return {
            "type": "string",
            "format": "iri",
            "maxLength": LONGEST_LINK,
            "examples": ["https://github.com/asha"],
        }


def is_web_link(link: str) -> bool:
    try:
        parts = urlsplit(link)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    return (
        parts.scheme in ("http", "https")
        and VISIBLE.fullmatch(link) is not None
        and HOST.fullmatch(host) is not None
        # A link with a name before the host leads elsewhere than it seems to.
        and "@" not in parts.netloc
    )
