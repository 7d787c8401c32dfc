"""Traps are what looks right in a query file and goes wrong in silence.

aiosql reads a query with a handful of regular expressions. Each rule here names a
way in which those and the writer of a query disagree, found before a request does.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tripsync.database.sources import DEFINITION, PARAMETER, QUOTED, QueryFile, blanked, read_file

DOC_LINE = re.compile(r"-- (?!name:)\S")
SECOND_STATEMENT = re.compile(r";\s*\S")
CODE = re.compile(r"\S")

MISPLACED_NAME = "a query name inside another line; aiosql would begin a query here"
MISSHAPEN_NAME = (
    "write `-- name: verb_noun(parameter, ...)` and what it gives: "
    "^ one row, $ one value, ! the number of rows, nothing for all rows"
)
DEFINED_TWICE = "{name} is defined twice; the second would replace the first"
NO_DOC_LINE = "{name} lacks its doc line: say below its name, in one sentence, what it is for"
TRAILING_COMMENT = "a comment behind code breaks aiosql's parameters; give it a line of its own"
BLOCK_COMMENT = "a block comment shifts aiosql's line numbers; begin each line with --"
QUOTED_PARAMETER = "aiosql takes this for a parameter, and inside dollar quotes it is never filled"
NAMELESS = "a statement without a name; nobody could call it"
NO_STATEMENT = "{name} has no statement below its name"
TWO_STATEMENTS = "a second statement; one query is one statement"

IN_CODE = (
    (
        # A star with nothing behind it to multiply with, and no count(*).
        re.compile(
            r"\*(?=\s*(?:[,;]|from\b|into\b|where\b|\Z))|(?<=[\s.,])\*(?=\s*\))", re.IGNORECASE
        ),
        "name the columns: after a migration `*` breaks prepared statements and callers",
    ),
    (
        re.compile(
            r"\[[^\]]*[\w)]\s*:(?!:)[^\]]*\]|(?<!array)\[\s*:\w+\s*\]|\[\s*:\w+\s*:(?!:)"
            r"|(?<!:):\d",
            re.IGNORECASE,
        ),
        "aiosql takes the colon of an array slice for a parameter; use trim_array or unnest",
    ),
    (
        # A line that ends in a name, and one that is nothing but a name and a comma.
        re.compile(
            r"(?<=[\w)])(?<!\bselect)(?<!\bdistinct)(?<!\breturning)(?<!\bset)(?<!\bby)(?<!\bwith)"
            r"(?=\n\s+(?!end\b|null\b)[a-z_]\w*(?:\.\w+)?,)",
            re.IGNORECASE,
        ),
        "a comma is missing here; what stands below would become its name (write `as` if it is)",
    ),
    (
        re.compile(r"\bin\s*\(\s*:\w+\s*\)", re.IGNORECASE),
        "`in (:list)` takes one value; write `= any(:list::bigint[])`",
    ),
)


class Trap(NamedTuple):
    """One place in a query file, and why it cannot stay."""

    path: Path
    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        folder = self.path.parent.name
        # The files of SQL functions lie one folder deeper.
        file = f"{'sql/' if folder == 'functions' else ''}{folder}/{self.path.name}"
        return f"{file}:{self.line}:{self.column}: error: {self.reason}"


def find_traps(path: Path, text: str) -> list[Trap]:
    """Every trap in one file, from top to bottom."""
    file = read_file(path, text)
    found = {
        Trap(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), reason)
        for at, reason in (*in_definitions(file), *in_comments(text), *in_statements(file))
    }
    return sorted(found)


def in_definitions(file: QueryFile) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    text = file.text
    for at in file.marks:
        line, _, rest = text[at:].partition("\n")
        definition = DEFINITION.fullmatch(line.rstrip())
        if at > 0 and text[at - 1] != "\n":
            yield at, MISPLACED_NAME
        elif not definition:
            yield at, MISSHAPEN_NAME
        else:
            name = definition["name"]
            if name in seen:
                yield at, DEFINED_TWICE.format(name=name)
            seen.add(name)
            if not DOC_LINE.match(rest):
                yield at, NO_DOC_LINE.format(name=name)


def in_comments(text: str) -> Iterator[tuple[int, str]]:
    for quoted in QUOTED.finditer(text):
        at = quoted.start()
        if quoted["line"] and text[text.rfind("\n", 0, at) + 1 : at].strip():
            yield at, TRAILING_COMMENT
        elif quoted["block"]:
            yield at, BLOCK_COMMENT
        elif quoted["dollar"] and (parameter := PARAMETER.search(quoted["dollar"])):
            yield at + parameter.start(), QUOTED_PARAMETER


def in_statements(file: QueryFile) -> Iterator[tuple[int, str]]:
    code, starts = file.code, file.marks
    if nameless := CODE.search(code, 0, starts[0] if starts else len(code)):
        yield nameless.start(), NAMELESS
    for source in file.sources:
        if not blanked(source.text)[0].strip(" \n\t;"):
            yield source.starts_at - 1, NO_STATEMENT.format(name=source.name)
    for begin, end in pairwise([*starts, len(code)]):
        for pattern, reason in IN_CODE:
            for match in pattern.finditer(code, begin, end):
                yield match.start(), reason
        if second := SECOND_STATEMENT.search(code, begin, end):
            yield second.end() - 1, TWO_STATEMENTS
