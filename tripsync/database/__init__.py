"""SQL reaches PostgreSQL: pool, queries, migrations, listening, the embedded server."""

from tripsync.database.bound import Bound
from tripsync.database.pool import Database, Snapshot, Transaction
from tripsync.database.queries import QueryFileError

__all__ = ["Bound", "Database", "QueryFileError", "Snapshot", "Transaction"]
