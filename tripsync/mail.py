"""The way out for mail: a small port, and the side of it that needs no mail server.

Features hand a `Mail` to the `Postbox` after their transaction stands; nobody waits for
its delivery, so that no answer's timing tells whether there was anybody to write to.
"""

import asyncio
import logging
import os
import secrets
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple, Protocol

log = logging.getLogger("tripsync.mail")

SENDER = "TripSync <no-reply@tripsync.invalid>"


class Mail(NamedTuple):
    """A message to one person."""

    to: str
    subject: str
    text: str


class Carrier(Protocol):
    """Whoever takes a mail to its reader."""

    async def carry(self, mail: Mail) -> None: ...


class MailFolder:
    """Keeps every mail as a readable file, the newest name last."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    async def carry(self, mail: Mail) -> None:
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = SENDER, mail.to, mail.subject
        message["Date"] = now = datetime.now(UTC)
        # Not quoted-printable, which would break the links that people copy.
        message.set_content(mail.text, cte="8bit")
        name = f"{now:%Y%m%dT%H%M%S.%f}-{secrets.token_hex(3)}.eml"
        await asyncio.to_thread(self._write, name, message.as_bytes())

    def _write(self, name: str, content: bytes) -> None:
        # Mails hold codes that open accounts: for the owner's eyes only.
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with open(handle, "wb") as file:
            file.write(content)


class Postbox:
    """Takes mails at once and has them carried; a stop waits for those under way."""

    def __init__(self, carrier: Carrier) -> None:
        self._carrier = carrier
        self._under_way: set[asyncio.Task[None]] = set()

    def post(self, mail: Mail) -> None:
        task = asyncio.create_task(self._carrier.carry(mail))
        self._under_way.add(task)
        task.add_done_callback(self._arrived)

    async def close(self) -> None:
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _arrived(self, task: "asyncio.Task[None]") -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (failure := task.exception()):
            log.error("a mail could not be carried: %s", type(failure).__name__)
