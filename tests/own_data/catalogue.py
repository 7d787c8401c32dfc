"""What the live catalogue says is about a user: each column of each row that leads to one."""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import asyncpg

# A column that names a user does so by its name, or by a foreign key.
NAMES_A_USER = """
select columns.table_name,
       columns.column_name
  from information_schema.columns
  join pg_class on pg_class.oid = format('%I', columns.table_name)::regclass
 where columns.table_schema = 'public'
   and pg_class.relkind in ('r', 'p')
   and not pg_class.relispartition
   and (
       columns.column_name ~ '(^|_)(user|rider)(_id)?$'
       or exists (
           select
             from pg_constraint
             join pg_attribute on pg_attribute.attrelid = pg_constraint.conrelid
                              and pg_attribute.attnum = any(pg_constraint.conkey)
            where pg_constraint.conrelid = pg_class.oid
              and pg_constraint.confrelid = 'users'::regclass
              and pg_attribute.attname = columns.column_name
              and columns.column_name <> 'college_id'
       )
   )
"""

ALL_COLUMNS = """
select pg_class.relname,
       attname
  from pg_attribute
  join pg_class on pg_class.oid = attrelid
 where pg_class.relnamespace = 'public'::regnamespace
   and attnum > 0
   and not attisdropped
"""

# What a view reads, of tables and through the views that it stands on.
READ_BY_A_VIEW = """
with recursive read as (
    select refobjid as relation,
           refobjsubid as number
      from pg_rewrite
      join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
     where ev_class = $1::text::regclass
       and refclassid = 'pg_class'::regclass
     union
    select refobjid,
           refobjsubid
      from read
      join pg_rewrite on ev_class = relation
      join pg_depend on classid = 'pg_rewrite'::regclass and objid = pg_rewrite.oid
     where refclassid = 'pg_class'::regclass
)
select relation::regclass::text,
       attname
  from read
  join pg_attribute on attrelid = relation and attnum = number
"""

# One row leads to another by a foreign key.
LEADS_TO = """
select conrelid::regclass::text as child,
       confrelid::regclass::text as parent,
       array(select format('child.%I = parent.%I', own.attname, other.attname)
               from unnest(conkey, confkey) as pair (mine, theirs)
               join pg_attribute own on own.attrelid = conrelid and own.attnum = mine
               join pg_attribute other on other.attrelid = confrelid and other.attnum = theirs)
           as conditions
  from pg_constraint
 where contype = 'f'
   and conparentid = 0
"""

# Values that say nothing.
NOTHING = (None, "", [], {})


class Column(NamedTuple):
    table: str
    name: str

    def __str__(self) -> str:
        return f"{self.table}.{self.name}"


def named(declared: Mapping[str, str]) -> set[Column]:
    """Columns as they are declared: `{"messages": "message_id seq"}`."""
    return {Column(table, name) for table, names in declared.items() for name in names.split()}


async def columns_of_users(db: asyncpg.Connection) -> set[Column]:
    """Every column that names a user."""
    return {Column(*row) for row in await db.fetch(NAMES_A_USER)}


async def columns_of(db: asyncpg.Connection, tables: Iterable[str]) -> set[Column]:
    chosen = set(tables)
    return {Column(*row) for row in await db.fetch(ALL_COLUMNS) if row[0] in chosen}


async def columns_read_by(db: asyncpg.Connection, sql: str) -> set[Column]:
    """The columns that a query of two numbers stands on, by what PostgreSQL notes of it."""
    async with db.transaction():
        asks_for_nothing = re.sub(r"\$[12]\b", "null::bigint", sql)
        await db.execute(f"create temporary view reads as {asks_for_nothing}")
        rows = await db.fetch(READ_BY_A_VIEW, "reads")
        await db.execute("drop view reads")
    return {Column(*row) for row in rows}


class Traces(NamedTuple):
    """What the rows that lead to a user hold: of each column all that is said in it, and of each
    table how many rows there are."""

    values: Mapping[Column, list[Any]]
    rows: Mapping[str, int]

    def left_of(self, before: "Traces") -> set[Column]:
        """The columns of which nobody has seen that they are erased: what they said before they
        say still, or they have said nothing, so that nothing was there to erase."""
        return {
            column
            for column, said in before.values.items()
            if not before.rows[column.table]
            or (
                self.rows[column.table]
                and (not said or any(each in self.values[column] for each in said))
            )
        }


async def traces_of(db: asyncpg.Connection, user_id: int) -> Traces:
    """All that rows say which name this user, or which lead to a row that does."""
    names: dict[str, list[str]] = defaultdict(list)
    for table, name in await columns_of_users(db):
        names[table].append(name)
    questions = [
        (table, f"select to_jsonb(child)::text from {table} child where {any_of('child', columns)}")
        for table, columns in names.items()
    ]
    questions += [
        (
            row["child"],
            f"select to_jsonb(child)::text from {row['child']} child join {row['parent']} parent "
            f"on {' and '.join(row['conditions'])} where {any_of('parent', names[row['parent']])}",
        )
        for row in await db.fetch(LEADS_TO)
        if row["parent"] in names and row["child"] not in names
    ]
    found: dict[str, list[Mapping[str, Any]]] = {}
    for table, sql in questions:
        rows = [json.loads(row[0]) for row in await db.fetch(sql, user_id)]
        found.setdefault(table, []).extend(rows)
    return Traces(
        {
            column: [
                row[column.name] for row in found[column.table] if row[column.name] not in NOTHING
            ]
            for column in await columns_of(db, found)
        },
        {table: len(rows) for table, rows in found.items()},
    )


def any_of(table: str, columns: Iterable[str]) -> str:
    return "(" + " or ".join(f"{table}.{each} = $1" for each in columns) + ")"
