"""How SQL reaches PostgreSQL: pool, queries, migrations, listening, the embedded server."""

from tripsync.database.pool import Database, Snapshot, Transaction
from tripsync.database.queries import Bound, QueryFileError

__all__ = ["Bound", "Database", "QueryFileError", "Snapshot", "Transaction"]
