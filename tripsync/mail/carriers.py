"""Carriers hand mail over: to a mail server, or to a folder where there is none."""

import asyncio
import email.policy
import os
import secrets
from contextlib import suppress
from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import parseaddr
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import unquote, urlsplit

from aiosmtplib import (
    SMTP,
    SMTPDataError,
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
)

from tripsync.jobs import Hopeless, Setback
from tripsync.settings import Settings

# A header is one line: to fold it, Python would spell a long link as no program expects it.
# And nothing but ASCII, which every server takes.
ON_THE_WIRE = email.policy.SMTP.clone(max_line_length=998, cte_type="7bit")
FOR_EYES = email.policy.default.clone(max_line_length=998)

# For all steps together; the setting bounds each.
LONGEST_TALK = 90.0
FAREWELL = 2.0
REFUSED_FOR_GOOD = range(500, 600)


class Carrier(Protocol):
    """Whoever takes a mail to its reader. Returns when it is accepted, else raises."""

    async def carry(self, message: EmailMessage) -> None: ...


def carrier_of(settings: Settings) -> Carrier:
    if settings.smtp_url:
        return MailServer(settings)
    return MailFolder(settings.data_dir / "mail")


class MailFolder:
    """Keeps every mail as a readable file, the newest name last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def carry(self, message: EmailMessage) -> None:
        for part in message.iter_parts():
            # Not quoted-printable, which would break the links that people copy.
            part.set_content(part.get_content(), subtype=part.get_content_subtype(), cte="8bit")
        name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%f}-{secrets.token_hex(3)}"
        await asyncio.to_thread(self._write, name, message.as_bytes(policy=FOR_EYES))

    def _write(self, name: str, content: bytes) -> None:
        # Mails hold codes that open accounts: for the owner's eyes only.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = self._folder / f"{name}.part"
        handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:
            file.write(content)
        unfinished.rename(self._folder / f"{name}.eml")


class MailServer:
    """Hands mails to an SMTP server, over a connection for each.

    What it says of the mail itself with a 5xx is final. All else may be better later: it is away,
    stalls, hangs up, is busy, or does not know us.
    """

    def __init__(self, settings: Settings) -> None:
        there = urlsplit(settings.smtp_url)
        secure = there.scheme == "smtps"
        self._options: dict[str, Any] = {
            "hostname": there.hostname,
            "port": there.port,
            "username": unquote(there.username) if there.username else None,
            "password": unquote(there.password) if there.password else None,
            "use_tls": secure,
            # With a password TLS is demanded, without one it is taken where it is offered.
            "start_tls": None if secure or not there.username else True,
            "timeout": settings.smtp_timeout_seconds,
            "local_hostname": domain_of(settings.mail_from),
        }
        self._sender = address_in(settings.mail_from)

    async def carry(self, message: EmailMessage) -> None:
        server = SMTP(**self._options)
        try:
            async with asyncio.timeout(LONGEST_TALK):
                await server.connect()
                await server.sendmail(self._sender, [address_in(message["To"])], bytes(message))
        except SMTPRecipientsRefused as refusal:
            raise verdict(refusal.recipients[0].code) from None
        except SMTPDataError as refusal:
            raise verdict(refusal.code) from None
        except SMTPResponseException as refusal:
            raise Setback(f"the mail server said {refusal.code}") from None
        except (SMTPException, OSError, TimeoutError) as reason:
            raise Setback(f"no talking to the mail server: {type(reason).__name__}") from None
        finally:
            # It has the mail, or has not: what becomes of the line is no matter any more.
            with suppress(SMTPException, OSError, TimeoutError):
                async with asyncio.timeout(FAREWELL):
                    await server.quit()
            server.close()


def verdict(code: int) -> Exception:
    """What a server said of a mail; its words may hold an address and stay there."""
    if code in REFUSED_FOR_GOOD:
        return Hopeless(f"the mail server refused the mail: {code}")
    return Setback(f"the mail server put the mail off: {code}")


def address_in(header: str) -> str:
    """Without the name in front."""
    return parseaddr(str(header))[1]


def domain_of(sender: str) -> str:
    return address_in(sender).rpartition("@")[2]
