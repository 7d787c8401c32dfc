"""The one parser of query files knows which text is whose, and where a position leads.

Where a query begins and ends is found here; what it is, aiosql says of each by itself. A server is
given `$1` for `:name` and no comments; a DBA wrote neither. So each character of what is sent knows
where it came from.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from aiosql.adapters.asyncpg import AsyncPGAdapter
from aiosql.query_loader import QueryLoader

from tripsync.database.files import query_files

DEFINITION = re.compile(r"-- name: (?P<name>[a-z]\w*)\([\w, ]*\)(?:\^|\$|!|<!)?")
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
PARAMETER = re.compile(r"(?<!:):\w+")
# What aiosql hands on as it was written, but for comments and the ends of lines.
PIECE = re.compile(r"(?P<gap>\s+)|(?P<number>\$\d+)|.", re.DOTALL)

ROWS = {"^": "one row", "$": "one value", "!": "a count", "<!": "one value", "": "rows"}
# Files are read again when they are edited, and most of them are not.
MOST_TEXTS = 200


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


class QueryFile(NamedTuple):
    """A file of queries."""

    text: str
    # The same without comments and whatever is quoted.
    code: str
    # Where aiosql would begin a query.
    marks: tuple[int, ...]
    sources: tuple[Source, ...]


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
    return list(read_file(path, path.read_text()).sources)


@lru_cache(maxsize=MOST_TEXTS)
def read_file(path: Path, text: str) -> QueryFile:
    _, code = blanked(text)
    marks = tuple(mark.start() for mark in NAME_MARK.finditer(text))
    first = [at for at in marks if at_line_start(text, at)]
    return QueryFile(text, code, marks, tuple(each_source(path, text, [*first, len(text)])))


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
    """What aiosql makes of a query, with the places of its characters."""
    adapter = AsyncPGAdapter()
    loader = QueryLoader(adapter, None, mandatory_parameters=False)
    named = f"-- name: {source.name}{source.gives}\n{source.text}"
    [query] = loader.load_query_data_from_sql(named, [])
    parameters = tuple(adapter.var_sorted[source.name])
    return Statement(query.sql, tuple(origins(query.sql, source.text)), parameters)


def origins(sql: str, text: str) -> Iterator[int]:
    """Where in the text of a query each character stood that aiosql made of it."""
    code, _ = blanked(text)
    at = 0
    for piece in PIECE.finditer(sql):
        if not piece["gap"]:
            while code[at].isspace():
                at += 1
        yield from [at] * len(piece[0])
        if piece["number"] and (parameter := PARAMETER.match(code, at)):
            at = parameter.end()
        elif not piece["gap"]:
            at += len(piece[0])


@lru_cache(maxsize=2000)
def words_in(text: str) -> Mapping[str, None]:
    """The words of a text but for comments, in order; what is quoted may be a body."""
    code, _ = blanked(text)
    return dict.fromkeys(re.findall(r"[a-z_]\w*", code.lower()))


def first_sentence(text: str) -> str:
    return re.split(r"(?<=[.?!])\s", text, maxsplit=1)[0]


def blanked(text: str) -> tuple[str, str]:
    """The text without comments, and the same without anything quoted; both of the same length."""

    def blank(quoted: str) -> str:
        return "".join("\n" if each == "\n" else " " for each in quoted)

    code = QUOTED.sub(
        lambda each: blank(each[0]) if each["line"] or each["block"] else each[0], text
    )
    return code, QUOTED.sub(lambda each: blank(each[0]), text)
