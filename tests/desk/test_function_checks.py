"""Whatever a DBA breaks in a file of SQL functions is found before a request runs into it."""

import shutil
from pathlib import Path

import pytest

from tests.processes import copy_of_the_project, tripsync
from tripsync.database.files import SQL
from tripsync.database.function_files import load_functions
from tripsync.database.migrations import migrate
from tripsync.database.sources import read_folder
from tripsync.desk.function_checks import has_other_functions, make_functions, unused

TREES = """\
-- How many trees there are.
create or replace function count_trees(smallest int) returns int language plpgsql as $$
declare
    found int;
begin
    if smallest is null then
        select count(*) into found
          from colleges where {column} = smallest;
    end if;
    return found;
end;
$$;

-- The square of a number.
create or replace function square_of(n int) returns int language sql as 'select n * n{more}';
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to edit."""
    copy = tmp_path / "sql"
    shutil.copytree(SQL, copy)
    return copy


async def test_all_broken_functions_are_told_and_nobody_who_calls_them(
    tmp_path: Path, data_dir: Path, database_url: str
) -> None:
    copy_of_the_project(tmp_path)
    places = {}
    for file, old, new in (
        ("chat", "work.poster_id = other or", "work.posterr_id = other or"),
        ("people", "where role in ('moderator', 'admin')", "where rol in ('moderator', 'admin')"),
        ("reviews", "-- What may be read by others. Every", "-- Every"),
    ):
        path = tmp_path / "sql" / "functions" / f"{file}.sql"
        text = path.read_text().replace(old, new)
        assert text != path.read_text()
        path.write_text(text)
        places[file] = text[: text.index(new)].count("\n") + 1
    where = {"DATABASE_URL": database_url}
    with tripsync("sql", "check", data_dir=data_dir, cwd=tmp_path, **where) as desk:
        assert await desk.exit_code() == 1
        said = [line for line in desk.said.splitlines() if ": error: " in line]
    assert [line.partition(" ")[0] for line in said] == [
        f"sql/functions/chat.sql:{places['chat']}:36:",
        f"sql/functions/people.sql:{places['people']}:8:",
    ]
    assert "column work.posterr_id does not exist" in said[0]
    with tripsync(
        "sql", "check", "sql/functions/reviews.sql", data_dir=data_dir, cwd=tmp_path, **where
    ) as desk:
        assert await desk.exit_code() == 0


def test_bodies_that_are_read_late_are_read(empty_database: str, folder: Path) -> None:
    migrate(empty_database)
    file = folder / "functions" / "trees.sql"
    file.write_text(TREES.format(column="colleg_id", more=""))
    assert has_other_functions(empty_database) is False
    [found] = make_functions(empty_database, load_functions(folder)).findings
    assert (found.path, found.line, found.column) == (file, 7, 9)
    assert 'column "colleg_id" does not exist' in found.reason
    file.write_text(TREES.format(column="college_id", more=" + m"))
    made = make_functions(empty_database, load_functions(folder))
    [found] = made.findings
    assert (found.line, found.column) == (15, 89)
    assert 'column "m" does not exist' in found.reason
    assert made.missing == {"square_of"}
    assert has_other_functions(empty_database) is True


def test_what_nothing_calls_is_told(empty_database: str, folder: Path) -> None:
    migrate(empty_database)
    file = folder / "functions" / "trees.sql"
    file.write_text(
        TREES.format(column="college_id", more="").replace("return found", "return square_of(1)")
    )
    functions = load_functions(folder)
    assert make_functions(empty_database, functions).findings == []
    [found] = unused(empty_database, functions, read_folder(folder))
    assert (found.path, found.line) == (file, 2)
    assert "calls count_trees" in found.reason
