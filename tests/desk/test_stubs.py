"""What mypy is told of a query is what PostgreSQL says of it."""

from pathlib import Path

import psycopg
import pytest

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
