"""Which line of Python calls which query.

Read from the sources, not run. A call is `db.<file>.<query>(...)`, or the same on something that
reads (`reading(request)`, `database.reading`), or `snapshot.rows("<file>", "<query>", ...)`; a
query may also be handed on without being called. What is passed and read there mypy checks, which
knows the types of queries (desk/stubs.py). What features export and erase names queries too:
`Section("<name>", "<file>.<query>")`, `Erase("<file>.<query>")`. Saved searches call the queries of
`SearchQueries` in the file that `SavedSearches(queries=lambda db: db.<file>)` names.
"""

import ast
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

from tripsync.saved_searches import SearchQueries


class Call(NamedTuple):
    """One place that runs a query."""

    path: Path
    line: int
    place: int
    file: str
    # Where a part of the name is only known when it runs: its beginning.
    query: str
    is_open: bool = False


def read_calls(package: Path) -> list[Call]:
    """Every call below this folder."""
    return [call for path in sorted(package.rglob("*.py")) for call in calls_of(path)]


def calls_of(path: Path) -> Sequence[Call]:
    return calls_in(path, path.read_text())


@cache
def calls_in(path: Path, text: str) -> Sequence[Call]:
    """The calls of a file that says this; several look at the same one."""
    return list(find_calls(path, parsed(text)))


@cache
def parsed(text: str) -> ast.Module:
    return ast.parse(text)


def find_calls(path: Path, tree: ast.Module) -> Iterator[Call]:
    for node in ast.walk(tree):
        match node:
            case ast.Attribute() if named := query_named(node):
                yield Call(path, node.lineno, node.col_offset + 1, *named)
            case ast.Call(func=ast.Name(id="getattr"), args=[holder, name]) if file := file_named(
                holder
            ):
                yield Call(path, node.lineno, node.col_offset + 1, file, *beginning(name))
            case ast.Call(
                func=ast.Attribute(attr="rows"), args=[ast.Constant(value=str(file)), name]
            ):
                yield Call(path, node.lineno, node.col_offset + 1, file, *beginning(name))
            case (
                ast.Call(func=ast.Name(id="Section"), args=[_, ast.Constant(value=str(full_name))])
                | ast.Call(func=ast.Name(id="Erase"), args=[ast.Constant(value=str(full_name))])
            ):
                file, _, query = full_name.partition(".")
                yield Call(path, node.lineno, node.col_offset + 1, file, query)
            case ast.keyword(arg="queries", value=ast.Lambda(body=holder)) if file := file_named(
                holder
            ):
                for query in methods_of(SearchQueries):
                    yield Call(path, node.lineno, node.col_offset + 1, file, query)


def methods_of(protocol: type) -> list[str]:
    return [name for name in vars(protocol) if not name.startswith("_")]


def query_named(node: ast.Attribute) -> tuple[str, str] | None:
    """File and query, if that is what this names."""
    match node:
        case ast.Attribute(value=ast.Attribute(value=base, attr=file), attr=query) if reaches(base):
            return file, query
        case _:
            return None


def file_named(node: ast.expr) -> str | None:
    match node:
        case ast.Attribute(value=base, attr=file) if reaches(base):
            return file
        case _:
            return None


def reaches(base: ast.expr) -> bool:
    """Whether queries hang on this."""
    match base:
        case ast.Name(id="db" | "snapshot" | "reading") | ast.Attribute(attr="reading"):
            return True
        case ast.Call(func=ast.Name(id="reading")):
            return True
        case _:
            return False


def literal(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def beginning(node: ast.expr) -> tuple[str, bool]:
    """A name, or as much of it as stands there."""
    if (whole := literal(node)) is not None:
        return whole, False
    if isinstance(node, ast.JoinedStr) and node.values:
        return literal(node.values[0]) or "", True
    return "", True
