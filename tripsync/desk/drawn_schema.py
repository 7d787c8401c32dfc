"""What a picture of the schema shows: tables, their columns, and to what these refer."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import psycopg

COLUMNS = """
select relname, attname, format_type(atttypid, null), attnotnull,
       coalesce(attnum = any(conkey), false)
  from pg_class
  join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped
  left join pg_constraint on conrelid = pg_class.oid and contype = 'p'
 where relnamespace = 'public'::regnamespace
   and relkind in ('r', 'p')
   and not relispartition
   and relname !~ '^_?yoyo'
 order by relname, attnum
"""
# A key says first of which college, and then what is meant.
REFERENCES = """
select child.relname,
       (select attname
          from unnest(conkey) with ordinality as part (attnum, at)
          join pg_attribute on attrelid = conrelid and pg_attribute.attnum = part.attnum
         order by attname = 'college_id', at
         limit 1),
       parent.relname
  from pg_constraint
  join pg_class child on child.oid = conrelid
  join pg_class parent on parent.oid = confrelid
 where contype = 'f'
   and connamespace = 'public'::regnamespace
   and not child.relispartition
 order by conname
"""
SPELLINGS = {
    "timestamp with time zone": "timestamptz",
    "time without time zone": "time",
    "double precision": "float8",
    "character varying": "varchar",
}
# Nearly all tables refer to these: that is written beside the column, and not drawn.
EVERYBODYS = ("colleges", "users")


class Column(NamedTuple):
    """A column of a table."""

    name: str
    type: str
    is_required: bool
    is_key: bool
    # The table that it refers to.
    refers_to: str | None


class Table(NamedTuple):
    """A table, and the tables that lines lead to, each from a column."""

    name: str
    columns: tuple[Column, ...]

    @property
    def lines(self) -> list[tuple[Column, str]]:
        return [
            (column, column.refers_to)
            for column in self.columns
            if column.refers_to and column.refers_to not in EVERYBODYS
        ]


def read_tables(url: str) -> dict[str, Table]:
    """All that migrations make, by name; the bookkeeping of migrations is left out."""
    with psycopg.connect(url) as connection:
        said = connection.execute(COLUMNS).fetchall()
        references: dict[tuple[str, str], str] = {}
        for child, column, parent in connection.execute(REFERENCES):
            # Of several tables the one that fewer refer to says more.
            if references.get((child, column), "users") in EVERYBODYS:
                references[child, column] = parent
    columns: dict[str, list[Column]] = {}
    for table, name, kind, is_required, is_key in said:
        spelled = kind
        for long, brief in SPELLINGS.items():
            spelled = spelled.replace(long, brief)
        to = references.get((table, name))
        columns.setdefault(table, []).append(Column(name, spelled, is_required, is_key, to))
    return {name: Table(name, tuple(each)) for name, each in columns.items()}


def together(tables: Mapping[str, Table]) -> list[list[str]]:
    """Tables that lines connect, the largest group first."""
    near: dict[str, set[str]] = {name: set() for name in tables}
    for table in tables.values():
        for _, other in table.lines:
            near[table.name].add(other)
            near[other].add(table.name)
    groups: list[list[str]] = []
    seen: set[str] = set()
    for name in tables:
        if name not in seen:
            group = reached_from(name, near)
            seen |= group
            groups.append(sorted(group))
    return sorted(groups, key=lambda group: (-len(group), group))


def reached_from(name: str, near: Mapping[str, Iterable[str]]) -> set[str]:
    found: set[str] = set()
    waiting = [name]
    while waiting:
        if (each := waiting.pop()) not in found:
            found.add(each)
            waiting += near[each]
    return found
