"""The types of rows, for annotations: `from tripsync.database.rows import RequestsLockRequests`.

mypy reads rows.pyi, which `tripsync sql stubs` makes of the query files and of what PostgreSQL
says of them: one TypedDict for each kind of row. When the program runs, each is what asyncpg
returns, and loading them costs nothing.
"""

from asyncpg import Record


def __getattr__(name: str) -> type[Record]:
    if name.startswith("_"):
        raise AttributeError(name)
    return Record
