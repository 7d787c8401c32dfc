"""The programs of docs/tutorial/first-client.md hear what the page says, from a sandbox."""

import os
import re
from pathlib import Path

import httpx
import pytest

from tests.clients.test_python import run as run_python
from tests.clients.typescript import PACKAGE, compiled
from tests.npm import run as run_node
from tests.processes import ROOT, tripsync
from tests.waiting import PATIENCE

PAGE = (ROOT / "docs" / "tutorial" / "first-client.md").read_text()
PROGRAM = re.compile(r"^```\w+ (hello\.\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
SAID = re.compile(r"^```text\n(.*?)^```$", re.DOTALL | re.MULTILINE)
TOKEN = re.compile(r"\(student\), .*:\n(ey\S+)$", re.MULTILINE)


@pytest.mark.slow
async def test_both_programs_say_what_the_page_says(tmp_path: Path) -> None:
    await compiled()
    scope = tmp_path / "node_modules" / "@tripsync"
    scope.mkdir(parents=True)
    os.symlink(PACKAGE, scope / "client")
    [promised] = SAID.findall(PAGE)
    where = {"DATABASE_URL": "", "PORT": "0"}
    with tripsync("sandbox", data_dir=tmp_path / "data", **where) as sandbox:
        url = await sandbox.address()
        programs = dict(PROGRAM.findall(PAGE.replace("http://localhost:8000", url)))
        assert programs.keys() == {"hello.py", "hello.mjs"}
        for name, text in programs.items():
            (tmp_path / name).write_text(text)
        assert await run_python(str(tmp_path / "hello.py")) == promised
        assert await run_node(tmp_path, tmp_path / "hello.mjs") == (0, promised)
        token = TOKEN.findall(sandbox.said)[0]
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=PATIENCE) as client:
            me = (await client.get("/api/profile/me")).json()
        assert promised.startswith(f"I am {me['full_name']}\n")
