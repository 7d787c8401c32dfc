"""Which columns of a result can be null.

PostgreSQL says of a column only from which column of which table it comes. If it comes from one,
and no outer join is in the query, then what is `not null` in the table is never null in the
result. What may be null in the table may be null in the result too, unless the query names it a
second time, where it may ask for those that are not.
"""

import re
from typing import NamedTuple

import psycopg

from tripsync.database.sources import Source, blanked, statement_of

OUTER_JOIN = re.compile(r"\b(?:left|right|full)\s+(?:outer\s+)?join\b", re.IGNORECASE)

COLUMNS = """
    select attrelid, attnum, attname, not attnotnull
      from pg_attribute
      join pg_class on pg_class.oid = attrelid
     where relkind in ('r', 'p')
       and attnum > 0
"""


class Origin(NamedTuple):
    """A column of a table."""

    name: str
    nullable: bool


class Nullability:
    """What the tables of a database say of null."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._libpq = connection.pgconn
        self._origins = {
            (table, number): Origin(*said)
            for table, number, *said in connection.execute(COLUMNS).fetchall()
        }
        connection.commit()

    def __call__(self, source: Source) -> dict[str, bool]:
        """Whether the columns of a result may be null, by name; without those not known."""
        _, code = blanked(source.text)
        if OUTER_JOIN.search(code):
            return {}
        self._libpq.prepare(b"", statement_of(source).sql.encode())
        described = self._libpq.describe_prepared(b"")
        known: dict[str, bool] = {}
        for number in range(described.nfields):
            name = described.fname(number)
            at = described.ftable(number), described.ftablecol(number)
            origin = self._origins.get(at)
            if name and origin and not (origin.nullable and is_named_again(origin.name, code)):
                known[name.decode()] = origin.nullable
        return known


def is_named_again(column: str, code: str) -> bool:
    return len(re.findall(rf"\b{column}\b", code)) > 1
