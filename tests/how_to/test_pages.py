"""The pages of docs/how-to do what they say, block by block, in a copy of the project."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.bystanders import settle
from tests.databases import fresh_database
from tests.how_to.pages import FOLDER, Block, blocks, changes, holds
from tests.people import Campus, Rider
from tests.pooling.roads_to_campus import go, pair_up, ride
from tests.processes import ROOT, Process, copy_of_the_project, surroundings, tripsync
from tests.waiting import PATIENCE, until
from tripsync.database.migrations import migrate

# How many files each page may have one write, and where they may lie.
LIMITS = {
    "add-a-feature.md": 8,
    "add-a-filter-kind.md": 4,
    "add-a-profile-field.md": 5,
    "change-the-ranking.md": 1,
}
OF_A_FEATURE = ("tripsync/delays/", "sql/", "migrations/", "tripsync/app.py")
# Written by commands, and not counted.
GENERATED = (
    "docs/reference/",
    "sql/schema.sql",
    "tripsync/database/bound.pyi",
    "tripsync/database/rows.pyi",
)
KIND = "add-a-filter-kind.md"
CHOICES = "tests/database/test_choices.py"


@pytest.fixture(scope="module")
def template(postgres: str) -> Iterator[str]:
    """The name of a database as every test begins with it."""
    with fresh_database(postgres) as url:
        migrate(url)
        settle(url)
        yield urlsplit(url).path.lstrip("/")


@pytest.fixture
def database(postgres: str, template: str) -> Iterator[str]:
    with fresh_database(postgres, template) as url:
        yield url


def copy_to(folder: Path) -> Path:
    """All of the project that commands and tests read."""
    copy_of_the_project(folder)
    shutil.copytree(ROOT / "tests", folder / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    for name in (".ruff.toml", "install.py", "setup.cfg", "setup.py"):
        shutil.copy(ROOT / name, folder)
    command = folder / "bin" / "tripsync"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m tripsync "$@"\n')
    command.chmod(0o755)
    return folder


def texts_in(copy: Path) -> dict[str, bytes]:
    files = [
        file
        for part in ("docs", "migrations", "sql", "tests", "tripsync")
        for file in (copy / part).rglob("*")
    ]
    return {
        file.relative_to(copy).as_posix(): file.read_bytes()
        for file in files
        if file.is_file() and "__pycache__" not in file.parts
    }


def environment(copy: Path, database: str, **more: str) -> dict[str, str]:
    here = {
        "PATH": f"{copy / 'bin'}:{os.environ['PATH']}",
        "PYTHONPATH": str(copy),
        "DATABASE_URL": database,
    }
    return surroundings(copy / "var", {**here, **more})


async def run(
    *command: str, copy: Path, environment: Mapping[str, str], text: str = ""
) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=copy,
        env=dict(environment),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate(text.encode())
    assert process.returncode is not None
    return process.returncode, said.decode()


class Walk:
    """Somebody who follows a page."""

    def __init__(self, copy: Path, database: str, prepare: "Prepare") -> None:
        self._copy = copy
        self._database = database
        self._prepare = prepare
        self._variables: dict[str, str] = {}
        self._address = ""
        self._said = ""
        self._last: Block | None = None

    async def follow(self, page: str) -> None:
        async with AsyncExitStack() as stack:
            for block in blocks(page):
                if block.file:
                    block.apply(self._copy)
                elif block.kind == "sh":
                    if "localhost:8000" in block.text and not self._address:
                        await self._serve(stack)
                    await self._run(block)
                else:
                    await self._expect(block)

    async def _serve(self, stack: AsyncExitStack) -> None:
        server: Process = stack.enter_context(
            tripsync(
                "serve",
                data_dir=self._copy / "var",
                cwd=self._copy,
                PYTHONPATH=str(self._copy),
                DATABASE_URL=self._database,
            )
        )
        self._address = await server.address()
        client = httpx.AsyncClient(base_url=self._address, timeout=PATIENCE)
        await stack.enter_async_context(client)
        self._variables = await self._prepare(Campus(client, self._copy / "var" / "mail"))

    async def _run(self, block: Block) -> None:
        self._last = block
        code, self._said = await run(
            "bash",
            "-e",
            copy=self._copy,
            environment=environment(self._copy, self._database, **self._variables),
            text=block.text.replace("http://localhost:8000", self._address),
        )
        assert code == 0, f"{block} failed:\n{self._said}"

    async def _expect(self, promise: Block) -> None:
        """What the last commands have said, or will when they are given a moment later."""
        with suppress(TimeoutError):
            await until(lambda: self._keeps(promise))
            return
        pytest.fail(f"{promise} promises what {self._last} does not say:\n{self._said}")

    async def _keeps(self, promise: Block) -> bool:
        assert self._last
        if promise.kind == "json":
            kept = holds(json.loads(promise.text), json.loads(self._said))
        else:
            kept = set(promise.text.splitlines()) <= set(self._said.splitlines())
        # What is asked only changes nothing.
        if not kept and "POST" not in self._last.text:
            await self._run(self._last)
        return kept


# Signs up whom a page names; the variables of the shell that it names.
Prepare = Callable[[Campus], Awaitable[dict[str, str]]]


async def three_riders(campus: Campus) -> tuple[Rider, Rider, Rider]:
    asha = await campus.sign_up(full_name="Asha Rao")
    dev = await campus.sign_up(full_name="Dev Shah", email="dev@mail.example")
    meera = await campus.sign_up(full_name="Meera Rao")
    return asha, dev, meera


async def strangers(campus: Campus) -> dict[str, str]:
    asha, dev, meera = await three_riders(campus)
    return {"ACCESS": asha.access_token, "DEV": dev.access_token, "MEERA": meera.access_token}


async def on_the_road(campus: Campus) -> dict[str, str]:
    asha, dev, meera = await three_riders(campus)
    there = ride()
    beside = ride(start_longitude=there["start_longitude"] + 0.012)
    further_on = 0.7 * there["start_latitude"] + 0.3 * there["destination_latitude"]
    await go(dev, beside)
    await go(meera, ride(start_latitude=further_on))
    opened = await go(asha, there)
    return {"ACCESS": asha.access_token, "REQUEST": str(opened["request_id"])}


async def in_one_car(campus: Campus) -> dict[str, str]:
    asha, dev, _ = await three_riders(campus)
    await pair_up(asha, dev)
    heard = (await dev.call("GET", "/api/events")).json()
    return {
        "ACCESS": asha.access_token,
        "DEV": dev.access_token,
        "SEEN": str(heard["last_seq"]),
    }


SCENES: dict[str, Prepare] = {
    "add-a-feature.md": in_one_car,
    "add-a-filter-kind.md": strangers,
    "add-a-profile-field.md": strangers,
    "change-the-ranking.md": on_the_road,
}


def test_every_page_that_changes_something_is_followed() -> None:
    assert {file.name for file in FOLDER.glob("*.md") if changes(file.name)} == SCENES.keys()


@pytest.mark.slow
@pytest.mark.parametrize("page", sorted(SCENES))
async def test_a_page_does_what_it_says(page: str, tmp_path: Path, database: str) -> None:
    copy = copy_to(tmp_path)
    before = texts_in(copy)
    await Walk(copy, database, SCENES[page]).follow(page)
    after = texts_in(copy)
    touched = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    by_hand = {name for name in touched if not name.startswith(GENERATED)}
    assert by_hand == {block.file for block in changes(page)}
    for style in (("check", "."), ("format", "--check", ".")):
        ruff = (sys.executable, "-m", "ruff", *style)
        code, said = await run(*ruff, copy=copy, environment=os.environ)
        assert code == 0, said


@pytest.mark.parametrize("page", sorted(LIMITS))
def test_a_page_changes_few_files(page: str) -> None:
    files = {block.file for block in changes(page)}
    assert len(files) <= LIMITS[page]
    if page == "add-a-feature.md":
        assert all(file.startswith(OF_A_FEATURE) for file in files)
    listed = f"({page})"
    [row] = [line for line in (FOLDER / "README.md").read_text().splitlines() if listed in line]
    assert row.endswith(f"| {len(files)} |")


@pytest.mark.slow
@pytest.mark.parametrize(
    "forgotten", [None, *changes(KIND)], ids=lambda block: block.file if block else "nothing"
)
async def test_no_file_of_a_filter_kind_is_forgotten_unnoticed(
    forgotten: Block | None, tmp_path: Path, postgres: str, database: str
) -> None:
    """The check that the page names is red without it, and green with all of them."""
    copy = copy_to(tmp_path)
    for block in changes(KIND):
        if block != forgotten:
            block.apply(copy)
    if forgotten and forgotten.file.endswith(".rollback.sql"):
        code, said = await check_migrations(copy, database)
    else:
        code, said = await try_choices(copy, postgres, database)
    assert code == (1 if forgotten else 0), said


async def check_migrations(copy: Path, database: str) -> tuple[int, str]:
    here = environment(copy, database)
    return await run("tripsync", "migrate", "--check", copy=copy, environment=here)


async def try_choices(copy: Path, postgres: str, database: str) -> tuple[int, str]:
    """The tests of a copy that are about choices, and about the filter of the page."""
    here = environment(copy, database)
    migrated = await run("tripsync", "migrate", copy=copy, environment=here)
    assert migrated[0] == 0, migrated[1]
    of_a_copy = {
        "PYTHONPATH": str(copy),
        "TEST_DATABASE_URL": postgres,
        "TEST_TEMPLATE": urlsplit(database).path.lstrip("/"),
    }
    tests = ("-k", "list_the_same_values or (filter and email_domain)", CHOICES)
    return await run(
        *(sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", *tests),
        copy=copy,
        environment={**os.environ, **of_a_copy},
    )
