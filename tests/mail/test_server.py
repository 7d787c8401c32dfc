"""Mail by a real SMTP server that does what servers do: nothing is lost, and nothing sent twice."""

import email
import email.policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

from tests.jobs.conftest import all_done
from tests.jobs.test_failing import hurry, is_dead
from tests.mail.conftest import (
    HELLO,
    READER,
    MailServer,
    StartMailer,
    serving,
    tls_with,
    write_to,
)
from tests.waiting import until
from tripsync.database import Database


def messages(server: MailServer) -> list[EmailMessage]:
    return [
        email.message_from_bytes(each.content or b"", policy=email.policy.default)  # type: ignore[misc]
        for each in server.accepted
    ]


async def was_put_off(queue: Database) -> bool:
    return bool(
        await queue.pool.fetchval(
            "select true from pgqueuer where status = 'queued' and attempts > 0"
        )
    )


async def test_a_mail_arrives_whole(
    queue: Database, start_mailer: StartMailer, mail_server: MailServer
) -> None:
    await start_mailer(HELLO)
    await write_to(queue, 1)
    await all_done(queue)
    [envelope] = mail_server.accepted
    assert (envelope.mail_from, envelope.rcpt_tos) == ("rides@example.edu", [READER])
    [message] = messages(mail_server)
    assert message["From"] == "Rides <rides@example.edu>"
    assert (message["To"], message["Subject"]) == (READER, "A new password")
    plain, html = message.iter_parts()
    assert "or type this code in the app: number 1" in plain.get_content()
    assert "<p>or type this code in the app: number 1</p>" in html.get_content()
    assert html.get_content_type() == "text/html"
    assert all(len(line) <= 998 for line in (envelope.content or b"").split(b"\r\n"))


@pytest.mark.parametrize("step", ["rcpt", "data"])
async def test_a_mail_that_is_refused_is_dead_at_once(
    queue: Database, start_mailer: StartMailer, mail_server: MailServer, step: str
) -> None:
    getattr(mail_server, f"says_to_{step}").append(f"550 5.1.1 {READER} is not here")
    await start_mailer(HELLO)
    await write_to(queue, 1)
    await until(lambda: is_dead(queue))
    [dead] = await queue.reading.jobs.list_dead_jobs(size=1)
    assert (dead["tries"], dead["reason"]) == (1, "the mail server refused the mail: 550")
    kept = await queue.pool.fetch("select * from pgqueuer_log")
    assert READER not in str(kept)
    # Somebody mends it there, and tries again here.
    await queue.reading.jobs.revive_dead_jobs(job_id=None)
    await all_done(queue)
    assert len(mail_server.accepted) == 1


@pytest.mark.parametrize(
    ("step", "said"),
    [
        ("rcpt", "451 4.3.0 come back later"),
        ("data", "452 4.3.1 no room just now"),
        ("data", "stall"),
        ("data", "hang up"),
    ],
)
async def test_a_mail_that_is_put_off_is_sent_later_and_once(
    queue: Database, start_mailer: StartMailer, mail_server: MailServer, step: str, said: str
) -> None:
    getattr(mail_server, f"says_to_{step}").append(said)
    hasty = await start_mailer(HELLO, smtp_timeout_seconds=3)
    await write_to(queue, 1)
    await until(lambda: was_put_off(queue))
    assert mail_server.accepted == []
    await hasty.stop()
    await start_mailer(HELLO)
    await hurry(queue)
    await all_done(queue)
    assert len(mail_server.accepted) == 1


async def test_a_server_that_hangs_up_after_it_accepted_gets_no_second_mail(
    queue: Database, start_mailer: StartMailer, mail_server: MailServer
) -> None:
    mail_server.says_to_data.append("250 and hang up")
    await start_mailer(HELLO)
    await write_to(queue, 1)
    await all_done(queue)
    assert mail_server.seen == 1


async def test_a_mail_that_is_tried_again_is_known_by_its_id(
    queue: Database, start_mailer: StartMailer, mail_server: MailServer
) -> None:
    """As when we were killed after it was accepted: whoever gets two sees that they are one."""
    ids: list[str] = []
    accept = mail_server.handle_DATA

    async def accept_but_say_no(*arguments: Any) -> str:
        await accept(*arguments)
        ids.append(str(messages(mail_server)[-1]["Message-ID"]))
        return "451 4.3.0 lost" if len(ids) == 1 else "250 OK"

    mail_server.handle_DATA = accept_but_say_no  # type: ignore[method-assign]
    await start_mailer(HELLO)
    await write_to(queue, 1)
    await until(lambda: was_put_off(queue))
    await write_to(queue, 2)
    await hurry(queue)
    await all_done(queue)
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert all(each.endswith("@example.edu>") for each in ids)


async def test_no_mail_is_lost_while_the_server_is_down(
    queue: Database, start_mailer: StartMailer, mail_server: MailServer
) -> None:
    port = mail_server.port
    mail_server.port = 1
    astray = await start_mailer(HELLO)
    await write_to(queue, *range(20))

    async def all_put_off() -> bool:
        put_off = await queue.pool.fetchval("select count(*) from pgqueuer where attempts > 0")
        return bool(put_off == 20)

    await until(all_put_off)
    mail_server.port = port
    await astray.stop()
    await start_mailer(HELLO)
    await hurry(queue)
    await all_done(queue)
    told = {str(each.get_body(("plain",))) for each in messages(mail_server)}
    assert len(mail_server.accepted) == 20
    assert all(any(f"number {code}\n" in text for text in told) for code in range(20))


async def test_a_password_never_travels_in_the_clear(
    queue: Database, start_mailer: StartMailer, mail_server: MailServer
) -> None:
    """The server offers no TLS: whoever stands between may have taken the offer away."""
    url = f"smtp://rides:secret@127.0.0.1:{mail_server.port}"
    await start_mailer(HELLO, smtp_url=url)
    await write_to(queue, 1)
    await until(lambda: was_put_off(queue))
    assert mail_server.seen == 0
    kept = str(await queue.pool.fetch("select traceback::text from pgqueuer_log"))
    assert "secret" not in kept


async def test_a_server_that_nobody_vouches_for_gets_no_mail(
    queue: Database, start_mailer: StartMailer, certificate: Path
) -> None:
    async with serving(tls_with(certificate)) as stranger:
        await start_mailer(HELLO, smtp_url=f"smtps://127.0.0.1:{stranger.port}")
        await write_to(queue, 1)
        await until(lambda: was_put_off(queue))
        assert stranger.seen == 0


async def test_a_mail_travels_by_tls_from_the_start(
    queue: Database,
    start_mailer: StartMailer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    async with serving(tls_with(certificate)) as server:
        await start_mailer(HELLO, smtp_url=f"smtps://127.0.0.1:{server.port}")
        await write_to(queue, 1)
        await all_done(queue)
        assert len(server.accepted) == 1


async def test_a_password_travels_once_tls_stands(
    queue: Database,
    start_mailer: StartMailer,
    certificate: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[object] = []

    def check(server: SMTP, _: object, __: object, ___: str, login: object) -> AuthResult:
        shown.append((login, server.session.ssl is not None))
        return AuthResult(success=True)

    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    demands = {"tls_context": tls_with(certificate), "authenticator": check, "auth_required": True}
    async with serving(**demands) as server:
        url = f"smtp://rides%40example.edu:p%2Fss@127.0.0.1:{server.port}"
        await start_mailer(HELLO, smtp_url=url)
        await write_to(queue, 1)
        await all_done(queue)
        assert len(server.accepted) == 1
    assert shown == [(LoginPassword(b"rides@example.edu", b"p/ss"), True)]
