"""Queries as they stand in their files: which text is whose, and where a position leads.

A server is given `$1` for `:name` and no comments; a DBA wrote neither. So each character of
what is sent knows where it came from.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from tripsync.database.files import query_files
from tripsync.database.traps import DEFINITION, NAME_MARK, PARAMETER, QUOTED

ROWS = {"^": "one row", "$": "one value", "!": "a count", "<!": "one value", "": "rows"}


class Source(NamedTuple):
    """One query of a file."""

    path: Path
    name: str
    declared: tuple[str, ...]
    # What it gives: a key of ROWS.
    gives: str
    line: int
    # The text below the name: comments first, then the statement.
    text: str
    starts_at: int
    file_text: str

    @property
    def file(self) -> str:
        return self.path.stem

    @property
    def full_name(self) -> str:
        return f"{self.file}.{self.name}"

    @property
    def comments(self) -> list[str]:
        """The whole-line comments, without their dashes."""
        lines = (line.strip() for line in self.text.splitlines())
        return [line.removeprefix("--").strip() for line in lines if line.startswith("--")]

    @property
    def meaning(self) -> str:
        return " ".join(self.comments)

    def place(self, at: int) -> tuple[int, int]:
        """Line and column of a character of the text."""
        before = self.file_text[: self.starts_at + at]
        return before.count("\n") + 1, len(before) - before.rfind("\n")


class Statement(NamedTuple):
    """What the server is given, and from where each character came."""

    sql: str
    origins: tuple[int, ...]
    parameters: tuple[str, ...]

    def origin(self, position: int) -> int:
        """Where in the source's text the n-th character (from one) stood."""
        return self.origins[min(position, len(self.origins)) - 1] if self.origins else 0

    def place_of_parameter(self, number: int) -> int:
        return self.origins[self.sql.index(f"${number}")]


def read_folder(folder: Path) -> list[Source]:
    """The queries of all files of a folder, in the order of their names."""
    return [source for file in query_files(folder) for source in read_sources(file)]


def read_sources(path: Path) -> list[Source]:
    """The well-named queries of a file; what is not well named is a trap, and told as such."""
    text = path.read_text()
    marks = [mark.start() for mark in NAME_MARK.finditer(text) if at_line_start(text, mark.start())]
    return list(each_source(path, text, [*marks, len(text)]))


def each_source(path: Path, text: str, marks: list[int]) -> Iterator[Source]:
    for begin, end in pairwise(marks):
        head, _, body = text[begin:end].partition("\n")
        if definition := DEFINITION.fullmatch(head.rstrip()):
            inside, _, gives = head.rstrip().partition("(")[2].partition(")")
            yield Source(
                path=path,
                name=definition["name"],
                declared=tuple(each.strip() for each in inside.split(",") if each.strip()),
                gives=gives,
                line=text.count("\n", 0, begin) + 1,
                text=body,
                starts_at=begin + len(head) + 1,
                file_text=text,
            )


def at_line_start(text: str, at: int) -> bool:
    return at == 0 or text[at - 1] == "\n"


@lru_cache(maxsize=2000)
def statement_of(source: Source) -> Statement:
    """Comments blanked, parameters numbered in the order in which they first appear."""
    sql: list[str] = []
    origins: list[int] = []
    parameters: list[str] = []
    code, kept = blanked(source.text)
    at = 0
    for found in PARAMETER.finditer(kept):
        append(sql, origins, code[at : found.start()], at)
        name = found[0].removeprefix(":")
        if name not in parameters:
            parameters.append(name)
        number = f"${parameters.index(name) + 1}"
        sql.append(number)
        origins += [found.start()] * len(number)
        at = found.end()
    append(sql, origins, code[at:], at)
    return Statement("".join(sql), tuple(origins), tuple(parameters))


def append(sql: list[str], origins: list[int], text: str, at: int) -> None:
    sql.append(text)
    origins += range(at, at + len(text))


def blanked(text: str) -> tuple[str, str]:
    """The text without comments, and the same without anything quoted; both of the same length."""

    def blank(quoted: str) -> str:
        return "".join("\n" if each == "\n" else " " for each in quoted)

    code = QUOTED.sub(
        lambda each: blank(each[0]) if each["line"] or each["block"] else each[0], text
    )
    return code, QUOTED.sub(lambda each: blank(each[0]), text)
