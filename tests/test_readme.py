"""README and the pages of docs/ say what is, or this goes red."""

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
# `make docs` looks at them again, and at the headings that links name.
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]


# Pages whose blocks are pasted one after the other, and what is read on the way.
WALKS = {
    ROOT / "README.md": (
        '"saving_percent":50.0',
        "You ride together.",
        '"email":"dev@djsce.example"',
        "By the north gate?",
        "You have arrived.",
        '"rating":5',
        '"visible":true',
        '"type":"ride_completed"',
    ),
    ROOT / "docs" / "tutorial" / "first-ride.md": (
        '"name":"SPIT"',
        '"email":"asha@spit.example"',
        '"full_name":"asha"',
        '"type":"connection_request_received"',
        "You ride together.",
        '"members":',
        "I wear a red cap.",
        "You have arrived.",
        "On time, and good company.",
        "The field 'password' is among the most common ones",
        '"current":true',
        "Could not validate credentials",
    ),
}


def test_readme_is_short() -> None:
    assert len(README.encode()) < 6000


def pasted_from(page: Path) -> str:
    """All that somebody pastes whose server runs."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    return "".join(block for block in blocks if not block.startswith("make "))


@pytest.mark.parametrize("page", sorted(WALKS), ids=lambda page: page.name)
async def test_a_walk_works_when_pasted(server: Server, page: Path) -> None:
    shell = await asyncio.create_subprocess_exec(
        "bash",
        "-e",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    pasted = pasted_from(page).replace("http://localhost:8000", server.url)
    said = (await shell.communicate(pasted.encode()))[0].decode()
    assert shell.returncode == 0, said
    for expected in WALKS[page]:
        assert expected in said, said


def test_the_plan_of_the_package_has_all_but_features() -> None:
    architecture = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    plan = architecture.partition("```\ntripsync/\n")[2].partition("\nsql/")[0]
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
    PAGES,
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
