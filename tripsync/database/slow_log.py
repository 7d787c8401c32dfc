"""Each query is timed for Prometheus, and logged when it takes long.

PostgreSQL sees the name too: every statement begins with it in a comment, so that a DBA finds in
pg_stat_activity which query of which file it is. Values are never logged: they are people's.
"""

import logging
from time import perf_counter
from typing import Any

from tripsync.database.queries import Executes, Query
from tripsync.database.roles import NotLetInError
from tripsync.metrics import histogram

log = logging.getLogger("tripsync.queries")

SECONDS = histogram("tripsync_query_seconds", "How long queries took, by name", "query")


class SlowLog:
    """Watches over the queries of one process."""

    def __init__(self, slow_after_ms: int) -> None:
        self._slow_after = slow_after_ms / 1000

    async def run(self, query: Query, db: Executes, **values: object) -> Any:
        """Also what fails has taken its time, where there was a connection to fail on."""
        began = perf_counter()
        reached = True
        try:
            return await query(db, **values)
        except (OSError, NotLetInError):
            reached = False
            raise
        finally:
            took = perf_counter() - began
            SECONDS.labels(query.name).observe(took)
            if reached and took >= self._slow_after:
                place = f"{query.path.parent.name}/{query.path.name}:{query.line}"
                milliseconds = round(took * 1000)
                log.warning(
                    "%s took %s ms (%s)",
                    query.name,
                    milliseconds,
                    place,
                    extra={"query": query.name, "place": place, "milliseconds": milliseconds},
                )
