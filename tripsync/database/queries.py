"""Query files become namespaces: every `-- name:` is a call.

    async with database.transaction() as db:
        rider = await db.accounts.find_credentials(email=email)

sources.py reads the files, with aiosql; the calls go straight to asyncpg, because aiosql's own
adapter looks through `dir(connection)` at every call, which costs more than a small query.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from tripsync.database.files import query_files
from tripsync.database.sources import MOST_TEXTS, Source, read_file, statement_of
from tripsync.database.traps import find_traps


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


# By what the sign behind the parentheses promises.
RUNNERS: Mapping[str, Callable[..., Awaitable[Any]]] = {
    "": lambda db, sql, *values: db.fetch(sql, *values),
    "^": lambda db, sql, *values: db.fetchrow(sql, *values),
    "$": lambda db, sql, *values: db.fetchval(sql, *values),
    "<!": first_value_or_row,
    "!": count_of_rows,
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
    return {source.name: query_of(source) for source in read_file(file, text).sources}


def query_of(source: Source) -> Query:
    statement = statement_of(source)
    if set(source.declared) != set(statement.parameters):
        raise QueryFileError(
            f"{source.path.parent.name}/{source.path.name}:{source.line}:1: error: the parentheses "
            f"of {source.name} name other parameters than its statement uses"
        )
    return Query(
        name=source.full_name,
        path=source.path,
        line=source.line,
        meaning=source.meaning,
        # A DBA finds it by this in pg_stat_activity.
        sql=f"/* {source.full_name} */ {statement.sql}",
        parameters=statement.parameters,
        run=RUNNERS[source.gives],
    )
