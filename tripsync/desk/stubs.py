"""Types of all queries for mypy: database/bound.pyi, made of what PostgreSQL says.

PostgreSQL does not say what may be null. So a parameter may always be None, and a column is what
its type says or anything (`int | Any`): a wrong name and a wrong type are found, and a look for
None is not called needless.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from pathlib import Path

from tripsync.database.catalog import Described
from tripsync.database.findings import PACKAGE

STUBS = PACKAGE / "database" / "bound.pyi"

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

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, overload
from uuid import UUID

from tripsync.database.queries import Executes, Queries
from tripsync.database.slow_log import SlowLog

class Row(Mapping[Any, Any]):
    def __getitem__(self, key: Any) -> Any: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __len__(self) -> int: ...
"""


def stubs_of(described: Sequence[Described]) -> str:
    """The whole file."""
    by_file = {
        file: list(queries)
        for file, queries in groupby(described, key=lambda query: query.source.file)
    }
    parts = [HEAD]
    for file, queries in by_file.items():
        parts += [row_class(query) for query in queries if has_row(query)]
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


def has_row(query: Described) -> bool:
    return query.source.gives in ("", "^") and bool(query.columns)


def row_class(query: Described) -> str:
    """Its columns, each by its name and its type."""
    lines = [f"class {row_name(query)}(Row):"]
    for column in query.columns:
        lines += getter(f"Literal[{column.name!r}]".replace("'", '"'), shown_column(column.type))
    # A row is also a tuple; and a name that is only known when it runs may be any.
    lines += getter("int", "Any")
    return "\n".join(lines) + "\n"


def getter(key: str, value: str) -> Iterator[str]:
    yield "    @overload"
    yield f"    def __getitem__(self, key: {key}) -> {value}: ..."


def method(query: Described) -> str:
    source = query.source
    types = {column.name: column.type for column in query.parameters}
    taken = [f"{name}: {parameter(types[name])}" for name in source.declared]
    given = {
        "": f"list[{row_name(query)}]",
        "^": f"{row_name(query)} | Any",
        "$": shown_column(query.columns[0].type) if query.columns else "None",
        "<!": shown_column(query.columns[0].type) if query.columns else "None",
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


def shown_column(type: str) -> str:
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


def read_stubs(path: Path = STUBS) -> frozenset[str]:
    """What mypy is told now: each line by itself, and each paragraph."""
    text = path.read_text() if path.exists() else ""
    return frozenset([*text.splitlines(), *text.split("\n\n")])


def is_known(query: Described, told: Collection[str]) -> bool:
    """Whether mypy is told of this query what PostgreSQL says of it."""
    has_class = not has_row(query) or row_class(query).rstrip() in told
    return has_class and method(query) in told


def write_stubs(described: Sequence[Described], path: Path = STUBS) -> bool:
    """Whether there was anything to change."""
    text = stubs_of(described)
    if path.exists() and path.read_text() == text:
        return False
    path.write_text(text)
    return True
