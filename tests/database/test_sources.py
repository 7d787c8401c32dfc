"""A query as it stands in its file, and what of it reaches the server."""

import re
from pathlib import Path

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
def test_what_is_checked_is_what_runs(file: Path) -> None:
    """The desk reads the files by itself, for positions; aiosql reads them for the server."""

    def words(sql: str) -> list[str]:
        return re.sub(r"\$\d+", "$", sql).rstrip(" ;\n").split()

    loaded = load_queries(SQL)[file.stem]
    sources = read_sources(file)
    assert {source.name for source in sources} == set(loaded)
    for source in sources:
        statement = statement_of(source)
        named = f"/* {source.full_name} */ "
        assert words(f"{named}{statement.sql}") == words(loaded[source.name].sql)
        assert set(statement.parameters) == set(loaded[source.name].parameters)
        assert source.meaning.split() == loaded[source.name].meaning.split()


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
