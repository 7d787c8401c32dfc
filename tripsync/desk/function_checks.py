"""What is wrong with SQL functions, found on a database that is thrown away."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import NamedTuple

import asyncpg

from tripsync.database.files import SQL
from tripsync.database.findings import Finding
from tripsync.database.function_files import Definition, load_functions
from tripsync.database.functions import FunctionError, differing, put_in_place
from tripsync.database.migrations import connect_as_owner
from tripsync.database.roles import connect
from tripsync.database.sources import Source, words_in

# PostgreSQL reads the names in such a body when it runs, and not before.
READ_LATE = """
select identity, digest,
       format('select %s(%s)', p.oid::regproc, (
           select string_agg(format('null::%s', type::regtype), ', ' order by at)
             from unnest(p.proargtypes::oid[]) with ordinality as arguments (type, at)
       )) as call
  from sql_functions
  join pg_proc p on p.oid = case kind when 'function' then to_regprocedure(identity)::oid end
  join pg_language l on l.oid = p.prolang
 where l.lanname = 'plpgsql'
"""
# What the functions of migrations say, those of triggers among them.
OTHER_BODIES = """
select string_agg(coalesce(nullif(prosrc, ''), pg_get_function_sqlbody(p.oid)), ' ')
  from pg_proc p
 where pronamespace = current_schema()::regnamespace
   and prokind = 'f'
   and not exists (
       select
         from sql_functions
        where kind = 'function'
          and to_regprocedure(identity) = p.oid
          and digest is not null
   )
"""
LINE_OF_BODY = re.compile(r"\bline (\d+)\b")
UNUSED = "no query and no other function calls {name}; take it away"


class Made(NamedTuple):
    """What became of definitions in a database."""

    findings: list[Finding]
    # The names of those that could not be made, and of those that call them.
    missing: frozenset[str]


def has_other_functions(url: str) -> bool:
    """Whether this database has functions, and others than these files."""

    async def ask() -> bool:
        connection = await connect(url)
        try:
            return await differing(connection, load_functions(SQL))
        except asyncpg.UndefinedTableError:
            return False
        finally:
            await connection.close()

    return asyncio.run(ask())


def make_functions(url: str, definitions: Sequence[Definition]) -> Made:
    """Make all that can be made, and run what PostgreSQL only reads when it runs."""

    async def make() -> Made:
        connection = await connect_as_owner(url)
        try:
            made = await make_what_can_be_made(connection, definitions)
            late = [each async for each in run_late_bodies(connection, definitions)]
            return made._replace(findings=[*made.findings, *late])
        finally:
            await connection.close()

    return asyncio.run(make())


async def make_what_can_be_made(
    connection: asyncpg.Connection, definitions: Sequence[Definition]
) -> Made:
    """Each that is broken is left out together with those that call it, and the rest is made."""
    findings: list[Finding] = []
    missing: set[str] = set()
    rest = list(definitions)
    while True:
        try:
            async with connection.transaction():
                await put_in_place(connection, rest)
            return Made(findings, frozenset(missing))
        except FunctionError as reason:
            findings.append(Finding(*reason.trap))
            missing.add(reason.definition.name)
            # In order of dependence: who calls one that is missing comes later.
            for each in rest:
                if missing & words_in(each.text).keys():
                    missing.add(each.name)
            rest = [each for each in rest if each.name not in missing]


async def run_late_bodies(
    connection: asyncpg.Connection, definitions: Sequence[Definition]
) -> AsyncIterator[Finding]:
    """Run each of them with nulls, and take it back."""
    by_digest = {each.digest: each for each in definitions}
    for row in await connection.fetch(READ_LATE):
        definition = by_digest.get(row["digest"])
        transaction = connection.transaction()
        await transaction.start()
        try:
            await connection.execute(row["call"])
        except asyncpg.SyntaxOrAccessError as reason:
            if definition:
                yield late_finding(definition, reason)
        except asyncpg.PostgresError:
            # It minds the nulls, not a name.
            pass
        finally:
            await transaction.rollback()


def late_finding(definition: Definition, reason: asyncpg.PostgresError) -> Finding:
    """At the line that PostgreSQL counts from the dollar sign on."""
    said = reason.as_dict()
    line = LINE_OF_BODY.search(said.get("context") or "")
    body = re.search(r"\$\w*\$", definition.text)
    at = 0
    if line and body:
        lines = definition.text[body.end() :].split("\n")
        before = lines[: int(line[1]) - 1]
        here = lines[len(before)]
        at = body.end() + sum(len(each) + 1 for each in before) + len(here) - len(here.lstrip())
    return Finding(*definition.trap(said.get("message") or str(reason), at))


def unused(
    url: str, definitions: Sequence[Definition], sources: Sequence[Source]
) -> Iterator[Finding]:
    """Definitions that nobody needs."""

    async def ask() -> str:
        connection = await connect(url)
        try:
            return str(await connection.fetchval(OTHER_BODIES))
        finally:
            await connection.close()

    words = set(words_in(asyncio.run(ask())))
    for source in sources:
        words |= words_in(source.text).keys()
    for each in definitions:
        others = (words_in(other.text) for other in definitions if other is not each)
        if each.name not in words.union(*others):
            yield Finding(*each.trap(UNUSED.format(name=each.name)))


def can_be_asked(source: Source, missing: frozenset[str]) -> bool:
    """Whether no function is missing that the query calls."""
    return not missing & words_in(source.text).keys()
