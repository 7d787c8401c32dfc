"""The TypeScript client is what its document makes, and what others can install."""

import json
import os
import re
import tarfile
from pathlib import Path

import asyncpg
import pytest

from tests.clients.typescript import GENERATED, PACKAGE, TSC, compiled, generate, pack
from tests.conftest import Server, SignUp
from tests.node import running
from tests.npm import run
from tests.people import PASSWORD
from tests.processes import ROOT
from tests.profiles.fellow_riders import share_a_ride
from tripsync import __version__

EXAMPLES = sorted((PACKAGE / "examples").glob("*.ts"))
APP = Path(__file__).parent / "app.ts"
# The strictest that an app compiles with, and no types of Node: browsers have none.
STRICT = {
    "target": "ES2022",
    "lib": ["ES2022", "DOM"],
    "module": "NodeNext",
    "types": [],
    "strict": True,
    "noUncheckedIndexedAccess": True,
    "exactOptionalPropertyTypes": True,
    "skipLibCheck": False,
    "noEmit": True,
}
PROCESS = "declare const process: { argv: string[]; on(signal: string, act: () => void): void };\n"


@pytest.fixture(scope="module")
async def tarball(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await pack(tmp_path_factory.mktemp("packed"))


async def test_its_types_are_those_of_the_documents(tmp_path: Path) -> None:
    await compiled()
    await generate(tmp_path)
    assert texts(GENERATED) == texts(tmp_path)


def texts(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir()}


def test_its_package_says_what_the_server_says() -> None:
    package = json.loads((PACKAGE / "package.json").read_text())
    assert package["version"] == __version__
    assert package["license"] == "MIT"
    assert (PACKAGE / "LICENSE").read_text() == (ROOT / "LICENSE").read_text()


def test_no_address_of_a_registry_is_kept() -> None:
    lock = json.loads((PACKAGE / "package-lock.json").read_text())
    installed = {name: each for name, each in lock["packages"].items() if name}
    assert installed
    assert all("integrity" in each and "resolved" not in each for each in installed.values())


def test_the_tarball_has_what_an_app_needs_and_nothing_else(tarball: Path) -> None:
    with tarfile.open(tarball) as opened:
        names = {each.removeprefix("package/") for each in opened.getnames()}
    sources = {each.relative_to(PACKAGE / "src") for each in (PACKAGE / "src").rglob("*.ts")}
    made = {f"dist/{each.with_suffix(end)}" for each in sources for end in (".js", ".d.ts")}
    assert names == made | {"package.json", "LICENSE", "README.md"}


@pytest.mark.slow
async def test_an_app_compiles_with_it_under_the_strictest_rules(
    tarball: Path, tmp_path: Path
) -> None:
    scope = tmp_path / "node_modules" / "@tripsync"
    scope.mkdir(parents=True)
    with tarfile.open(tarball) as opened:
        opened.extractall(scope, filter="data")
    (scope / "package").rename(scope / "client")
    for name in ("openapi-fetch", "openapi-typescript-helpers"):
        os.symlink(PACKAGE / "node_modules" / name, tmp_path / "node_modules" / name)
    for source in (APP, *EXAMPLES):
        (tmp_path / source.name).write_text(source.read_text())
    [start, *_] = re.findall(r"```ts\n(.*?)```", (PACKAGE / "README.md").read_text(), re.DOTALL)
    (tmp_path / "start.ts").write_text(start)
    (tmp_path / "process.d.ts").write_text(PROCESS)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "tsconfig.json").write_text(json.dumps({"compilerOptions": STRICT}))
    code, said = await run(tmp_path, TSC, "--project", tmp_path)
    assert code == 0, said


async def run_example(name: str, *arguments: str) -> str:
    await compiled()
    code, said = await run(PACKAGE, PACKAGE / "examples" / f"{name}.ts", *arguments)
    assert code == 0, said
    return said


async def test_two_riders_of_an_example_share_a_ride(server: Server, college: str) -> None:
    said = await run_example("share-a-ride", server.url, college)
    assert "Dev finds Asha: together they drive" in said
    assert "Asha rides with Dev, dev." in said


async def test_an_example_moderates(server: Server, sign_up: SignUp) -> None:
    moderator, asha, dev = await sign_up("moderator"), await sign_up(), await sign_up()
    for reporter, subject, reason in ((asha, dev, "harassment"), (dev, asha, "no_show")):
        report = {"user_id": subject.id, "reason": reason, "details": "It was like that."}
        answer = await reporter.call("POST", "/api/reports", json=report)
        assert answer.status_code == 201, answer.text
    said = await run_example("moderate", server.url, moderator.email, PASSWORD)
    assert said.count('"It was like that." warned') == 1
    assert said.count('"It was like that." dismissed') == 1
    assert await run_example("moderate", server.url, moderator.email, PASSWORD) == ""


async def test_an_example_follows_what_happens(
    server: Server, sign_up: SignUp, db: asyncpg.Connection
) -> None:
    asha, dev = await sign_up(full_name="Asha Rao"), await sign_up()
    await share_a_ride(db, asha, dev)
    await compiled()
    example = PACKAGE / "examples" / "follow-events.ts"
    async with running(example, server.url, dev.email, PASSWORD) as following:
        assert await following.says() == "Load what you show; after event 0 you miss nothing."
        message = {"receiver_id": dev.id, "content": "At the gate."}
        answer = await asha.call("POST", "/api/chat/messages", json=message)
        assert answer.status_code == 200, answer.text
        assert await following.says() == "Asha Rao: At the gate."
        following.interrupt()
        assert await following.says() == "To go on later, say 1."
        assert await following.ends() == 0
