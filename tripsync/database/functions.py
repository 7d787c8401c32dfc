"""Functions and views in a database are made as their files say.

The table sql_functions says by a digest which text each of them was made from, so that only what
has changed is made again.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import asyncpg
import psycopg

from tripsync.database.function_files import Definition
from tripsync.database.queries import QueryFileError
from tripsync.database.roles import APP, READER, WALLED

OUR_ROLES = ", ".join((APP, READER, WALLED))
REGISTERS = {"view": "regclass", "function": "regprocedure"}

PINNED = (
    "{name} cannot stand in sql/functions, because {what} stands on it: what is stored or checked "
    "by it would not follow an edit; change it in a migration"
)
IN_THE_WAY = "{name} must be made anew, and {what}, which is not in sql/functions, stands on it"


class FunctionError(QueryFileError):
    """A definition that cannot be put into this database."""

    def __init__(self, definition: Definition, reason: str, at: int = 0) -> None:
        self.definition = definition
        self.trap = definition.trap(reason, at)
        super().__init__(str(self.trap))


class InTheWayError(Exception):
    """Something that is not ours stands on a function that has to go."""


class Changes(NamedTuple):
    """What was made, and what was dropped because no file has it any more."""

    made: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()


# What the database was given: by a digest of the file's text, or empty as migrations left it. One
# without a digest is gone, and only remembered for a rollback.
RECORDED = """
select identity, kind, digest,
       case kind when 'view' then to_regclass(identity)::oid
                 else to_regprocedure(identity)::oid end as oid
  from sql_functions
 where digest is not null
"""
# All that has a name.
NAMED = """
select 'function' as kind, oid, ctid::text as version, oid::regprocedure::text as identity
  from pg_proc
 where pronamespace = current_schema()::regnamespace
   and proname = $1
 union all
select 'view', oid, ctid::text, oid::regclass::text
  from pg_class
 where relnamespace = current_schema()::regnamespace
   and relname = $1
   and relkind = 'v'
"""
# What stands on functions and views, directly or by way of others; the furthest first.
STANDING = """
with recursive standing (class, oid, depth) as (
    select case kind when 'view' then 'pg_class'::regclass else 'pg_proc'::regclass end, oid, 0
      from unnest($1::text[], $2::oid[]) as roots (kind, oid)
     union
    select case when r.oid is null then d.classid::regclass else 'pg_class'::regclass end,
           coalesce(r.ev_class, d.objid),
           depth + 1
      from standing
      join pg_depend d on d.refclassid = standing.class and d.refobjid = standing.oid
      left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
     where (d.deptype in ('n', 'a') or d.classid = 'pg_type'::regclass)
       -- A view stands on itself, by the rule that it is.
       and (coalesce(r.ev_class, d.objid) <> standing.oid)
)
select oid,
       case class when 'pg_class'::regclass then 'view' else 'function' end as kind,
       pg_describe_object(class, oid, 0) as what,
       class = 'pg_proc'::regclass
           or class = 'pg_class'::regclass
              and exists (select from pg_class c where c.oid = standing.oid and c.relkind = 'v')
           as can_be_made_again
  from standing
 where class <> 'pg_type'::regclass
 group by class, oid
 order by max(depth) desc
"""


async def differing(connection: Any, definitions: Sequence[Definition]) -> bool:
    """Whether this database has other functions than these."""
    rows = await connection.fetch(RECORDED)
    there = sorted(row["digest"] for row in rows if row["oid"] is not None)
    return there != sorted(each.digest for each in definitions) or len(rows) != len(there)


async def put_in_place(
    connection: asyncpg.Connection, definitions: Sequence[Definition]
) -> Changes:
    """Make what has changed and drop what is gone, all within the caller's transaction."""
    # One at a time: who comes second finds nothing to do.
    await connection.execute("lock table sql_functions in share row exclusive mode")
    rows = await connection.fetch(RECORDED)
    wanted = {each.digest for each in definitions}
    kept = {row["digest"] for row in rows if row["oid"] is not None and row["digest"] in wanted}
    fresh = [each for each in definitions if each.digest not in kept]
    stale = [row for row in rows if row["digest"] not in kept]
    if not fresh and not stale:
        return Changes()
    try:
        # As long as signatures stay, in place: what stands on a function is not touched.
        async with connection.transaction():
            changes = await replace(connection, fresh, stale)
    except (asyncpg.PostgresError, FunctionError):
        changes = await make_anew(connection, definitions, fresh, stale)
    await refuse_pinned(connection, definitions)
    return changes


