"""Which columns a query lays its parameters beside, read from its words.

No parser of SQL: what is compared, inserted or unnested under a name is found by patterns. What is
missed is drawn by the parameter's own name (desk/drawing.py).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tripsync.database.sources import blanked

# A table, and its columns with their types.
Columns = Mapping[str, Mapping[str, str]]

TABLE = re.compile(
    r"\b(?:from|join|update|into|using)\s+(?:only\s+)?(?:lateral\s+)?([a-z_]\w*)"
    r"(?:\s+(?:as\s+)?([a-z_]\w*))?",
    re.IGNORECASE,
)
NO_ALIAS = {
    *("where", "set", "on", "join", "left", "right", "full", "cross", "inner", "using", "values"),
    *("order", "group", "limit", "offset", "for", "union", "except", "intersect", "returning"),
    *("select", "natural", "window", "having", "default", "overriding"),
}
COLUMN = r"(?:(?P<alias>[a-z_]\w*)\.)?(?P<column>[a-z_]\w*)"
BESIDE = r"(?:=|<>|<=|>=|<|>|is\s+(?:not\s+)?distinct\s+from)"
CAST = r"(?:::[a-z]\w*(?:\[\])?)?"
COLUMN_FIRST = re.compile(
    rf"(?<![\w.:]){COLUMN}\s*{BESIDE}\s*(?:any\s*\(|all\s*\()?\s*(?<!:):(?P<name>\w+)",
    re.IGNORECASE,
)
PARAMETER_FIRST = re.compile(
    rf"(?<!:):(?P<name>\w+){CAST}\s*{BESIDE}\s*{COLUMN}\b(?!\s*\()", re.IGNORECASE
)
IN_LIST = re.compile(rf"(?<!:):(?P<name>\w+){CAST}\s+(?:not\s+)?in\s*\((?P<list>[^()]*)\)")
ROWS = re.compile(r"\((?P<left>[^()]*)\)\s*(?:=|<=|>=|<|>)\s*\((?P<right>[^()]*)\)")
INSERT = re.compile(
    r"\binsert\s+into\s+(?P<table>\w+)(?:\s+as\s+\w+)?\s*\((?P<columns>[^()]*)\)\s*"
    r"(?:overriding\s+\w+\s+value\s*)?(?P<kind>values\s*\(|select\b)",
    re.IGNORECASE,
)
END_OF_LIST = re.compile(r"\b(?:from|where|returning|on\s+conflict)\b|;", re.IGNORECASE)
UNNEST = re.compile(
    r"\bunnest\s*\((?P<list>(?:[^()]|\([^()]*\))*)\)\s*(?:with\s+ordinality\s+)?"
    r"(?:as\s+)?(?P<alias>\w+)\s*(?:\((?P<columns>[^()]*)\))?",
    re.IGNORECASE,
)
ONLY_A_PARAMETER = re.compile(rf"\s*:(?P<name>\w+){CAST}\s*")
MAY_BE_NULL = (
    r"(?<!:):{name}\b{cast}\s+is\s+(?:not\s+)?null|coalesce\(\s*:{name}\b|from\s+:{name}\b"
)


class Binding(NamedTuple):
    """A column beside which a parameter stands, and which of several uses of its table it is."""

    alias: str
    table: str
    column: str


def bindings_of(text: str, columns: Columns) -> dict[str, list[Binding]]:
    """By parameter, in the order of the text."""
    _, code = blanked(text)
    aliases = dict(tables_in(code, columns))
    lists = dict(unnested(code))
    found: dict[str, dict[Binding, None]] = {}
    for name, alias, column in pairs(code):
        for each in resolved(alias, column, aliases, columns):
            found.setdefault(name, {})[each] = None
    for (alias, column), name in lists.items():
        # What an array is unnested into is compared in turn.
        for own, other in equal_columns(code, alias, column):
            for each in resolved(own, other, aliases, columns):
                found.setdefault(name, {})[each] = None
    for name, table, column in inserted(code):
        if column in columns.get(table, ()):
            found.setdefault(name, {})[Binding(table, table, column)] = None
    return {name: list(each) for name, each in found.items()}


def tables_in(code: str, columns: Columns) -> Iterator[tuple[str, str]]:
    """The tables that a query names, by their aliases."""
    for named in TABLE.finditer(code):
        table, alias = named[1].lower(), (named[2] or "").lower()
        if table in columns:
            yield (alias if alias and alias not in NO_ALIAS else table), table


def may_be_null(text: str, name: str) -> bool:
    """Whether the query asks if the parameter is null."""
    _, code = blanked(text)
    return bool(re.search(MAY_BE_NULL.format(name=name, cast=CAST), code, re.IGNORECASE))


def words_for(text: str, name: str) -> tuple[str, ...]:
    """The words in quotes that a query compares the parameter with."""
    code, _ = blanked(text)
    patterns = (
        rf"'(\w+)'\s*=\s*(?:any\s*\(\s*)?:{name}\b",
        rf"(?<!:):{name}\b{CAST}\s*(?:=|<>)\s*'(\w+)'",
    )
    found = [each for pattern in patterns for each in re.findall(pattern, code)]
    for listed in re.findall(rf"(?<!:):{name}\b{CAST}\s+(?:not\s+)?in\s*\(([^()]*)\)", code):
        found += re.findall(r"'(\w+)'", listed)
    return tuple(dict.fromkeys(found))


def pairs(code: str) -> Iterator[tuple[str, str, str]]:
    """Each parameter that stands beside a column: its name, the alias and the column."""
    for pattern in (COLUMN_FIRST, PARAMETER_FIRST):
        for each in pattern.finditer(code):
            yield each["name"], (each["alias"] or "").lower(), each["column"].lower()
    for each in ROWS.finditer(code):
        for column, value in zip(each["left"].split(","), each["right"].split(","), strict=False):
            if parameter := ONLY_A_PARAMETER.fullmatch(value):
                alias, _, name = column.strip().rpartition(".")
                yield parameter["name"], alias.lower(), name.lower()
    for each in IN_LIST.finditer(code):
        for column in each["list"].split(","):
            alias, _, name = column.strip().rpartition(".")
            yield each["name"], alias.lower(), name.lower()


def resolved(
    alias: str, column: str, aliases: Mapping[str, str], columns: Columns
) -> list[Binding]:
    """The columns that may be meant; without an alias, those of the first table that has it."""
    for own, table in aliases.items():
        if (not alias or alias == own) and column in columns[table]:
            return [Binding(own, table, column)]
    return []


def unnested(code: str) -> Iterator[tuple[tuple[str, str], str]]:
    """The parameter that each column of an `unnest` comes from."""
    for each in UNNEST.finditer(code):
        parts = split(each["list"])
        names = [part.strip() for part in (each["columns"] or each["alias"]).split(",")]
        for part, name in zip(parts, names, strict=False):
            if parameter := ONLY_A_PARAMETER.fullmatch(part):
                yield (each["alias"].lower(), name.lower()), parameter["name"]


def equal_columns(code: str, alias: str, column: str) -> Iterator[tuple[str, str]]:
    """What a column is said to be equal to."""
    one = rf"{re.escape(alias)}\.{re.escape(column)}\b|(?<![\w.]){re.escape(column)}\b"
    for pattern in (rf"(?<![\w.:]){COLUMN}\s*=\s*(?:{one})", rf"(?:{one})\s*=\s*{COLUMN}\b"):
        for each in re.finditer(pattern, code, re.IGNORECASE):
            if (each["alias"] or "").lower() != alias:
                yield (each["alias"] or "").lower(), each["column"].lower()


def inserted(code: str) -> Iterator[tuple[str, str, str]]:
    """Each parameter that is a column's value: its name, the table and the column."""
    for each in INSERT.finditer(code):
        rest = code[each.end() :]
        if each["kind"].lower() == "select":
            end = END_OF_LIST.search(rest)
            values = split(rest[: end.start()] if end else rest)
        else:
            values = split(rest)
        names = each["columns"].split(",")
        for column, value in zip(names, values, strict=False):
            if parameter := ONLY_A_PARAMETER.fullmatch(value):
                yield parameter["name"], each["table"].lower(), column.strip().lower()


def split(listed: str) -> Sequence[str]:
    """The parts between commas, as far as the parenthesis that ends the list."""
    parts: list[str] = []
    depth = begin = 0
    for at, each in enumerate(listed):
        if each == ")" and depth == 0:
            return [*parts, listed[begin:at]]
        depth += (each == "(") - (each == ")")
        if each == "," and depth == 0:
            parts.append(listed[begin:at])
            begin = at + 1
    return [*parts, listed[begin:]]
