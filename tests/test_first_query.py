"""A DBA follows docs/tutorial/first-query.md, block by block, in a copy of the project."""

import asyncio
import re
import subprocess
from pathlib import Path

import pytest

from tests.databases import fresh_database
from tests.how_to.test_pages import copy_to, environment
from tests.processes import ROOT, tripsync
from tripsync.database.migrations import migrate

PAGE = ROOT / "docs" / "tutorial" / "first-query.md"
BLOCK = re.compile(r"^```(sh|diff)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def pasted() -> str:
    """What somebody types who follows the page; an editor is `git apply`."""
    return "".join(
        text if kind == "sh" else f"git apply - <<'EDIT'\n{text}EDIT\n"
        for kind, text in BLOCK.findall(PAGE.read_text())
    )


def keep_in_git(folder: Path) -> None:
    """What edits are compared with."""
    author = ("-c", "user.name=Asha", "-c", "user.email=asha@college.example")
    for command in (("init", "-q"), ("add", "sql"), (*author, "commit", "-qm", "as it was")):
        subprocess.run(["git", *command], cwd=folder, check=True)


@pytest.mark.slow
async def test_a_first_query_is_edited_as_the_page_says(tmp_path: Path, postgres: str) -> None:
    copy = copy_to(tmp_path)
    keep_in_git(copy)
    with fresh_database(postgres) as url:
        migrate(url)
        with tripsync(
            "serve", data_dir=copy / "var", cwd=copy, PYTHONPATH=str(copy), DATABASE_URL=url
        ) as server:
            typed = pasted().replace("http://localhost:8000", await server.address())
            shell = await asyncio.create_subprocess_exec(
                "bash",
                "-e",
                cwd=copy,
                env=environment(copy, url),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            said = (await shell.communicate(typed.encode()))[0].decode()
    assert shell.returncode == 0, said
    for expected in (
        "GET /api/auth/sessions                  sessions.list_sessions",
        "rows; rolled back",
        "1 file: nothing to mend",
        "1 of 1 query differ",
        "that is what we want",
    ):
        assert expected in said, said
    counted = re.search(r"^(\d+) devices, and now (\d+) devices$", said, re.MULTILINE)
    assert counted, said
    before, after = map(int, counted.groups())
    assert after < before
    assert said.endswith(f"{before} devices\n")