async def replace(
    connection: asyncpg.Connection, fresh: Sequence[Definition], stale: Sequence[Any]
) -> Changes:
    made = [await make(connection, each) for each in fresh]
    gone = [row for row in stale if row["identity"] not in made]
    for row in gone:
        if row["oid"] is not None:
            await connection.execute(f"drop {row['kind']} {row['identity']}")
    await forget(connection, gone)
    return Changes(tuple(made), tuple(row["identity"] for row in gone))


async def make_anew(
    connection: asyncpg.Connection,
    definitions: Sequence[Definition],
    fresh: Sequence[Definition],
    stale: Sequence[Any],
) -> Changes:
    """Drop what is stale and all that stands on it, and make it in order of dependence."""
    rows = await connection.fetch(RECORDED)
    there = [row for row in stale if row["oid"] is not None]
    ours = {row["oid"]: row for row in rows}
    dropped = []
    for each in await standing_on(connection, there):
        row = ours.get(each["oid"])
        if row is None:
            name = there[0]["identity"]
            reason = (IN_THE_WAY if each["can_be_made_again"] else PINNED).format(
                name=name, what=each["what"]
            )
            raise FunctionError(nearest(fresh or definitions, name), reason)
        await connection.execute(f"drop {row['kind']} {row['identity']}")
        dropped.append(row)
    lost = {row["digest"] for row in dropped}
    again = [each for each in definitions if each in fresh or each.digest in lost]
    made = [await make(connection, each) for each in again]
    gone = [row for row in [*stale, *dropped] if row["identity"] not in made]
    await forget(connection, gone)
    return Changes(tuple(made), tuple(dict.fromkeys(row["identity"] for row in gone)))


def nearest(definitions: Sequence[Definition], identity: str) -> Definition:
    """The definition that has taken the place of this one, or any."""
    name = identity.partition("(")[0]
    return next((each for each in definitions if each.name == name), definitions[0])


async def make(connection: asyncpg.Connection, definition: Definition) -> str:
    """Run the statements of one definition; which function or view that was."""
    before = {row["oid"]: row["version"] for row in await connection.fetch(NAMED, definition.name)}
    await run(connection, definition, 0)
    [identity] = [
        row["identity"]
        for row in await connection.fetch(NAMED, definition.name)
        if row["kind"] == definition.kind
        # Of several functions with one name it is the one that was just written.
        and (definition.kind == "view" or before.get(row["oid"]) != row["version"])
    ]
    await reset_rights(connection, definition.kind, identity)
    for number in range(1, len(definition.statements)):
        await run(connection, definition, number)
    await connection.execute(
        "insert into sql_functions (identity, kind, digest) values ($1, $2, $3)"
        " on conflict (identity) do update set digest = excluded.digest",
        identity,
        definition.kind,
        definition.digest,
    )
    return str(identity)


async def reset_rights(connection: asyncpg.Connection, kind: str, identity: str) -> None:
    """What our roles may do with it is what the file says, beside what holds for all."""
    await connection.execute(f"revoke all on {kind_in_rights(kind)} {identity} from {OUR_ROLES}")
    if kind == "view":
        await connection.execute(f"grant select on {identity} to {READER}")
    else:
        await connection.execute(f"grant execute on function {identity} to public")


def kind_in_rights(kind: str) -> str:
    return "table" if kind == "view" else kind


async def run(connection: asyncpg.Connection, definition: Definition, number: int) -> None:
    at, sql = definition.statements[number]
    try:
        await connection.execute(sql)
    except asyncpg.LockNotAvailableError:
        raise
    except asyncpg.PostgresError as reason:
        raise FunctionError(definition, *message_and_place(reason, at)) from reason


