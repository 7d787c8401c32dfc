"""Every query and function on one page: where it stands, what it is for, and who calls it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from tripsync.database.catalog import Column, Described
from tripsync.database.findings import shown
from tripsync.database.function_files import Definition
from tripsync.database.sources import ROWS, Source, words_in
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


def entries_of_functions(
    functions: Sequence[Definition], sources: Sequence[Source], pattern: str
) -> list[dict[str, Any]]:
    """The same of SQL functions and views, which queries and other functions call."""
    wanted = pattern.lower()
    return [
        {
            "name": each.name,
            "file": shown(each.path),
            "line": each.line,
            "meaning": each.meaning,
            "kind": each.kind,
            "called_from": [
                *(source.full_name for source in sources if each.name in words_in(source.text)),
                *(
                    other.name
                    for other in functions
                    if other.name != each.name and each.name in words_in(other.text)
                ),
            ],
        }
        for each in functions
        if wanted in each.name or wanted in each.meaning.lower()
    ]


def columns(each: Iterable[Column]) -> list[dict[str, str]]:
    return [{"name": column.name, "type": column.type} for column in each]


def names(call: Call, source: Source) -> bool:
    if call.file != source.file:
        return False
    return bool(source.name.startswith(call.query) if call.is_open else source.name == call.query)


def for_people(known: Mapping[str, Any]) -> str:
    """One query or function as a paragraph."""
    lines = [f"{known['name']}  {known['file']}:{known['line']}", f"    {known['meaning']}"]
    if "kind" in known:
        lines.append(f"    is      a {known['kind']}")
    else:
        lines.append(f"    takes   {typed(known['parameters'])}")
        lines.append(f"    gives   {known['gives']}: {typed(known['columns'])}")
    lines.append(f"    called  {', '.join(known['called_from']) or 'nowhere'}")
    return "\n".join(lines)


def typed(each: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in each) or "nothing"
