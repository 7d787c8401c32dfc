"""Joins that lose no row, because a foreign key says that there is one to be found.

A left join in the place of such a one gives the same rows, and so does a join in the place of a
left one: neither is a mutant.
"""

import re
from functools import lru_cache
from typing import NamedTuple

from tripsync.database.files import SQL

TABLE = re.compile(r"^create table (\w+) \((.*?)^\);", re.MULTILINE | re.DOTALL)
REQUIRED = re.compile(r"^\s+(\w+)\s.* not null", re.MULTILINE)
FOREIGN_KEY = re.compile(r"foreign key \(([\w, ]+)\) references (\w+)\(([\w, ]+)\)")
# Ids are unique over all colleges: it is they that find a row.
COLLEGE = "college_id"
# With whom is made what, in one statement (accounts.create_account), and stays as long.
MADE_TOGETHER = {"users": ("profiles",)}
JOINED = re.compile(
    r"(?:left\s+)?\bjoin\s+(?P<table>\w+)(?:\s+as)?(?:\s+(?P<name>(?!on\b)\w+))?\s+on\b"
)
SOURCE = re.compile(
    r"(?P<how>\bleft join|\bjoin|\bfrom)\s+(?P<table>\w+)(?:\s+as)?(?:\s+(?P<name>\w+))?"
)
EQUAL = re.compile(r"(\w+)\.(\w+)\s*=\s*(?:(\w+)\.(\w+)|:college_id)")


class Reference(NamedTuple):
    """Which columns lead to which of another table; without the college."""

    table: str
    columns: frozenset[tuple[str, str]]


@lru_cache(maxsize=1)
def references() -> dict[str, set[Reference]]:
    """Of each table, its foreign keys of which no column may be null."""
    found: dict[str, set[Reference]] = {}
    for table, body in TABLE.findall((SQL / "schema.sql").read_text()):
        required = set(REQUIRED.findall(body))
        # Directly, or by way of a user.
        found[table] = {Reference("colleges", frozenset())} if COLLEGE in required else set()
        for own, target, theirs in FOREIGN_KEY.findall(body):
            pairs = set(zip(own.split(", "), theirs.split(", "), strict=True))
            if all(column in required for column, _ in pairs):
                ids = frozenset(pairs - {(COLLEGE, COLLEGE)})
                for each in (target, *MADE_TOGETHER.get(target, ())):
                    found[table].add(Reference(each, ids))
    return found


def is_along_a_reference(code: str, start: int, end: int) -> bool:
    """Whether a join, of which this is the text, asks for what a foreign key promises alone."""
    joined = JOINED.match(code, start, end)
    if joined is None:
        return False
    name = joined["name"] or joined["table"]
    pairs: set[tuple[str, str]] = set()
    sources: set[str] = set()
    for part in re.split(r"\band\b", code[joined.end() : end]):
        equal = EQUAL.fullmatch(part.strip())
        if equal is None or name not in (equal[1], equal[3]):
            return False
        own, other = ((1, 2), (3, 4)) if equal[1] == name else ((3, 4), (1, 2))
        [_, column], [source, theirs] = equal.group(*own), equal.group(*other)
        if column != COLLEGE:
            pairs.add((theirs, column))
        if source:
            sources.add(source)
    wanted = Reference(joined["table"], frozenset(pairs))
    return len(sources) == 1 and wanted in references().get(
        table_named(sources.pop(), code, start), ()
    )


def table_named(name: str, code: str, before: int) -> str:
    """Which table goes by this name at a place; none where its row may be missing."""
    called = [
        each for each in SOURCE.finditer(code, 0, before) if name in (each["table"], each["name"])
    ]
    return called[-1]["table"] if called and called[-1]["how"] != "left join" else ""
