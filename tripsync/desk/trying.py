"""Run one query and look at what it gives; whatever it changes is taken back."""

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import RawCursor

from tripsync.database.roles import connect_at_desk
from tripsync.database.sources import Source, statement_of
from tripsync.desk.values import DeskError, in_order

WIDEST = 40
MOST_ROWS = 50


def try_query(url: str, source: Source, values: dict[str, str | None]) -> str:
    """The result as a table. The transaction is rolled back, and cannot be committed before."""
    statement = statement_of(source)
    ordered = in_order(source, statement, values)
    with connect_at_desk(url) as connection:
        cursor = RawCursor(connection)
        try:
            cursor.execute(statement.sql.encode(), ordered)
            if cursor.description is None:
                answer = f"{cursor.rowcount} rows changed"
            else:
                names = [column.name for column in cursor.description]
                answer = table(names, cursor.fetchmany(MOST_ROWS), cursor.rowcount)
        except psycopg.Error as reason:
            raise DeskError(f"{source.full_name}: {reason}") from None
        finally:
            connection.rollback()
    return f"{answer}; rolled back"


def table(names: Sequence[str], rows: Sequence[Sequence[Any]], number: int) -> str:
    """Columns under their names, long values shortened."""
    cells = [[cell(value) for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *cells, strict=True)]
    lines = [
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        for line in [names, ["-" * width for width in widths], *cells]
    ]
    more = f", the first {len(rows)} shown" if number > len(rows) else ""
    return "\n".join([*lines, f"{number} {'row' if number == 1 else 'rows'}{more}"])


def cell(value: Any) -> str:
    text = "null" if value is None else str(value).replace("\n", "\\n")
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"
