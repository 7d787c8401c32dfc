"""A finding says what is wrong and where, as compilers do."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import tripsync

# The folders that the package's own paths are told from.
PACKAGE = Path(tripsync.__file__).parent


class Finding(NamedTuple):
    """One place that cannot stay as it is; lines and columns count from one."""

    path: Path
    line: int
    column: int
    reason: str


def shown(path: Path) -> str:
    """A file as one names it from the top of the project."""
    for top in (PACKAGE.parent, Path.cwd()):
        if path.is_relative_to(top):
            return str(path.relative_to(top))
    return str(path)


def for_people(finding: Finding) -> str:
    """The place, the reason, the line and a caret under it."""
    place = f"{shown(finding.path)}:{finding.line}:{finding.column}"
    lines = finding.path.read_text().splitlines()
    line = lines[finding.line - 1] if finding.line <= len(lines) else ""
    caret = "".join(each if each == "\t" else " " for each in line[: finding.column - 1]) + "^"
    return f"{place}: error: {finding.reason}\n    {line}\n    {caret}"


def for_github(finding: Finding) -> str:
    """As a workflow of GitHub reads it, and shows it beside the line."""
    reason = finding.reason.replace("%", "%25").replace("\n", "%0A")
    place = f"file={shown(finding.path)},line={finding.line},col={finding.column}"
    return f"::error {place}::{reason}"


FORMATS: Mapping[str, Callable[[Finding], str]] = {"text": for_people, "github": for_github}


def tell(found: Sequence[Finding], form: str, looked_at: str) -> int:
    """Each finding, then a verdict; the exit status for hooks."""
    for finding in found:
        print(FORMATS[form](finding))
    verdict = f"{len(found)} to mend" if found else "nothing to mend"
    # To the same stream: of two that go into one pipe, the second may come out first.
    print(f"{looked_at}: {verdict}")
    return 1 if found else 0


def counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
