"""Mail when workers are killed and when the mail server does not answer."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.conftest import StartServer
from tests.jobs.conftest import all_done
from tests.mail.conftest import MailServer, write_to
from tests.people import Campus
from tests.processes import ROOT
from tests.waiting import until
from tripsync.database import Database
from tripsync.jobs.worker import AT_ONCE
from tripsync.settings import Settings

MANY = 1000


@contextmanager
def worker_process(*arguments: str) -> Iterator["subprocess.Popen[bytes]"]:
    command = [sys.executable, "-m", "tests.mail.worker_process", *arguments]
    process = subprocess.Popen(command, cwd=ROOT)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.mark.slow
async def test_a_worker_killed_in_the_middle_of_a_thousand_mails_loses_none(
    queue: Database, empty_database: str, tmp_path: Path
) -> None:
    folder = tmp_path / "mail"
    await write_to(queue, *range(MANY))

    def is_halfway() -> bool:
        return len(list(folder.glob("*.eml"))) >= MANY // 3

    with worker_process(empty_database, str(tmp_path), "sticks") as first:
        await until(is_halfway)
        first.kill()
        first.wait()
    assert len(list(folder.glob("*.eml"))) < MANY
    with worker_process(empty_database, str(tmp_path)):
        await all_done(queue)
    texts = [file.read_text() for file in folder.glob("*.eml")]
    codes = Counter(re.findall(r"app: number (\d+)$", "\n".join(texts), re.MULTILINE))
    assert set(codes) == {str(number) for number in range(MANY)}
    # Those that were accepted and could not be noted any more: each is the same mail again.
    assert len(texts) - MANY <= AT_ONCE
    assert len(set(re.findall(r"^Message-ID: .*$", "\n".join(texts), re.MULTILINE))) == MANY


async def test_a_mail_server_that_does_not_answer_holds_no_request_up(
    start_server: StartServer, own: Settings, mail_server: MailServer
) -> None:
    mail_server.says_to_data = ["stall"] * 20
    server = await start_server(
        database_url=own.database_url,
        smtp_url=f"smtp://127.0.0.1:{mail_server.port}",
        mail_from="Rides <rides@example.edu>",
    )
    async with server.client() as client:
        campus = Campus(client, own.data_dir)
        first = await campus.sign_up()
        await until(lambda: mail_server.seen)
        for _ in range(2 * AT_ONCE):
            assert (await campus.register()).status_code == 201
        assert (await first.call("GET", "/api/profile/me")).status_code == 200
        assert mail_server.accepted == []
