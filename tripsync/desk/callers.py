"""What Python asks of the query files: every call, what it passes, and which columns it reads.

Read from the sources, not run. A call is `db.<file>.<query>(...)`, or the same on something that
reads (`reading(request)`, `database.reading`), or `snapshot.rows("<file>", "<query>", ...)`; a
query may also be handed on without being called. The columns are those of names that hold a row
or rows within one function.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Read(NamedTuple):
    """A column that is read from a result."""

    column: str
    line: int
    place: int


class Call(NamedTuple):
    """One place that runs a query."""

    path: Path
    line: int
    place: int
    file: str
    # Where a part of the name is only known when it runs: its beginning.
    query: str
    passed: frozenset[str] = frozenset()
    # Some of what is passed is only known when it runs.
    passes_more: bool = False
    reads: tuple[Read, ...] = ()
    is_open: bool = False


def read_calls(package: Path) -> list[Call]:
    """Every call below this folder."""
    return [call for path in sorted(package.rglob("*.py")) for call in calls_of(path)]


def calls_of(path: Path) -> Iterator[Call]:
    tree = ast.parse(path.read_text())
    functions = [
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    inner = {
        id(node)
        for function in functions
        for node in ast.walk(function)
        if node is not function and node in functions
    }
    outermost = [function for function in functions if id(function) not in inner]
    for scope in outermost:
        reads = reads_by_call(scope)
        in_calls: set[int] = set()
        for node in ast.walk(scope):
            if isinstance(node, ast.Call) and (call := call_of(path, node)):
                in_calls.add(id(node.func))
                yield call._replace(reads=tuple(reads.get(id(node), ())))
            elif (
                isinstance(node, ast.Attribute)
                and id(node) not in in_calls
                and (named := query_named(node))
            ):
                yield Call(path, node.lineno, node.col_offset + 1, *named, passes_more=True)


def call_of(path: Path, node: ast.Call) -> Call | None:
    is_open = False
    match node.func:
        case ast.Attribute() as func if named := query_named(func):
            file, query = named
        case ast.Name(id="getattr") if len(node.args) == 2 and (found := file_named(node.args[0])):
            file, (query, is_open) = found, beginning(node.args[1])
        case ast.Attribute(attr="rows") if len(node.args) == 2 and literal(node.args[0]):
            file = literal(node.args[0]) or ""
            query, is_open = beginning(node.args[1])
        case _:
            return None
    return Call(
        path=path,
        line=node.lineno,
        place=node.col_offset + 1,
        file=file,
        query=query,
        passed=frozenset(each.arg for each in node.keywords if each.arg),
        passes_more=is_open or any(each.arg is None for each in node.keywords),
        is_open=is_open,
    )


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


def reads_by_call(scope: ast.AST) -> dict[int, list[Read]]:
    """Columns read from names that hold the result of one call, by that call."""
    holders = results_held(scope)
    reads: dict[int, list[Read]] = {}
    for node in ast.walk(scope):
        match node:
            case ast.Subscript(value=value, slice=ast.Constant(value=str(column))):
                call = held_row(value, holders)
                if call is not None:
                    read = Read(column, node.lineno, node.slice.col_offset + 1)
                    reads.setdefault(call, []).append(read)
    return reads


# The call whose result, or a row of it, a name holds; None for a name that holds several things.
Holders = dict[str, int | None]


def results_held(scope: ast.AST) -> Holders:
    """Names that hold one call's result wherever they stand in this function."""
    holders: Holders = {}
    found = list(bindings(scope))
    # What is given a name's value comes after what gives the name its own.
    for target, value in sorted(found, key=lambda each: isinstance(each[1], ast.Name)):
        match target:
            case ast.List(elts=[only]) | ast.Tuple(elts=[only]):
                target = only
        call = call_held(value, holders)
        for node in ast.walk(target):
            if isinstance(node, ast.Name):
                fits = node is target and holders.get(node.id, call) == call
                holders[node.id] = call if fits else None
    return holders


def bindings(scope: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    """Targets, and what they are given, whole or piece by piece."""
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=[target], value=value):
                yield target, value
            case ast.NamedExpr(target=target, value=value):
                yield target, value
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield target, value
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                yield target, value
            case ast.comprehension(target=target, iter=value):
                yield target, value
            case ast.arg(arg=name):
                yield ast.Name(id=name), ast.Constant(value=None)


def call_held(value: ast.expr, holders: Holders) -> int | None:
    match value:
        case ast.Await(value=ast.Call() as call) if call_of(Path(), call):
            return id(call)
        case ast.Name(id=name):
            return holders.get(name)
        case _:
            return None


def held_row(value: ast.expr, holders: Holders) -> int | None:
    """The call of whose result this is a row."""
    match value:
        case ast.Name(id=name):
            return holders.get(name)
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=int())):
            return holders.get(name)
        case _:
            return None
