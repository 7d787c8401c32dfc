"""README says what is, or this goes red."""

import asyncio
import re
from pathlib import Path
from typing import Any

import httpx

from tests.conftest import Server
from tripsync.settings import variables

README = (Path(__file__).parent.parent / "README.md").read_text()


def settings_table() -> str:
    return "\n".join(
        f"| `{each.name}` | {f'`{each.default}`' if each.default else ''} | {each.meaning} |"
        for each in variables()
    )


def test_every_setting_is_in_the_table_as_it_is() -> None:
    table = README.partition("<!-- settings -->\n")[2].partition("\n<!-- end of settings -->")[0]
    assert table == settings_table()


async def test_every_call_is_in_the_table_with_its_meaning(client: httpx.AsyncClient) -> None:
    document: dict[str, Any] = (await client.get("/openapi.json")).json()
    rows = re.findall(
        r"^\| (`(?:GET|POST|PUT|PATCH|DELETE) .*?) \| (\w+) \| (.*) \|$", README, re.M
    )
    told = {
        call: (who, what)
        for calls, who, what in rows
        for call in re.findall(r"`(\w+ [^`]+)`", calls)
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            who = "rider" if "security" in operation else "anybody"
            assert told.pop(f"{method.upper()} {path}") == (who, operation["summary"])
    assert set(told) == {
        "GET /docs",
        "GET /docs/sockets",
        "GET /redoc",
        "GET /openapi.json",
        "GET /asyncapi.json",
    }


async def test_the_walk_works_when_pasted(server: Server) -> None:
    steps = re.findall(r"```sh\n(curl.*?)```", README, re.DOTALL)
    assert len(steps) == 4
    script = "set -e\n" + "\n".join(steps).replace("http://localhost:8000", server.url)
    shell = await asyncio.create_subprocess_exec(
        "bash",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    said = (await shell.communicate(script.encode()))[0].decode()
    assert shell.returncode == 0
    for expected in (
        '"name":"VJTI"',
        '"email":"asha@djsce.example"',
        '"current":true',
        "The field 'password' is among the most common ones",
        "Could not validate credentials",
    ):
        assert expected in said


def test_every_file_it_names_is_there() -> None:
    root = Path(__file__).parent.parent
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("http"):
            assert (root / target).exists(), target
