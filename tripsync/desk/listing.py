"""Queries and functions: where each stands, what it is for, and who calls it, endpoints too."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from tripsync.database.catalog import Column, Described
from tripsync.database.findings import shown
from tripsync.database.function_files import Definition
from tripsync.database.sources import ROWS, Source, first_sentence, words_in
from tripsync.desk.callers import Call
from tripsync.desk.endpoints import Reach

# Longer names push their line to the right.
WIDEST_NAME = 44


def entries(
    described: Iterable[Described], calls: Sequence[Call], reach: Reach, pattern: str
) -> list[dict[str, Any]]:
    """What is known of the queries in whose name or meaning the pattern occurs."""
    wanted = pattern.lower()
    return [
        entry(query, calls, reach)
        for query in described
        if wanted in query.source.full_name.lower() or wanted in query.source.meaning.lower()
    ]


def names_first(found: Sequence[dict[str, Any]], pattern: str) -> list[dict[str, Any]]:
    """What is named like the pattern stands before what only tells of it."""
    return sorted(found, key=lambda each: pattern.lower() not in each["name"].lower())


def entries_of_endpoints(
    sources: Sequence[Source], reach: Reach, pattern: str
) -> list[dict[str, Any]]:
    """Endpoints by a part of their path, and what they may reach."""
    return [
        {
            "endpoint": entry,
            "queries": [
                source.full_name
                for source in sources
                if any(names(call, source) for call in called)
            ],
        }
        for entry, called in reach.items()
        if pattern.lower() in entry.lower()
    ]


def entry(query: Described, calls: Sequence[Call], reach: Reach) -> dict[str, Any]:
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
        "endpoints": [
            name for name, called in reach.items() if any(names(call, source) for call in called)
        ],
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


def lines(found: Sequence[Mapping[str, Any]], width: int) -> Iterator[str]:
    """One line a query, function or endpoint."""
    heads = [head(each) for each in found]
    column = min(max(map(len, heads), default=0), WIDEST_NAME)
    for each, name in zip(found, heads, strict=True):
        yield cut(f"{name.ljust(column)}  {gist(each)}", width)


def head(known: Mapping[str, Any]) -> str:
    if "endpoint" in known:
        return str(known["endpoint"])
    return f"{known['name']} ({known['kind']})" if "kind" in known else str(known["name"])


def gist(known: Mapping[str, Any]) -> str:
    if "endpoint" in known:
        return ", ".join(known["queries"]) or "reaches no query"
    return first_sentence(known["meaning"])


def cut(line: str, width: int) -> str:
    return line if len(line) <= width else f"{line[: width - 1]}…"


def for_people(known: Mapping[str, Any]) -> str:
    """One query, function or endpoint as a paragraph."""
    if "endpoint" in known:
        return "\n".join([known["endpoint"], *(f"    {each}" for each in known["queries"])])
    lines = [f"{known['name']}  {known['file']}:{known['line']}", f"    {known['meaning']}"]
    if "kind" in known:
        lines.append(f"    is      a {known['kind']}")
    else:
        lines.append(f"    takes   {typed(known['parameters'])}")
        lines.append(f"    gives   {known['gives']}: {typed(known['columns'])}")
    lines.append(f"    called  {', '.join(known['called_from']) or 'nowhere'}")
    if known.get("endpoints"):
        lines.append(f"    for     {', '.join(known['endpoints'])}")
    return "\n".join(lines)


def typed(each: Sequence[Mapping[str, str]]) -> str:
    return ", ".join(f"{column['name']} {column['type']}" for column in each) or "nothing"
