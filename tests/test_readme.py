"""README says what is, or this goes red."""

import asyncio
import re
from pathlib import Path

import pytest

from tests.conftest import Server
from tests.how_to.pages import changes
from tripsync.app import FEATURES

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
# The pages in their order, and the list of them.
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
HOW_TO = sorted((ROOT / "docs" / "how-to").glob("*.md"))
REFERENCE = sorted((ROOT / "docs" / "reference").glob("*.md"))


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


def test_the_plan_of_the_package_has_all_but_features() -> None:
    plan = README.partition("```\ntripsync/\n")[2].partition("\nsql/")[0]
    named = re.findall(r"(\w+)(?:\.py|/)(?=\s)", plan)
    there = {
        each.stem
        for each in (ROOT / "tripsync").iterdir()
        if each.suffix == ".py" or (each / "__init__.py").exists()
    }
    features = {each.blueprint.name for each in FEATURES}
    assert set(named) - features == there - features - {"__init__", "__main__"}
    assert set(named) <= there


@pytest.mark.parametrize(
    "page",
    [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DECISIONS, *HOW_TO, *REFERENCE],
    ids=lambda page: page.relative_to(ROOT).as_posix(),
)
def test_every_file_that_a_page_names_is_there(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


@pytest.mark.parametrize("page", HOW_TO, ids=lambda page: page.name)
def test_the_changes_of_a_page_still_fit(page: Path) -> None:
    """At a glance; tests/how_to follows the page."""
    for block in changes(page.name):
        block.apply(ROOT, only_check=True)


def test_a_decision_says_what_whoever_takes_it_again_asks() -> None:
    listed = re.findall(r"\]\((\d.*?)\)", DECISIONS[-1].read_text())
    assert listed == [page.name for page in DECISIONS[:-1]]
    assert [int(name[:4]) for name in listed] == list(range(1, len(listed) + 1))
    for page in DECISIONS[:-1]:
        assert re.findall(r"^\*\*(.*?)\*\*", page.read_text(), re.MULTILINE) == [
            "Context.",
            "Decision.",
            "Numbers.",
            "What the other way would lose.",
            "Look again",
        ], page.name
