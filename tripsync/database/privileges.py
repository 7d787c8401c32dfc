"""A lacking privilege is found before a query runs.

To prepare a statement asks for no privilege, to explain it asks for all of them. What a function
or a trigger reads and writes shows only when it runs: that the role of servers may do so as well,
a test holds (tests/database/test_roles.py).
"""

import re
from collections.abc import Iterator, Sequence

import asyncpg

from tripsync.database.findings import Finding
from tripsync.database.roles import APP
from tripsync.database.sources import Source, Statement, blanked

# What a statement that says this of a table needs beside reading it.
WRITES = {
    "insert": r"\binto\s+{table}\b",
    "update": r"\bupdate\s+(?:only\s+)?{table}\b|\bon\s+conflict\b.*\bdo\s+update\b"
    r"|\bfor\s+(?:no\s+key\s+)?update\b|\bfor\s+(?:key\s+)?share\b",
    "delete": r"\bdelete\s+from\s+(?:only\s+)?{table}\b",
}


async def explain_any(connection: asyncpg.Connection, statement: Statement) -> None:
    """Plan it for all values, and forget it; in one round trip."""
    nulls = ", ".join(["null"] * len(statement.parameters))
    call = f"desk({nulls})" if nulls else "desk"
    await connection.execute(
        "set local plan_cache_mode = force_generic_plan;"
        f"prepare desk as {statement.sql.rstrip().removesuffix(';')};"
        f"explain execute {call};"
        "deallocate desk"
    )


async def forget_plan(connection: asyncpg.Connection) -> None:
    """What was prepared stays so, though the explaining of it failed."""
    if await connection.fetchval("select true from pg_prepared_statements where name = 'desk'"):
        await connection.execute("deallocate desk")


async def refusal(
    connection: asyncpg.Connection,
    source: Source,
    statement: Statement,
    reason: asyncpg.InsufficientPrivilegeError,
) -> Finding:
    """What is not granted, where the query asks for it, and what a migration has to say."""
    _, code = blanked(source.text)
    # In whatever language it is said: the name comes last.
    named = re.escape(str(reason).split()[-1])
    table = re.search(rf"\b{named}\b", code)
    said = f"{APP} may not run it: {reason}"
    if table is None:
        return Finding(source.path, source.line, len("-- name: ") + 1, said)
    missing = await lacking(connection, table[0], list(needed(code, table[0])))
    grant = f"grant {', '.join(missing)} on {table[0]} to {APP};"
    return Finding(
        source.path, *source.place(table.start()), f"{said}; say `{grant}` in a migration"
    )


def needed(code: str, table: str) -> Iterator[str]:
    """What a statement may want to do with a table."""
    yield "select"
    for privilege, words in WRITES.items():
        if re.search(words.format(table=table), code, re.IGNORECASE | re.DOTALL):
            yield privilege


async def lacking(connection: asyncpg.Connection, table: str, wanted: Sequence[str]) -> list[str]:
    """Which of these privileges on a table whoever is connected does not have."""
    rows = await connection.fetch(
        "select wanted from unnest($2::text[]) as wanted"
        " where not has_table_privilege(to_regclass($1), wanted)",
        table,
        wanted,
    )
    return [row["wanted"] for row in rows]
