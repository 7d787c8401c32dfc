"""Types of all queries for mypy, made of what PostgreSQL says of each.

`database/bound.pyi` has what a query takes and gives, `database/rows.pyi` the columns of its rows.

PostgreSQL does not say what may be null. So a parameter may always be None, and a column is what
its type says or anything (`int | Any`): a wrong name and a wrong type are found, and a look for
None is not called needless.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from tripsync.database.catalog import Column, Described
from tripsync.database.findings import PACKAGE

STUBS = PACKAGE / "database" / "bound.pyi"
ROWS = PACKAGE / "database" / "rows.pyi"
WIDTH = 100

PYTHON = {
    "bool": "bool",
    "bytea": "bytes",
    "date": "date",
    "float4": "float",
    "float8": "float",
    "int2": "int",
    "int4": "int",
    "int8": "int",
    "interval": "timedelta",
    "json": "Any",
    "jsonb": "Any",
    "name": "str",
    "numeric": "Decimal",
    "text": "str",
    "time": "time",
    "timestamp": "datetime",
    "timestamptz": "datetime",
    "uuid": "UUID",
    "varchar": "str",
    "void": "None",
}

HEAD = """\
# Made by `tripsync sql stubs` of sql/ and the schema. Edit those; `tripsync sql check` and
# `make check` hold this file to them.

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tripsync.database import rows
from tripsync.database.queries import Executes, Queries
from tripsync.database.slow_log import SlowLog
"""

ROWS_HEAD = """\
# Made by `tripsync sql stubs` of sql/ and the schema. Edit those; `tripsync sql check` and
# `make check` hold this file to them.
#
# Each row is named after its file and its query. Rows with the same columns are one type with
# several names.

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypedDict
from uuid import UUID
"""

ROW = re.compile(r"^class (\w+)\(TypedDict\):\n((?:    .+\n)+)", re.MULTILINE)
ALIAS = re.compile(r"^(\w+) = (\w+)$", re.MULTILINE)
OR_NULL = re.compile(r" \| (?:None|Any)\b")
COLUMN = re.compile(r"(\w+): ([^;\n]+)")

# The columns of a row and their types, in any order.
Shape = Mapping[str, str]


class Told(NamedTuple):
    """What mypy is told now."""

    calls: frozenset[str]
    rows: Mapping[str, Shape]


def stubs_of(described: Sequence[Described]) -> str:
    """What each query takes and gives, a line each."""
    by_file = {
        file: list(queries)
        for file, queries in groupby(described, key=lambda query: query.source.file)
    }
    parts = [HEAD]
    for file, queries in by_file.items():
        methods = "\n".join(method(query) for query in queries)
        parts.append(f"class {camel(file)}:\n{methods}\n")
    files = "\n".join(f"    {file}: {camel(file)}" for file in by_file)
    bound = (
        "class Bound:\n"
        "    _queries: Queries\n"
        f"{files}\n"
        "    def __init__(\n"
        "        self, db: Executes, queries: Queries, slow_log: SlowLog | None = None\n"
        "    ) -> None: ...\n"
    )
    return "\n".join([*parts, bound])


def rows_of(described: Sequence[Described]) -> str:
    """A class for each shape, named after the first query that has it, and the names of the others.

    Short lines for many columns: who reads them has the query beside them."""
    classes: dict[frozenset[tuple[str, str]], str] = {}
    parts = [ROWS_HEAD]
    for query in filter(has_row, described):
        shape = shape_of(query)
        name = row_name(query)
        first = classes.setdefault(frozenset(shape.items()), name)
        parts.append(f"{name} = {first}\n" if first != name else row_class(name, shape))
    return "\n".join(parts)


def has_row(query: Described) -> bool:
    return query.source.gives in ("", "^") and bool(query.columns)


def shape_of(query: Described) -> Shape:
    return {column.name: shown_column(column) for column in query.columns}


def row_class(name: str, shape: Shape) -> str:
    """Its columns in the order of the query, as many in a line as it holds."""
    return "\n".join([f"class {name}(TypedDict):", *lines_of(shape)]) + "\n"


def lines_of(shape: Shape) -> Iterator[str]:
    line = ""
    for column, type in shape.items():
        shown = f"{column}: {type}"
        if line and len(f"    {line}; {shown}") > WIDTH:
            yield f"    {line}"
            line = ""
        line = f"{line}; {shown}" if line else shown
    yield f"    {line}"


def method(query: Described) -> str:
    source = query.source
    types = {column.name: column.type for column in query.parameters}
    taken = [f"{name}: {parameter(types[name])}" for name in source.declared]
    given = {
        "": f"list[rows.{row_name(query)}]",
        "^": f"rows.{row_name(query)} | Any",
        "$": value(query.columns[0].type) if query.columns else "None",
        "<!": value(query.columns[0].type) if query.columns else "None",
        "!": "int",
    }[source.gives]
    arguments = f"self, *, {', '.join(taken)}" if taken else "self"
    return f"    async def {source.name}({arguments}) -> {given}: ..."


def row_name(query: Described) -> str:
    return f"{camel(query.source.file)}{camel(query.source.name)}"


def camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def python(type: str) -> str:
    if type.endswith("[]"):
        return f"list[{PYTHON.get(type.removesuffix('[]'), 'Any')}]"
    return PYTHON.get(type, "Any")


def shown_column(column: Column) -> str:
    match column.nullable:
        case None:
            return value(column.type)
        case True:
            shown = python(column.type)
            return shown if shown == "Any" else f"{shown} | None"
        case False:
            return python(column.type)


def value(type: str) -> str:
    """A column of which nothing says whether it may be null, or the one value of a query."""
    shown = python(type)
    return shown if shown in ("Any", "None") else f"{shown} | Any"


def parameter(type: str) -> str:
    if type.endswith("[]"):
        element = PYTHON.get(type.removesuffix("[]"), "Any")
        return f"Sequence[{either(element)}] | None"
    return either(python(type))


def either(type: str) -> str:
    """It, or null; a sum may also be written as a plain number."""
    match type:
        case "Any":
            return type
        case "Decimal":
            return "Decimal | float | None"
        case _:
            return f"{type} | None"


def read_stubs(stubs: Path = STUBS, rows: Path = ROWS) -> Told:
    """What the two files say; nothing, where they are not there yet."""
    calls = stubs.read_text() if stubs.exists() else ""
    text = rows.read_text() if rows.exists() else ""
    shapes: dict[str, Shape] = {
        each[1]: dict(COLUMN.findall(each[2])) for each in ROW.finditer(text)
    }
    shapes |= {each[1]: shapes[each[2]] for each in ALIAS.finditer(text)}
    return Told(frozenset(calls.splitlines()), shapes)


def is_known(query: Described, told: Told) -> bool:
    """Whether mypy is told of this query what PostgreSQL says of it."""
    has_shape = not has_row(query) or told.rows.get(row_name(query)) == shape_of(query)
    return has_shape and method(query) in told.calls


def is_readable(query: Described, told: Told) -> bool:
    """Whether Python that was typed so can call it and read its rows, whatever may be null."""
    known, given = told.rows.get(row_name(query), {}), shape_of(query) if has_row(query) else {}
    same_columns = {name: without_null(type) for name, type in known.items()} == {
        name: without_null(type) for name, type in given.items()
    }
    calls = {without_null(call) for call in told.calls if f"def {query.source.name}(" in call}
    return same_columns and without_null(method(query)) in calls


def without_null(type: str) -> str:
    return OR_NULL.sub("", type)


def changed_columns(query: Described, told: Told) -> tuple[list[str], list[str]]:
    """The columns that only mypy knows, and those that only PostgreSQL gives."""
    known = told.rows.get(row_name(query), {})
    given = shape_of(query) if has_row(query) else {}
    return sorted(known.keys() - given.keys()), sorted(given.keys() - known.keys())


def write_stubs(
    described: Sequence[Described], stubs: Path = STUBS, rows: Path = ROWS
) -> list[Path]:
    """The files that were not as they should be, and are now."""
    wanted = {stubs: stubs_of(described), rows: rows_of(described)}
    changed = [
        file for file, text in wanted.items() if not file.exists() or file.read_text() != text
    ]
    for file in changed:
        file.write_text(wanted[file])
    return changed
