"""What a statement does to the tables that are there: read in PostgreSQL's own books.

Which words rewrite a table, or read all of it, differs from release to release and hides in
functions. The books do not: a rewritten table lies in another file, a table that was read has
one more scan, and whoever holds a lock is listed.
"""

from typing import NamedTuple

import psycopg

# Nobody else writes meanwhile; the last also stops all who read.
STOPS_WRITERS = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
WRITES = "RowExclusiveLock"

TABLES = """
select relation.oid, relation.relname, pg_relation_filenode(relation.oid), coalesce(seq_scan, 0),
       array(select mode
               from pg_locks
              where pid = pg_backend_pid()
                and locktype = 'relation'
                and pg_locks.relation = relation.oid
                and granted)
  from pg_class as relation
  left join pg_stat_xact_user_tables on relid = relation.oid
 where relnamespace = 'public'::regnamespace
   and relkind in ('r', 'm')
   and relation.relname !~ '^_?yoyo'
"""

COLUMNS = """
select attrelid, attnum, attname,
       attnotnull,
       attnotnull and not atthasdef and attidentity = ''
  from pg_attribute
  join pg_class on pg_class.oid = attrelid
 where relnamespace = 'public'::regnamespace
   and relkind in ('r', 'v', 'm', 'p')
   and relname !~ '^_?yoyo'
   and attnum > 0
   and not attisdropped
"""

INDEXES = """
select indexrelid, indrelid, relname, indisvalid
  from pg_index
  join pg_class on pg_class.oid = indexrelid
 where relnamespace = 'public'::regnamespace
"""

CONSTRAINTS = """
select oid, conrelid, conname
  from pg_constraint
 where connamespace = 'public'::regnamespace
   and contype in ('c', 'f')
   and convalidated
"""

# What queries name. A column goes with its table, so a table is not said twice.
NAMES = """
select concat('table ', relname)
  from pg_class
 where relnamespace = 'public'::regnamespace
   and relkind in ('r', 'v', 'm', 'p')
 union all
select concat('column ', relname, '.', attname)
  from pg_class
  join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
 where relnamespace = 'public'::regnamespace
   and relkind in ('r', 'v', 'm', 'p')
 union all
select concat('function ', oid::regprocedure)
  from pg_proc
 where pronamespace = 'public'::regnamespace
   and prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
"""


class Table(NamedTuple):
    """One table, in the transaction under way."""

    name: str
    file: int
    scans: int
    locks: list[str]

    @property
    def stops_writers(self) -> bool:
        return any(each in STOPS_WRITERS for each in self.locks)


class Column(NamedTuple):
    """One column, and what it asks of rows."""

    name: str
    is_required: bool
    # Required, and nothing gives it a value by itself.
    needs_value: bool


class Index(NamedTuple):
    """One index."""

    table: int
    name: str
    is_valid: bool


class Constraint(NamedTuple):
    """One check or foreign key that all rows are known to keep."""

    table: int
    name: str


class Books(NamedTuple):
    """What stands in them at one moment, by the numbers PostgreSQL gives."""

    tables: dict[int, Table]
    columns: dict[tuple[int, int], Column]
    indexes: dict[int, Index]
    constraints: dict[int, Constraint]
    names: frozenset[str]
    lock_timeout: str


def read_books(connection: psycopg.Connection) -> Books:
    """As they are now, seen by the transaction under way."""

    def rows(statement: str) -> list[tuple]:
        return connection.execute(statement.encode()).fetchall()

    return Books(
        {oid: Table(*said) for oid, *said in rows(TABLES)},
        {(table, number): Column(*said) for table, number, *said in rows(COLUMNS)},
        {oid: Index(*said) for oid, *said in rows(INDEXES)},
        {oid: Constraint(*said) for oid, *said in rows(CONSTRAINTS)},
        frozenset(name for (name,) in rows(NAMES)),
        rows("select current_setting('lock_timeout')")[0][0],
    )


def spoil_indexes(connection: psycopg.Connection, indexes: list[int]) -> None:
    """As `create index concurrently` leaves them when it fails."""
    # Only a superuser may, and from migration 0034 on steps are taken as the owner of the schema.
    [[role]] = connection.execute("select current_setting('role')")
    connection.execute("set role none")
    connection.execute(
        "update pg_index set indisvalid = false where indexrelid = any(%s::oid[])", [indexes]
    )
    connection.execute("select set_config('role', %s, false)", [role])
