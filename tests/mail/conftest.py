"""A mail server that behaves as the test says, and a worker that sends its mails there."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.jobs.conftest import StartWorker, own, queue, start_worker
from tripsync.database import Database, Transaction
from tripsync.jobs.worker import Worker
from tripsync.mail import Letter, post
from tripsync.mail.letters import Facts
from tripsync.mail.mailer import Mailer
from tripsync.settings import Settings

__all__ = ["own", "queue", "start_worker"]

READER = "asha@djsce.example"


class MailServer:
    """A real SMTP server. What it says is up to the test; what it accepted it keeps."""

    def __init__(self) -> None:
        self.accepted: list[Envelope] = []
        self.seen = 0
        self.says_to_rcpt: list[str] = []
        self.says_to_data: list[str] = []
        self.port = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, _: SMTP, __: Session, envelope: Envelope, address: str, ___: list[str]
    ) -> str:
        if self.says_to_rcpt:
            return self.says_to_rcpt.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, _: Session, envelope: Envelope
    ) -> str:
        self.seen += 1
        said = self.says_to_data.pop(0) if self.says_to_data else "250 OK"
        if said == "stall":
            await asyncio.Event().wait()
        if said == "hang up":
            server.transport.abort()
        if said == "250 and hang up":
            self.accepted.append(envelope)
            asyncio.get_running_loop().call_soon(server.transport.close)
            return "250 OK"
        if said.startswith("250"):
            self.accepted.append(envelope)
        return said


@asynccontextmanager
async def serving(tls: ssl.SSLContext | None = None, **demands: Any) -> AsyncIterator[MailServer]:
    """A mail server; behind TLS from the start, or with demands of its own."""
    handler = MailServer()
    listening = await asyncio.get_running_loop().create_server(
        lambda: SMTP(handler, hostname="mail.test", enable_SMTPUTF8=False, **demands),
        "127.0.0.1",
        0,
        ssl=tls,
    )
    handler.port = listening.sockets[0].getsockname()[1]
    yield handler
    listening.close()


@pytest.fixture
async def mail_server() -> AsyncIterator[MailServer]:
    async with serving() as server:
        yield server


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of a mail server on 127.0.0.1, which vouches for itself; with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mail.test")])
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(here, critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "mail.pem"
    plain = serialization.NoEncryption()
    pkcs8 = serialization.PrivateFormat.PKCS8
    file.write_bytes(
        signed.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(serialization.Encoding.PEM, pkcs8, plain)
    )
    return file


def tls_with(certificate: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    return context


async def hello(_: Transaction, code: int) -> Facts:
    return {"to": READER, "code": f"number {code}", "hours": 1}


# With a template that is there anyway.
HELLO = Letter("reset_password", hello)

StartMailer = Callable[..., Awaitable[Worker]]


@pytest.fixture
def start_mailer(own: Settings, start_worker: StartWorker, mail_server: MailServer) -> StartMailer:
    """Starts a worker that sends letters: `await start_mailer(HELLO, smtp_timeout_seconds=1)`."""

    async def start(*letters: Letter, **changes: Any) -> Worker:
        there = {
            "smtp_url": f"smtp://127.0.0.1:{mail_server.port}",
            "mail_from": "Rides <rides@example.edu>",
        }
        settings = msgspec.structs.replace(own, **(there | changes))
        return await start_worker(Mailer(settings, letters).job)

    return start


async def write_to(database: Database, *codes: int) -> None:
    async with database.transaction() as db:
        for code in codes:
            await post(db, HELLO, code=code)
