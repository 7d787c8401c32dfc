"""The Python client is made from the documents as they are, and works with a running server."""

import asyncio
import json
import os
import tomllib
from pathlib import Path

import asyncpg
import pytest

from tests.conftest import Server, SignUp
from tests.people import Rider
from tests.waiting import PATIENCE

ROOT = Path(__file__).parents[2]
CLIENT = ROOT / "clients" / "python"
PYTHON = CLIENT / ".venv" / "bin" / "python"


async def run(*command: str, **environment: str) -> str:
    """What a command says that succeeds, run where the client lies."""
    process = await asyncio.create_subprocess_exec(
        str(PYTHON),
        *command,
        cwd=CLIENT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(CLIENT), **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(PATIENCE):
        said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()
    return said.decode()


def who(rider: Rider) -> tuple[str, str]:
    return rider.email, rider.password


@pytest.mark.slow
async def test_it_has_every_operation_of_the_document_and_is_typed() -> None:
    document = json.loads((ROOT / "docs" / "reference" / "openapi.json").read_text())
    named = {
        "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
        for path in document["paths"].values()
        for method, operation in path.items()
        if method in ("get", "put", "post", "delete", "patch")
        and not any(
            "text/html" in each.get("content", {}) for each in operation["responses"].values()
        )
        for name in [operation["operationId"]]
    }
    made = {file.stem for file in (CLIENT / "tripsync_client" / "generated" / "api").glob("*/*.py")}
    assert named == made - {"__init__"}
    told = tomllib.loads((CLIENT / "pyproject.toml").read_text())
    assert told["project"]["version"] == document["info"]["version"]
    await run("-m", "mypy", "--cache-dir", os.devnull)


@pytest.mark.slow
async def test_tokens_and_sockets_outlast_what_happens_to_them(
    server: Server, sign_up: SignUp
) -> None:
    email, password = who(await sign_up())
    said = await run(
        "-m",
        "pytest",
        "-q",
        TRIPSYNC_URL=server.url,
        TRIPSYNC_EMAIL=email,
        TRIPSYNC_PASSWORD=password,
    )
    assert " passed" in said
    assert "skipped" not in said


async def test_two_riders_share_a_ride_as_in_the_example(server: Server, sign_up: SignUp) -> None:
    asha, dev = await sign_up(full_name="Asha Rao"), await sign_up(full_name="Dev Shah")
    said = await run("examples/share_a_ride.py", server.url, *who(asha), *who(dev))
    assert "Dev Shah goes the same way" in said
    assert "in one car: Asha Rao, Dev Shah" in said


async def test_a_rider_follows_events_as_in_the_example(
    server: Server, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev = await sign_up(full_name="Asha Rao"), await sign_up(full_name="Dev Shah")
    await run("examples/share_a_ride.py", server.url, *who(asha), *who(dev))
    pool_id = (await asha.call("GET", "/api/pool/pools/current")).json()["pool"]["pool_id"]
    await asha.call("POST", f"/api/pool/pools/{pool_id}/start")
    said = await run("examples/follow_events.py", server.url, *who(dev), "ride_started", "0")
    assert said.splitlines() == [
        "Asha Rao goes the same way",
        "connection_request_received",
        "connection_approved",
        "pooling_match",
        f"the ride {pool_id} has begun",
    ]


async def test_a_moderator_works_off_reports_as_in_the_example(
    server: Server, sign_up: SignUp
) -> None:
    moderator, rude = await sign_up(role="moderator"), await sign_up(full_name="Ravi Iyer")
    reporter = await sign_up()
    report = {"user_id": rude.id, "reason": "harassment", "details": "Shouted at me."}
    answer = await reporter.call("POST", "/api/reports", json=report)
    assert answer.status_code == 201, answer.text
    said = await run("examples/moderate.py", server.url, *who(moderator))
    assert f"{answer.json()['id']} harassment about Ravi Iyer" in said
    assert f"{answer.json()['id']} warned" in said
