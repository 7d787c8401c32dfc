"""What mypy is told of a query is what PostgreSQL says of it."""

import asyncio
import re
import shutil
import sys
from pathlib import Path

import psycopg
import pytest

from tests.processes import ROOT, copy_of_the_project, tripsync
from tripsync.database.catalog import Catalog, read_catalog
from tripsync.database.migrations import migrate
from tripsync.database.roles import connect
from tripsync.database.sources import read_folder
from tripsync.desk.nullability import Nullability
from tripsync.desk.stubs import is_known, read_stubs, write_stubs

RIDES = """\
-- name: list_rides(college_id)
-- The rides.
select ride_id,
       note,
       seats,
       seats * 2 as doubled
  from rides
 where college_id = :college_id
   and seats is not null;

-- name: find_ride(college_id, ride_id)^
-- One of them, with the same columns in another order.
select note,
       ride_id,
       seats * 2 as doubled,
       seats
  from rides
 where college_id = :college_id
   and ride_id = :ride_id
   and seats > 0;

-- name: list_companies(college_id)
-- The rides, and who else goes there.
select ride.ride_id,
       other.ride_id as other_id
  from rides ride
  left join rides other on other.note = ride.note
 where ride.college_id = :college_id;
"""

ROWS = """\
class RidesListRides(TypedDict):
    ride_id: int; note: str | None; seats: int | Any; doubled: int | Any

RidesFindRide = RidesListRides

class RidesListCompanies(TypedDict):
    ride_id: int | Any; other_id: int | Any
"""

CALLS = """\
    async def list_rides(self, *, college_id: int | None) -> list[rows.RidesListRides]: ...
    async def find_ride(self, *, college_id: int | None, ride_id: int | None) -> rows.RidesFindRide | Any: ...
"""  # noqa: E501


async def catalog_of(url: str, folder: Path) -> Catalog:
    connection = await connect(url)
    with psycopg.connect(url) as beside:
        catalog = await read_catalog(connection, read_folder(folder), Nullability(beside))
    await connection.close()
    return catalog


@pytest.fixture
def rides(empty_database: str, tmp_path: Path) -> Path:
    """A folder of queries, whose table is in the database."""
    migrate(empty_database)
    with psycopg.connect(empty_database) as connection:
        connection.execute(
            "create table rides (ride_id bigint not null, college_id bigint not null,"
            " note text, seats int)"
        )
        connection.execute("grant select on rides to tripsync_app")
    (tmp_path / "sql").mkdir()
    (tmp_path / "sql" / "rides.sql").write_text(RIDES)
    return tmp_path / "sql"


async def test_rows_have_names_and_say_what_may_be_null(
    rides: Path, empty_database: str, tmp_path: Path
) -> None:
    catalog = await catalog_of(empty_database, rides)
    calls, rows = tmp_path / "bound.pyi", tmp_path / "rows.pyi"
    assert write_stubs(catalog.described, calls, rows) == [calls, rows]
    assert rows.read_text().endswith(f"\n\n{ROWS}")
    assert CALLS in calls.read_text()
    assert write_stubs(catalog.described, calls, rows) == []


async def test_a_row_that_has_changed_is_not_what_mypy_was_told(
    rides: Path, empty_database: str, tmp_path: Path
) -> None:
    files = tmp_path / "bound.pyi", tmp_path / "rows.pyi"
    write_stubs((await catalog_of(empty_database, rides)).described, *files)
    changes = {
        "a column by another name": ("as doubled", "as twofold"),
        "a column of another type": ("seats * 2", "seats * 2.5"),
        "a column that may be null": ("select ride_id", "select nullif(ride_id, 1) as ride_id"),
        "a column more": ("select note,", "select note, college_id,"),
    }
    for change, (before, after) in changes.items():
        assert before in RIDES, change
        (rides / "rides.sql").write_text(RIDES.replace(before, after))
        catalog = await catalog_of(empty_database, rides)
        told = read_stubs(*files)
        assert not all(is_known(query, told) for query in catalog.described), change


def test_a_row_is_imported_and_costs_nothing() -> None:
    """Its name is there when a module is loaded, and what is no name of a row is not."""
    from asyncpg import Record

    from tripsync.database import rows
    from tripsync.database.rows import RequestsLockRequests

    assert RequestsLockRequests is Record
    with pytest.raises(AttributeError):
        _ = rows.__path__


# A query, and a column of it that no other query has but those that are named with it.
RENAMED = {
    # Read by handlers of two modules.
    "owns_post": ["applications.find_sides"],
    # Read where roads are asked for, of the rows of five queries.
    "road_is_known": [
        "connections.list_sides",
        "requests.lock_requests",
        "requests.list_asking",
        "requests.find_asked",
        "pools.list_members",
    ],
}
COMPLAINT = re.compile(
    r"^(\S+?):(\d+): error: TypedDict \"(\w+)\" has no key \"(\w+)\"", re.MULTILINE
)


def rename(folder: Path, query: str, column: str) -> None:
    """Give a column of a query another name."""
    file, _, name = query.partition(".")
    [source] = [each for each in read_folder(folder) if each.full_name == query]
    text = re.sub(rf"\bas {column}\b", f"as {column}_x", source.text, count=1)
    assert text != source.text, name
    path = folder / f"{file}.sql"
    path.write_text(path.read_text().replace(source.text, text))


def readers(package: Path, column: str) -> set[tuple[str, int]]:
    return {
        (str(file.relative_to(package.parent)), number)
        for file in package.rglob("*.py")
        for number, line in enumerate(file.read_text().splitlines(), 1)
        if f'["{column}"]' in line
    }


# mypy begins from nothing in the copy.
@pytest.mark.slow
@pytest.mark.timeout(900)
async def test_whoever_reads_a_column_that_is_renamed_is_named_by_mypy(
    tmp_path: Path, data_dir: Path, database_url: str
) -> None:
    copy_of_the_project(tmp_path)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    for column, queries in RENAMED.items():
        for query in queries:
            rename(tmp_path / "sql", query, column)
    with tripsync("sql", "stubs", data_dir=data_dir, cwd=tmp_path, DATABASE_URL=database_url) as it:
        assert await it.exit_code() == 0, it.said
    mypy = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mypy", cwd=tmp_path, stdout=asyncio.subprocess.PIPE
    )
    said = (await mypy.communicate())[0].decode()
    named = {(file, int(line), column) for file, line, _, column in COMPLAINT.findall(said)}
    expected = {
        (file, line, column)
        for column in RENAMED
        for file, line in readers(tmp_path / "tripsync", column)
    }
    assert len(expected) >= 3
    assert named == expected, said
    assert len(COMPLAINT.findall(said)) == said.count(": error: "), said
    rows = {row for *_, row, column in COMPLAINT.findall(said) if column == "road_is_known"}
    assert len(rows) == len(RENAMED["road_is_known"])
