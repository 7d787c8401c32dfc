"""Every query on one page: where it stands, what it is for, takes and gives, and who calls it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tripsync.database.catalog import Column, Described
from tripsync.database.findings import shown
from tripsync.database.sources import ROWS, Source
from tripsync.desk.callers import Call


def entries(
    described: Iterable[Described], calls: Sequence[Call], pattern: str
) -> list[dict[str, Any]]:
    """What is known of the queries in whose name or meaning the pattern occurs."""
    wanted = pattern.lower()
    return [
        entry(query, calls)
        for query in described
        if wanted in query.source.full_name.lower() or wanted in query.source.meaning.lower()
    ]


def entry(query: Described, calls: Sequence[Call]) -> dict[str, Any]:
    source = query.source
    return {
        "name": source.full_name,
        "file": shown(source.path),
        "line": source.line,
        "meaning": source.meaning,
        "gives": ROWS[source.gives],
        "parameters": columns(query.parameters),
        "columns": columns(query.columns),
        "called_from": [f"{shown(call.path)}:{call.line}" for call in calls if names(call, source)],
    }


def columns(each: Iterable[Column]) -> list[dict[str, str]]:
    return [{"name": column.name, "type": column.type} for column in each]


def names(call: Call, source: Source) -> bool:
    if call.file != source.file:
        return False
    return bool(source.name.startswith(call.query) if call.is_open else source.name == call.query)


def for_people(known: Mapping[str, Any]) -> str:
    """One query as a paragraph."""
    lines = [
        f"{known['name']}  {known['file']}:{known['line']}",
        f"    {known['meaning']}",
        f"    takes   {typed(known['parameters'])}",
        f"    gives   {known['gives']}: {typed(known['columns'])}",
        f"    called  {', '.join(known['called_from']) or 'nowhere'}",
    ]
    return "\n".join(lines)


def typed(each: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in each) or "nothing"
