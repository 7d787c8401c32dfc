"""A bound connection has all queries: `db.<file>.<query>(...)`.

What each takes and gives is in bound.pyi, which `tripsync sql stubs` makes of the query files and
of what PostgreSQL says of them.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from tripsync.database.queries import Executes, Queries, Query
from tripsync.database.slow_log import SlowLog


class Namespace:
    """The queries of one file, on one connection."""

    __slots__ = ("_db", "_queries", "_slow_log")

    def __init__(
        self, db: Executes, queries: Mapping[str, Query], slow_log: SlowLog | None
    ) -> None:
        self._db = db
        self._queries = queries
        self._slow_log = slow_log

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        try:
            query = self._queries[name]
        except KeyError:
            raise AttributeError(f"no query is named {name} in this file of sql/") from None
        if self._slow_log is None:
            return partial(query, self._db)
        return partial(self._slow_log.run, query, self._db)


class Bound:
    """All queries on one connection: `db.<file>.<query>(...)`."""

    def __init__(self, db: Executes, queries: Queries, slow_log: SlowLog | None = None) -> None:
        self._db = db
        self._queries = queries
        self._slow_log = slow_log

    def __getattr__(self, file: str) -> Namespace:
        try:
            return Namespace(self._db, self._queries[file], self._slow_log)
        except KeyError:
            raise AttributeError(f"there is no sql/{file}.sql") from None
