"""Everything that would go wrong when a query runs, found before one does.

What a file alone shows is a trap (database/traps.py); what PostgreSQL refuses is a fault
(catalog.py). Here is what only shows when the files, the schema and Python are laid side by side.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from itertools import chain

from tripsync.database.catalog import Catalog, Described
from tripsync.database.findings import Finding
from tripsync.database.sources import ROWS, Source, blanked, statement_of
from tripsync.desk.callers import Call
from tripsync.desk.stubs import Told, changed_columns, is_known

TABLE = re.compile(r"\b(?:from|join|update|into|using)\s+(?:only\s+)?(\w+)", re.IGNORECASE)
# What the comment of a query says that is not about one college.
ALL_COLLEGES = "all colleges"


def check_declarations(source: Source) -> Iterator[Finding]:
    """The parentheses say what the statement uses."""
    statement = statement_of(source)
    for name in statement.parameters:
        if name not in source.declared:
            at = statement.place_of_parameter(statement.parameters.index(name) + 1)
            reason = f":{name} is not among the parameters in the parentheses"
            yield Finding(source.path, *source.place(at), reason)
    for name in source.declared:
        if name not in statement.parameters:
            column = source.file_text.splitlines()[source.line - 1].index(name) + 1
            reason = f"the parameter {name} is not used below"
            yield Finding(source.path, source.line, column, reason)


def check_result(described: Described) -> Iterator[Finding]:
    """The sign behind the parentheses says what the statement gives."""
    source, columns = described.source, described.columns
    if source.gives == "!" and columns:
        names = ", ".join(column.name for column in columns)
        yield at_name(source, f"it returns {names}, and `!` throws them away; drop one of the two")
    elif source.gives != "!" and not columns:
        promised = ROWS[source.gives]
        yield at_name(
            source, f"it promises {promised} and gives none; add `returning`, or end with !"
        )
    elif source.gives == "$" and len(columns) > 1:
        yield at_name(source, f"`$` is one value, and it gives {len(columns)}; end with ^")
    seen: set[str] = set()
    for column in columns:
        if column.name in seen:
            yield at_name(source, f"two columns are named {column.name}; the first would be lost")
        if column.name == "?column?" and source.gives != "$":
            yield at_name(source, "a column has no name; say `as ...`")
        seen.add(column.name)


def check_college(described: Described, tenant_tables: Collection[str]) -> Iterator[Finding]:
    """A row belongs to a college, and a query asks for one of its own."""
    source = described.source
    _, code = blanked(source.text)
    if "college_id" in code or ALL_COLLEGES in source.meaning:
        return
    for table in TABLE.finditer(code):
        if table[1].lower() in tenant_tables:
            reason = (
                f"{table[1]} holds rows of all colleges; say `college_id = :college_id`, "
                f"or tell in its comment why it is about {ALL_COLLEGES}"
            )
            yield Finding(source.path, *source.place(table.start(1)), reason)
            return


def check_calls(sources: Iterable[Source], calls: Sequence[Call]) -> Iterator[Finding]:
    """Python calls what there is, and leaves nothing uncalled."""
    known: dict[str, dict[str, Source]] = {}
    for source in sources:
        known.setdefault(source.file, {})[source.name] = source
    called: set[str] = set()
    for call in calls:
        queries = known.get(call.file, {})
        if call.is_open:
            called |= {queries[name].full_name for name in queries if name.startswith(call.query)}
        elif call.query in queries:
            called.add(queries[call.query].full_name)
        else:
            reason = f"there is no query {call.query} in sql/{call.file}.sql"
            yield Finding(call.path, call.line, call.place, reason)
    for queries in known.values():
        for source in queries.values():
            if source.full_name not in called:
                yield at_name(source, f"nothing in Python calls {source.full_name}")


def check_types(
    query: Described, told: Told, is_typed: Callable[[Described, Told], bool]
) -> Iterator[Finding]:
    """mypy is told the same, and so has seen what becomes of a column that is gone."""
    declared_as_used = set(query.source.declared) == set(query.statement.parameters)
    if declared_as_used and not is_typed(query, told):
        gone, new = changed_columns(query, told)
        columns = f" (gone: {', '.join(gone) or 'none'}; new: {', '.join(new) or 'none'})"
        if len(gone) == len(new) == 1:
            columns = f" ({gone[0]} is named {new[0]} now; did you mean {gone[0]}?)"
        reason = (
            f"Python is typed for other parameters or columns{columns if gone or new else ''}; "
            "run `tripsync sql stubs`, then `make check` says what breaks"
        )
        yield at_column(query.source, new[0], reason) if new else at_name(query.source, reason)


def check_all(
    sources: Sequence[Source],
    sound: Sequence[Source],
    catalog: Catalog,
    calls: Sequence[Call],
    told: Told,
    is_typed: Callable[[Described, Told], bool] = is_known,
) -> Iterator[Finding]:
    """All of it. The sound ones are free of traps, so that what they say can be believed."""
    return chain(
        catalog.faults,
        *(check_declarations(source) for source in sound),
        *(check_result(query) for query in catalog.described),
        *(check_college(query, catalog.tenant_tables) for query in catalog.described),
        *(check_types(query, told, is_typed) for query in catalog.described),
        check_calls(sources, calls),
    )


def at_column(source: Source, column: str, reason: str) -> Finding:
    """Where the query first says this name."""
    _, code = blanked(source.text)
    said = re.search(rf"\b{re.escape(column)}\b", code)
    if said is None:
        return at_name(source, reason)
    return Finding(source.path, *source.place(said.start()), reason)


def at_name(source: Source, reason: str) -> Finding:
    return Finding(source.path, source.line, len("-- name: ") + 1, reason)
