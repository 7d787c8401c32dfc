"""What PostgreSQL says of its own tables and indexes: whose they are, and how much lies in them."""

from typing import NamedTuple

import psycopg

# An index lies on a table or on a part of one, and a part belongs to the whole.
RELATIONS = """
select this.relname,
       lies_on.relname,
       whole.relname,
       case when this.relkind = 'p'
            then (select sum(greatest(part.reltuples, 0))
                    from pg_inherits
                    join pg_class as part on part.oid = inhrelid
                   where inhparent = this.oid)
            else greatest(this.reltuples, 0) end::bigint,
       case when this.relkind = 'p'
            then (select sum(part.relpages)
                    from pg_inherits
                    join pg_class as part on part.oid = inhrelid
                   where inhparent = this.oid)
            else this.relpages end::bigint,
       first.attname
  from pg_class as this
  left join pg_index on indexrelid = this.oid
  join pg_class as lies_on on lies_on.oid = coalesce(indrelid, this.oid)
  left join pg_am on pg_am.oid = this.relam and this.relkind = 'i'
  left join pg_attribute as first
    on first.attrelid = indrelid and first.attnum = indkey[0] and amname = 'btree'
  left join pg_inherits on inhrelid = lies_on.oid
  join pg_class as whole on whole.oid = coalesce(inhparent, lies_on.oid)
 where this.relnamespace = 'public'::regnamespace
   and this.relkind in ('r', 'p', 'i')
 order by this.relname
"""


class Relation(NamedTuple):
    """A table, a part of one, or an index; as large as the last `analyze` found it."""

    name: str
    # The table or part that an index lies on; else itself.
    lies_on: str
    # The table, where this is a part of it.
    table: str
    rows: int
    pages: int
    # What a B-tree is in the order of, where that is a column: without it all of the index is read.
    ordered_by: str | None


def relations(connection: psycopg.Connection) -> dict[str, Relation]:
    """By the names that plans know them by."""
    return {row[0]: Relation(*row) for row in connection.execute(RELATIONS)}


def row_counts(connection: psycopg.Connection) -> dict[str, int]:
    """How many rows each table has, its parts together."""
    found = relations(connection).values()
    return {each.name: each.rows for each in found if each.name == each.table}
