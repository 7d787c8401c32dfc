"""Migrations as they stand in their files: which statement is where, and what its writer allows.

The statements are those that yoyo will run, found again in the text.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from yoyo.migrations import read_sql_migration

from tripsync.database.findings import Finding
from tripsync.database.sources import blanked

ROLLBACK = ".rollback"
# `-- allows contract: nobody has read it since 0.3`, above the statement that is meant.
ALLOWANCE = re.compile(r"^(?:--|#) allows (?P<rule>[\w-]+)(?::[ \t]*(?P<why>.*))?$", re.MULTILINE)


class Allowance(NamedTuple):
    """A rule that a statement may break, and why."""

    path: Path
    line: int
    rule: str
    why: str


class Statement(NamedTuple):
    """One statement of a migration, or all of one whose SQL a library writes."""

    path: Path
    sql: str
    line: int
    column: int
    last_line: int
    allowances: tuple[Allowance, ...]

    @property
    def verb(self) -> str:
        """Its first word."""
        return re.split(r"\W", self.sql, maxsplit=1)[0].lower()

    def finding(self, reason: str) -> Finding:
        return Finding(self.path, self.line, self.column, reason)


class Step(NamedTuple):
    """One migration."""

    path: Path
    statements: tuple[Statement, ...]

    @property
    def name(self) -> str:
        return self.path.stem

    @property
    def way_back(self) -> Path:
        """The file that takes it back."""
        if self.path.suffix == ".py":
            return self.path
        return self.path.with_name(f"{self.name}{ROLLBACK}.sql")


def read_steps(folder: Path) -> list[Step]:
    """All migrations of a folder, in the order in which they are applied."""
    return sorted(
        (read_step(file) for file in migration_files(folder) if not file.stem.endswith(ROLLBACK)),
        key=lambda step: step.name,
    )


def migration_files(folder: Path) -> list[Path]:
    """Migrations, and what takes them back."""
    return sorted(file for file in folder.iterdir() if file.suffix in (".sql", ".py"))


def read_step(path: Path) -> Step:
    text = path.read_text()
    if path.suffix == ".py":
        code = ast.parse(text).body
        line = code[0].lineno if code else 1
        whole = Statement(path, "", line, 1, text.count("\n") + 1, tuple(allowances(path, text)))
        return Step(path, (whole,))
    _, _, parts = read_sql_migration(str(path))
    return Step(path, tuple(statements(path, text, parts)))


def statements(path: Path, text: str, parts: Sequence[str]) -> Iterator[Statement]:
    code, _ = blanked(text)
    end = 0
    for part in parts:
        begin = text.index(part, end)
        # Comments above a statement belong to it, and some of them are within its text.
        first = begin + len(part) - len(code[begin : begin + len(part)].lstrip())
        above, end = text[end:first], begin + len(part)
        if first == end:
            continue
        line = text.count("\n", 0, first) + 1
        yield Statement(
            path,
            text[first:end],
            line,
            first - text.rfind("\n", 0, first),
            text.count("\n", 0, end) + 1,
            tuple(allowances(path, above, line - above.count("\n"))),
        )


def allowances(path: Path, text: str, line: int = 1) -> Iterator[Allowance]:
    for found in ALLOWANCE.finditer(text):
        at = line + text.count("\n", 0, found.start())
        yield Allowance(path, at, found["rule"], (found["why"] or "").strip())
