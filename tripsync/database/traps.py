"""What looks right in a query file and goes wrong in silence.

aiosql reads a file with a handful of regular expressions. Each rule here names a
way in which those and the writer of a query disagree, found before a request does.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

DEFINITION = re.compile(r"^-- name: (?P<name>[a-z]\w*)\((?P<parameters>[\w, ]*)\)(?P<operator>\^|\$|!|<!|)$")
NAME_MARK = re.compile(r"--\s*name\s*:")
# What is not code: comments, strings, quoted names, dollar-quoted bodies.
QUOTED = re.compile(
    r"(?P<line>--[^\n]*)"
    r"|(?P<block>/\*.*?\*/)"
    r"|(?P<string>'(?:[^']|'')*')"
    r'|(?P<name>"(?:[^"]|"")*")'
    r"|(?P<dollar>\$(?P<tag>\w*)\$.*?\$(?P=tag)\$)",
    re.DOTALL,
)
STAR = re.compile(r"\b(?:select|distinct|returning)\s+\*|\w\.\*", re.IGNORECASE)
SLICE = re.compile(r"\[[^\]]*[\w)]\s*:(?!:)[^\]]*\]|(?<!array)\[\s*:\w+\s*\]", re.IGNORECASE)
IN_PARAMETER = re.compile(r"\bin\s*\(\s*:\w+\s*\)", re.IGNORECASE)
PARAMETER = re.compile(r"(?<!:):[a-z_]\w*")
SECOND_STATEMENT = re.compile(r";\s*\S")


class Trap(NamedTuple):
    """One place in a query file, and why it cannot stay."""

    path: Path
    line: int
    column: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path.parent.name}/{self.path.name}:{self.line}:{self.column}: error: {self.reason}"


def find_traps(path: Path) -> list[Trap]:
    """Every trap in one file, from top to bottom."""
    text = path.read_text()
    found = {
        Trap(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), reason)
        for at, reason in (*in_definitions(text), *in_comments(text), *in_statements(text))
    }
    return sorted(found)


def in_definitions(text: str) -> Iterator[tuple[int, str]]:
    seen: set[str] = set()
    at = 0
    lines = text.splitlines(keepends=True)
    for number, line in enumerate(lines):
        if mark := NAME_MARK.search(line):
            definition = DEFINITION.match(line.rstrip())
            if mark.start() > 0:
                yield at + mark.start(), "a query name inside another line; aiosql would begin a query here"
            elif not definition:
                yield at, "write `-- name: verb_noun(parameter, ...)`, then ^ (one row), $ (one value), ! (count) or nothing (rows)"
            else:
                if definition["name"] in seen:
                    yield at, f"{definition['name']} is defined twice; the second would replace the first"
                seen.add(definition["name"])
                following = lines[number + 1] if number + 1 < len(lines) else ""
                if not re.match(r"-- \S", following) or NAME_MARK.match(following):
                    yield at, f"{definition['name']} lacks its doc line: say in one sentence what it is for"
        at += len(line)


def in_comments(text: str) -> Iterator[tuple[int, str]]:
    for quoted in QUOTED.finditer(text):
        at = quoted.start()
        if quoted["line"] and text[text.rfind("\n", 0, at) + 1 : at].strip():
            yield at, "a comment behind code breaks aiosql's parameters; give it a line of its own"
        if quoted["block"]:
            yield at, "a block comment shifts aiosql's line numbers; begin each line with --"
        if quoted["dollar"] and (parameter := PARAMETER.search(quoted["dollar"])):
            yield at + parameter.start(), "a parameter inside a dollar-quoted body is never filled"


def in_statements(text: str) -> Iterator[tuple[int, str]]:
    code = QUOTED.sub(lambda quoted: re.sub(r"[^\n]", " ", quoted[0]), text)
    for pattern, reason in (
        (STAR, "name the columns: after a migration `*` breaks prepared statements and callers"),
        (SLICE, "aiosql takes the colon of an array slice for a parameter; use trim_array or unnest"),
        (IN_PARAMETER, "`in (:list)` takes one value; write `= any(:list::bigint[])`"),
    ):
        for match in pattern.finditer(code):
            yield match.start(), reason
    starts = [mark.start() for mark in NAME_MARK.finditer(text)]
    for begin, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if second := SECOND_STATEMENT.search(code, begin, end):
            yield second.end() - 1, "a second statement; one query is one statement"