def message_and_place(reason: asyncpg.PostgresError, at: int) -> tuple[str, int]:
    said: Mapping[str, str] = reason.as_dict()
    message = said.get("message") or str(reason)
    if hint := said.get("hint"):
        message += f" ({hint})"
    return message, at + int(said.get("position") or 1) - 1


async def forget(connection: asyncpg.Connection, rows: Sequence[Any]) -> None:
    """What migrations had left in a place is remembered for a rollback."""
    gone = [row["identity"] for row in rows]
    await connection.execute(
        "update sql_functions set digest = null where identity = any($1::text[])", gone
    )
    await connection.execute("delete from sql_functions where digest is null and before is null")


async def standing_on(connection: asyncpg.Connection, rows: Sequence[Any]) -> list[Any]:
    """These and all that stands on them, in the order in which they can be dropped."""
    kinds, oids = [row["kind"] for row in rows], [row["oid"] for row in rows]
    return await connection.fetch(STANDING, kinds, oids)  # type: ignore[no-any-return]


async def refuse_pinned(connection: asyncpg.Connection, definitions: Sequence[Definition]) -> None:
    """What an index, a constraint, a column, a trigger or a policy stands on is none of ours."""
    rows = {row["digest"]: row for row in await connection.fetch(RECORDED)}
    standing = await standing_on(connection, list(rows.values()))
    if all(each["can_be_made_again"] for each in standing):
        return
    for definition in definitions:
        row = rows[definition.digest]
        for each in await standing_on(connection, [row]):
            if not each["can_be_made_again"]:
                reason = PINNED.format(name=row["identity"], what=each["what"])
                raise FunctionError(definition, reason)


def hand_back(connection: psycopg.Connection) -> None:
    """Make the functions as migrations left them: migrations know no other ones.

    What cannot be made on the schema as it is, because a column that it wants is yet to come
    back, is left for the next time.
    """
    if not has_list(connection):
        return
    rows = connection.execute(
        "select kind, case kind when 'view' then to_regclass(identity)::oid"
        " else to_regprocedure(identity)::oid end from sql_functions where digest > ''"
    ).fetchall()
    there = [(kind, oid) for kind, oid in rows if oid is not None]
    kinds, oids = [kind for kind, _ in there], [oid for _, oid in there]
    cursor = psycopg.RawCursor(connection)
    for oid, kind, what, _ in cursor.execute(STANDING.encode(), [kinds, oids]).fetchall():
        if oid not in oids:
            raise InTheWayError(f"{what} stands on a function of sql/functions; drop it first")
        cursor.execute(f"select format('drop {kind} %s', $1::{REGISTERS[kind]})".encode(), [oid])
        [drop] = cursor.fetchone() or [""]
        connection.execute(drop)
    connection.execute("delete from sql_functions where before is null")
    connection.execute("update sql_functions set digest = null where digest > ''")
    waiting = connection.execute(
        "select identity, before from sql_functions where digest is null order by identity"
    ).fetchall()
    while made := [identity for identity, before in waiting if was_made(connection, before)]:
        connection.execute("update sql_functions set digest = '' where identity = any(%s)", [made])
        waiting = [each for each in waiting if each[0] not in made]


def has_list(connection: psycopg.Connection) -> bool:
    """Whether there is the table of functions, which migration 0046 makes."""
    found = connection.execute("select to_regclass('sql_functions') is not null").fetchone()
    return bool(found and found[0])


def was_made(connection: psycopg.Connection, statements: Sequence[str]) -> bool:
    """Whether nothing was missing that these statements want."""
    try:
        with connection.transaction():
            for each in statements:
                connection.execute(each.encode())
    except (
        psycopg.errors.UndefinedColumn,
        psycopg.errors.UndefinedFunction,
        psycopg.errors.UndefinedObject,
        psycopg.errors.UndefinedTable,
    ):
        return False
    return True
