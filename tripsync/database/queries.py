"""Named queries: every file of sql/ becomes a namespace, every `-- name:` a call.

    async with database.transaction() as db:
        rider = await db.accounts.find_credentials(email=email)

aiosql reads the files; the calls go straight to asyncpg, because aiosql's own adapter
looks through `dir(connection)` at every call, which costs more than a small query.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter
from aiosql.types import SQLOperationType
from aiosql.utils import SQLLoadException, SQLParseException

from tripsync.database.files import query_files
from tripsync.database.traps import find_traps

MOST_TEXTS = 200


class QueryFileError(Exception):
    """A query file that must not be served; the message lists file:line:column and why."""


class Executes(Protocol):
    """What runs a statement: a connection, or a pool that lends one."""

    async def fetch(self, sql: str, *values: object) -> list[Any]: ...
    async def fetchrow(self, sql: str, *values: object) -> Any: ...
    async def fetchval(self, sql: str, *values: object) -> Any: ...
    async def execute(self, sql: str, *values: object) -> str: ...


async def first_value_or_row(db: Executes, sql: str, *values: object) -> Any:
    row = await db.fetchrow(sql, *values)
    return row[0] if row is not None and len(row) == 1 else row


async def count_of_rows(db: Executes, sql: str, *values: object) -> int:
    status = await db.execute(sql, *values)
    return int(status.rpartition(" ")[2])


RUNNERS: Mapping[SQLOperationType, Callable[..., Awaitable[Any]]] = {
    SQLOperationType.SELECT: lambda db, sql, *values: db.fetch(sql, *values),
    SQLOperationType.SELECT_ONE: lambda db, sql, *values: db.fetchrow(sql, *values),
    SQLOperationType.SELECT_VALUE: lambda db, sql, *values: db.fetchval(sql, *values),
    SQLOperationType.INSERT_RETURNING: first_value_or_row,
    SQLOperationType.INSERT_UPDATE_DELETE: count_of_rows,
}


@dataclass(frozen=True, slots=True)
class Query:
    """One named statement, and where a DBA finds it."""

    name: str
    path: Path
    line: int
    meaning: str
    sql: str
    parameters: tuple[str, ...]
    run: Callable[..., Awaitable[Any]]

    def __call__(self, db: Executes, **values: object) -> Awaitable[Any]:
        # aiosql would ignore a surplus value and raise a bare KeyError for a missing one.
        if len(values) != len(self.parameters) or not values.keys() >= set(self.parameters):
            raise TypeError(
                f"{self.name} takes {', '.join(self.parameters) or 'nothing'}; "
                f"it was given {', '.join(values) or 'nothing'}"
            )
        return self.run(db, self.sql, *[values[name] for name in self.parameters])


Queries = Mapping[str, Mapping[str, Query]]


def load_queries(folder: Path) -> Queries:
    """All query files of a folder, or one error that lists everything wrong with them."""
    files = {file: file.read_text() for file in query_files(folder)}
    traps = [trap for file, text in files.items() for trap in traps_in(file, text)]
    if traps:
        raise QueryFileError("\n".join(str(trap) for trap in traps))
    return {file.stem: load_file(file, text) for file, text in files.items()}


# Read once for each text that a file ever had: most files are the same at the next reload.
traps_in = lru_cache(maxsize=MOST_TEXTS)(find_traps)


@lru_cache(maxsize=MOST_TEXTS)
def load_file(file: Path, text: str) -> dict[str, Query]:
    adapter = AsyncPGAdapter()
    try:
        loaded = aiosql.from_str(text, lambda: adapter, kwargs_only=True)
    except (SQLLoadException, SQLParseException) as reason:
        raise QueryFileError(f"{file.parent.name}/{file.name}: error: {reason}") from None
    queries = {}
    for name in loaded.available_queries:
        # aiosql makes a second call of each query for cursors, which nothing here uses.
        if name.removesuffix("_cursor") in queries:
            continue
        call = getattr(loaded, name)
        full_name = f"{file.stem}.{name}"
        queries[name] = Query(
            name=full_name,
            path=file,
            line=call.__func__.__code__.co_firstlineno,
            meaning=call.__doc__,
            # A DBA finds it by this in pg_stat_activity.
            sql=f"/* {full_name} */ {call.sql}",
            parameters=tuple(adapter.var_sorted[name]),
            run=RUNNERS[call.operation],
        )
    return queries
