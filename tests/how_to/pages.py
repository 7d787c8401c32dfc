"""A page of docs/how-to, taken apart: what it changes, runs and promises."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.processes import ROOT

FOLDER = ROOT / "docs" / "how-to"
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: (?P<file>\S+))?\n(?P<text>.*?)^```$", re.MULTILINE | re.S)
CHANGED = re.compile(r"^\+\+\+ b/(\S+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One block of a page, and its line there."""

    page: str
    line: int
    kind: str
    text: str
    # The file that it is, or that it changes.
    file: str = ""

    def __str__(self) -> str:
        return f"docs/how-to/{self.page}:{self.line}"

    def apply(self, project: Path, *, only_check: bool = False) -> None:
        """Change a copy of the project."""
        if self.kind == "diff":
            command = ["git", "apply", *(["--check"] if only_check else []), "-"]
            done = subprocess.run(
                command, cwd=project, input=self.text, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, (
                f"{self} does not fit {self.file} any more; mend the page: {done.stderr}"
            )
            return
        file = project / self.file
        assert not file.exists(), f"{self}: {self.file} is there already; mend the page"
        if not only_check:
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self.text)


def blocks(page: str) -> list[Block]:
    """All blocks of a page, in order; what it calls NNNN has the number of the next migration."""
    text = (FOLDER / page).read_text()
    latest = max(int(file.name[:4]) for file in (ROOT / "migrations").glob("[0-9]*.sql"))
    return [
        Block(
            page,
            text.count("\n", 0, found.start()) + 1,
            found["kind"],
            found["text"],
            file_of(found).replace("NNNN", f"{latest + 1:04}"),
        )
        for found in BLOCK.finditer(text)
    ]


def file_of(block: re.Match[str]) -> str:
    if block["kind"] != "diff":
        return block["file"] or ""
    [changed] = CHANGED.findall(block["text"])
    return str(changed)


def changes(page: str) -> list[Block]:
    return [block for block in blocks(page) if block.file]


def holds(promised: Any, said: Any) -> bool:
    """Whether what was said has all that was promised, and lists have no more."""
    match promised:
        case dict():
            return isinstance(said, dict) and all(
                name in said and holds(each, said[name]) for name, each in promised.items()
            )
        case list():
            return (
                isinstance(said, list)
                and len(said) == len(promised)
                and all(map(holds, promised, said))
            )
        case _:
            return bool(promised == said)
