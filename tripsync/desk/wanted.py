"""What a parameter stands for: which columns its values may come from, and of what type.

The columns beside which it stands in the query, or else those that have its name.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import asyncpg

from tripsync.database.sources import blanked
from tripsync.desk.bindings import Binding, Columns, bindings_of, may_be_null, tables_in, words_for

NUMBERS = {"int2", "int4", "int8", "float4", "float8", "numeric"}
WORDS = {"text", "varchar", "bpchar", "name"}
MOST_PLACES = 8
# A point is its longitude and its latitude.
AXIS = re.compile(r"(?:(?P<of>\w+)_)?(?P<axis>longitude|latitude)")

COLUMNS = """
select relname, attname, typname, relkind = 'v'
  from pg_attribute
  join pg_class on pg_class.oid = attrelid
  join pg_type on pg_type.oid = atttypid
 where relnamespace = 'public'::regnamespace
   and relkind in ('r', 'p', 'v')
   and not relispartition
   and relname !~ '^(_?yoyo|pgqueuer|sql_functions)'
   and attnum > 0
   and not attisdropped
 order by relname, attnum
"""
# What tells rows apart that a query treats otherwise: what may be missing, and a few choices.
KINDS = """
select tablename, attname, null_frac > 0, n_distinct between 1.5 and 12
  from pg_stats
 where schemaname = 'public'
   and attname <> 'college_id'
   and (null_frac > 0 or n_distinct between 1.5 and 12)
"""
FOREIGN_KEYS = """
select child.relname, parent.relname,
       array(select attname from unnest(conkey) with ordinality as k (number, at)
               join pg_attribute on attrelid = conrelid and attnum = number order by at),
       array(select attname from unnest(confkey) with ordinality as k (number, at)
               join pg_attribute on attrelid = confrelid and attnum = number order by at)
  from pg_constraint
  join pg_class child on child.oid = conrelid
  join pg_class parent on parent.oid = confrelid
 where contype = 'f'
   and connamespace = 'public'::regnamespace
   and not child.relispartition
   and parent.relname <> 'colleges'
 order by conname
"""
UNIQUE = """
select distinct relname, attname
  from pg_index
  join pg_class on pg_class.oid = indrelid
  join pg_attribute on attrelid = indrelid and attnum = any(indkey)
 where indisunique
   and relnamespace = 'public'::regnamespace
"""


class Step(NamedTuple):
    """From the rows of one table to those of another, by columns that are equal."""

    table: str
    to: str
    equal: tuple[tuple[str, str], ...]


class Known(NamedTuple):
    """What the catalogue says that values are drawn by."""

    columns: Columns
    kinds: Mapping[str, Sequence[str]]
    steps: Mapping[str, Sequence[Step]]
    unique: frozenset[tuple[str, str]]
    views: frozenset[str]


async def read_known(connection: asyncpg.Connection) -> Known:
    columns: dict[str, dict[str, str]] = {}
    views: set[str] = set()
    for table, column, kind, is_view in await connection.fetch(COLUMNS):
        columns.setdefault(table, {})[column] = kind
        if is_view:
            views.add(table)
    kinds: dict[str, list[str]] = {}
    for table, column, may_lack, is_choice in await connection.fetch(KINDS):
        said = [f'x."{column}" is null'] if may_lack else []
        said += [f'x."{column}"'] if is_choice else []
        kinds.setdefault(table, []).extend(said)
    steps: dict[str, list[Step]] = {}
    for child, parent, own, others in await connection.fetch(FOREIGN_KEYS):
        equal = tuple(zip(own, others, strict=True))
        steps.setdefault(child, []).append(Step(child, parent, equal))
        back = tuple((other, mine) for mine, other in equal)
        steps.setdefault(parent, []).append(Step(parent, child, back))
    unique = frozenset((row[0], row[1]) for row in await connection.fetch(UNIQUE))
    return Known(columns, kinds, steps, unique, frozenset(views))


class Wanted(NamedTuple):
    """A parameter, its type, and the columns that its values may come from."""

    name: str
    type: str
    is_list: bool
    may_be_null: bool
    columns: tuple[Binding, ...]
    # What the query itself compares it with.
    words: tuple[str, ...]


def wanted_by(text: str, types: Mapping[str, str], known: Known) -> list[Wanted]:
    """What a query asks for."""
    bound = bindings_of(text, known.columns)
    _, code = blanked(text)
    tables = list(dict.fromkeys(table for _, table in tables_in(code, known.columns)))
    found = []
    for name, kind in types.items():
        element = kind.removesuffix("[]")
        null = may_be_null(text, name)
        # An array is a column that is one, or gathered from a column.
        places, drawn = next(
            (
                (fitting, each)
                for named in (bound.get(name, []), list(named_alike(name, tables, known))[:1])
                for each in dict.fromkeys((kind, element))
                if (fitting := [place for place in named if fits(each, place, known)])
            ),
            ([], element),
        )
        words = words_for(text, name) if drawn in WORDS else ()
        is_list = drawn != kind
        found.append(Wanted(name, drawn, is_list, null, tuple(places[:MOST_PLACES]), words))
    return found


def fits(kind: str, binding: Binding, known: Known) -> bool:
    if binding.column.endswith("]"):
        return kind == "float8"
    there = known.columns[binding.table][binding.column]
    if kind.endswith("[]"):
        return there == f"_{kind.removesuffix('[]')}"
    return there == kind or any({there, kind} <= alike for alike in (NUMBERS, WORDS))


def named_alike(name: str, tables: Sequence[str], known: Known) -> Iterator[Binding]:
    """Columns of the same name, of the query's own tables first; else what such a column stands
    for by its foreign key, or a rider, as `viewer_id` is one."""
    singular = re.sub(r"ies$", "y", name) if name.endswith("ies") else re.sub(r"s$", "", name)
    for each in (name, singular):
        for table in (*tables, *known.columns):
            if each in known.columns[table]:
                yield Binding(table, table, each)
    for column in (f"{name}_id", f"{singular}_id"):
        for table in known.columns:
            if column in known.columns[table]:
                yield Binding(table, table, column)
    if axis := AXIS.fullmatch(name):
        for table in (*tables, *known.columns):
            for column, kind in known.columns[table].items():
                if kind == "point" and (axis["of"] or column) == column:
                    yield Binding(table, table, f"{column}[{int(axis['axis'] == 'latitude')}]")
    if singular.endswith("_id"):
        yield Binding("users", "users", "user_id")
