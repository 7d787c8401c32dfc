"""A query as it stands in its file, and what of it reaches the server."""

import inspect
from pathlib import Path

import aiosql
import pytest

from tripsync.database.files import SQL, query_files
from tripsync.database.queries import load_queries
from tripsync.database.sources import Source, read_sources, statement_of

FILES = query_files()


def written(folder: Path, text: str) -> list[Source]:
    file = folder / "rides.sql"
    file.write_text(text)
    return read_sources(file)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_what_runs_is_what_aiosql_makes_of_the_file(file: Path) -> None:
    """Queries are handed to it one by one, which must make no difference."""
    loaded = aiosql.from_str(file.read_text(), "asyncpg", kwargs_only=True)
    queries = load_queries(SQL)[file.stem]
    names = {name for name in loaded.available_queries if not name.endswith("_cursor")}
    assert set(queries) >= names
    for name, query in queries.items():
        call = getattr(loaded, name)
        assert query.sql == f"/* {query.name} */ {call.sql}"
        assert query.meaning.split() == call.__doc__.split()
        assert query.line == call.__func__.__code__.co_firstlineno
        assert set(query.parameters) == set(inspect.signature(call).parameters)


def test_a_position_leads_back_to_the_line_and_column_that_was_written(tmp_path: Path) -> None:
    [source] = written(
        tmp_path,
        "-- name: find_ride(college_id, ride_id)^\n"
        "-- One ride: of `:no_parameter`.\n"
        'select ride_id as ":not",\n'
        "       ':neither'::text,\n"
        "       stats\n"
        "  from rides\n"
        " where college_id = :college_id\n"
        "   and (:ride_id::bigint is null or ride_id = :ride_id);\n",
    )
    statement = statement_of(source)
    assert statement.parameters == ("college_id", "ride_id")
    assert source.declared == ("college_id", "ride_id")
    places = {
        word: source.place(statement.origin(statement.sql.index(word) + 1))
        for word in ("select", "stats", "$1", "$2", "is null")
    }
    assert places == {
        "select": (3, 1),
        "stats": (5, 8),
        "$1": (7, 21),
        "$2": (8, 9),
        "is null": (8, 26),
    }


def test_a_query_ends_where_the_next_begins(tmp_path: Path) -> None:
    first, second = written(
        tmp_path,
        "-- name: one()$\n-- One.\nselect 1;\n\n-- name: two(n)!\n-- Two.\n"
        "-- scans: it is small.\ndelete from rides where n = :n;\n",
    )
    assert (first.gives, second.gives) == ("$", "!")
    assert statement_of(first).sql.strip() == "select 1;"
    assert (second.line, second.comments) == (5, ["Two.", "scans: it is small."])
