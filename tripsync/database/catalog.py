"""PostgreSQL describes each query: the types it takes and gives, or why it refuses it."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import NamedTuple

import asyncpg

from tripsync.database.findings import Finding
from tripsync.database.privileges import explain_any, forget_plan, refusal
from tripsync.database.sources import Source, Statement, statement_of

PARAMETER_NUMBER = re.compile(r"\$(\d+)")


class Column(NamedTuple):
    """A parameter, or a column of the result."""

    name: str
    type: str
    # None where nothing says whether it may be null.
    nullable: bool | None = None


class Described(NamedTuple):
    """A query that the server understands."""

    source: Source
    statement: Statement
    parameters: tuple[Column, ...]
    columns: tuple[Column, ...]


# Says which columns of a query may be null, as far as that is known.
Nullable = Callable[[Source], Mapping[str, bool]]


class Catalog(NamedTuple):
    """All queries, and the tables they stand on."""

    described: Sequence[Described]
    faults: Sequence[Finding]
    # Tables whose rows belong to a college.
    tenant_tables: frozenset[str]


async def read_catalog(
    connection: asyncpg.Connection,
    sources: Iterable[Source],
    nullable: Nullable = lambda _: {},
) -> Catalog:
    described: list[Described] = []
    faults: list[Finding] = []
    for source in sources:
        outcome = await describe(connection, source, nullable)
        if isinstance(outcome, Finding):
            faults.append(outcome)
        else:
            described.append(outcome)
    return Catalog(described, faults, await tenant_tables(connection))


async def describe(
    connection: asyncpg.Connection, source: Source, nullable: Nullable
) -> Described | Finding:
    statement = statement_of(source)
    try:
        async with as_one_of_many(connection):
            prepared = await connection.prepare(statement.sql)
            await explain_any(connection, statement)
    except asyncpg.InsufficientPrivilegeError as reason:
        await forget_plan(connection)
        return await refusal(connection, source, statement, reason)
    except asyncpg.PostgresError as reason:
        await forget_plan(connection)
        return fault(source, statement, reason)
    types = [each.name for each in prepared.get_parameters()]
    known = nullable(source)
    return Described(
        source,
        statement,
        tuple(map(Column, statement.parameters, types)),
        tuple(
            Column(each.name, each.type.name, known.get(each.name))
            for each in prepared.get_attributes()
        ),
    )


def as_one_of_many(connection: asyncpg.Connection) -> AbstractAsyncContextManager[object]:
    """Within a transaction the next query can still be asked about when one has failed."""
    return connection.transaction() if connection.is_in_transaction() else nullcontext()


def fault(source: Source, statement: Statement, reason: asyncpg.PostgresError) -> Finding:
    said = reason.as_dict()
    message = named(said.get("message") or str(reason), statement)
    if hint := said.get("hint"):
        message += f" ({named(hint, statement)})"
    if position := said.get("position"):
        at = statement.origin(int(position))
    elif number := PARAMETER_NUMBER.search(str(reason)):
        at = statement.place_of_parameter(int(number[1]))
    else:
        at = first_of_statement(statement)
    return Finding(source.path, *source.place(at), message)


def named(message: str, statement: Statement) -> str:
    """Parameters by the names that stand in the file."""

    def name(number: re.Match[str]) -> str:
        which = int(number[1]) - 1
        known = which < len(statement.parameters)
        return f":{statement.parameters[which]}" if known else number[0]

    return PARAMETER_NUMBER.sub(name, message)


def first_of_statement(statement: Statement) -> int:
    return statement.origin(len(statement.sql) - len(statement.sql.lstrip()) + 1)


async def tenant_tables(connection: asyncpg.Connection) -> frozenset[str]:
    """Tables whose rows belong to a college; the colleges themselves are nobody's."""
    rows = await connection.fetch(
        # Not from information_schema, which hides what one may not touch.
        "select relname from pg_attribute join pg_class on attrelid = pg_class.oid"
        " where relnamespace = 'public'::regnamespace and relkind in ('r', 'p', 'v')"
        " and attname = 'college_id'"
    )
    return frozenset(row["relname"] for row in rows) - {"colleges"}
