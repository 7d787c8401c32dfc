"""The mailer finds out what a letter tells, writes it, and hands it over."""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import cast

from tripsync.jobs import Hopeless, Job, Run
from tripsync.mail.carriers import ON_THE_WIRE, carrier_of, domain_of
from tripsync.mail.letters import SEND_MAIL, Dispensable, Facts, Letter, WantedMail
from tripsync.mail.unsubscribing import unsubscribe_url
from tripsync.mail.writing import write
from tripsync.settings import Settings


class Mailer:
    """All letters of all features, and the way out."""

    def __init__(self, settings: Settings, letters: Sequence[Letter]) -> None:
        self._settings = settings
        self._letters = {letter.name: letter for letter in letters}
        self._carrier = carrier_of(settings)
        self.job = Job(SEND_MAIL, WantedMail, self.send)

    async def send(self, run: Run, wanted: WantedMail) -> None:
        letter = self._letters.get(wanted.letter)
        if letter is None:
            raise Hopeless(f"no letter is named {wanted.letter}")
        async with run.database.transaction() as db:
            facts = await letter.find(db, **wanted.about)
        if facts is not None:
            await self._carrier.carry(self._message(run, letter, facts))

    def _message(self, run: Run, letter: Letter, facts: Facts) -> EmailMessage:
        frame = {"app_url": self._settings.app_url, "unsubscribe_url": ""}
        message = EmailMessage(ON_THE_WIRE)
        try:
            message["To"] = facts["to"]
        except ValueError:
            raise Hopeless("the address cannot be written to") from None
        message["From"] = self._settings.mail_from
        message["Date"] = datetime.now(UTC)
        message["Message-ID"] = self._message_id(run)
        # Asks those who are away not to answer.
        message["Auto-Submitted"] = "auto-generated"
        if letter.kind:
            own = cast("Dispensable", facts)
            url = unsubscribe_url(self._settings, letter.kind, own["college_id"], own["user_id"])
            frame["unsubscribe_url"] = url
            message["List-Unsubscribe"] = f"<{url}>"
            message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        text = write(letter.name, {**frame, **facts}, frame)
        message["Subject"] = text.subject
        message.set_content(text.plain)
        message.add_alternative(text.html, subtype="html")
        return message

    def _message_id(self, run: Run) -> str:
        """The same for each try: who gets a mail twice, because we were killed before we could note
        that it was accepted, gets the same one."""
        mark = f"mail {run.job_id}".encode()
        digest = hmac.digest(self._settings.secret_key.encode(), mark, hashlib.sha256)
        return f"<{digest[:16].hex()}@{domain_of(self._settings.mail_from)}>"
