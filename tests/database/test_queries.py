"""Query files as callers meet them: a namespace a file, a call a query."""

import re
from pathlib import Path

import asyncpg
import pytest

from tripsync.database.bound import Bound
from tripsync.database.files import SQL, query_files
from tripsync.database.queries import Query, QueryFileError, load_queries

BIRDS = """\
-- Birds: for tests only.

-- name: list_birds()
-- All birds, by name.
select name, wings
  from birds
 order by name;

-- name: find_bird(name)^
-- One bird.
select name, wings
  from birds
 where name = :name;

-- name: count_wings(name)$
-- How many wings a bird has.
select wings
  from birds
 where name = :name;

-- name: rename_bird(old, new)!
-- Give a bird another name. The order of use is not the order above.
update birds
   set name = :new
 where name = :old
   and name <> :new;

-- name: add_bird(name)<!
-- A new bird; no row if it is known.
insert into birds (name)
values (:name)
    on conflict do nothing
returning name;

-- name: add_winged_bird(name, wings)<!
-- A new bird with a number of wings of its own.
insert into birds (name, wings)
values (:name, :wings)
returning name,
          wings;
"""


@pytest.fixture
async def aviary(db: asyncpg.Connection, tmp_path: Path) -> Bound:
    """Queries on a table that lives as long as its connection."""
    await db.execute("create temporary table birds (name text primary key, wings int default 2)")
    await db.execute("insert into birds (name) values ('owl'), ('emu')")
    (tmp_path / "birds.sql").write_text(BIRDS)
    return Bound(db, load_queries(tmp_path))


def shipped_queries() -> list[Query]:
    return [query for file in load_queries(SQL).values() for query in file.values()]


async def test_no_operator_gives_all_rows(aviary: Bound) -> None:
    assert [tuple(row) for row in await aviary.birds.list_birds()] == [("emu", 2), ("owl", 2)]


async def test_a_caret_gives_one_row_or_none(aviary: Bound) -> None:
    found = await aviary.birds.find_bird(name="owl")
    assert dict(found) == {"name": "owl", "wings": 2}
    assert await aviary.birds.find_bird(name="dodo") is None


async def test_a_dollar_gives_one_value_or_none(aviary: Bound) -> None:
    assert await aviary.birds.count_wings(name="owl") == 2
    assert await aviary.birds.count_wings(name="dodo") is None


async def test_an_exclamation_mark_gives_the_number_of_rows(aviary: Bound) -> None:
    assert await aviary.birds.rename_bird(old="emu", new="ostrich") == 1
    assert await aviary.birds.rename_bird(old="dodo", new="ostrich") == 0
    assert await aviary.birds.find_bird(name="ostrich")


async def test_a_returning_insert_gives_its_one_column_its_row_or_none(aviary: Bound) -> None:
    assert await aviary.birds.add_bird(name="rook") == "rook"
    assert await aviary.birds.add_bird(name="rook") is None
    row = await aviary.birds.add_winged_bird(name="griffin", wings=4)
    assert dict(row) == {"name": "griffin", "wings": 4}


@pytest.mark.parametrize(
    ("given", "heard"),
    [
        ({"old": "emu"}, "birds.rename_bird takes new, old; it was given old"),
        ({}, "birds.rename_bird takes new, old; it was given nothing"),
        (
            {"old": "emu", "new": "owl", "at": 1},
            "birds.rename_bird takes new, old; it was given old, new, at",
        ),
        ({"old": "emu", "now": "owl"}, "birds.rename_bird takes new, old; it was given old, now"),
    ],
    ids=["missing", "none", "surplus", "misspelt"],
)
async def test_wrong_parameters_are_refused_by_the_name_of_the_query(
    aviary: Bound, given: dict[str, object], heard: str
) -> None:
    with pytest.raises(TypeError, match=re.escape(heard)):
        await aviary.birds.rename_bird(**given)
    assert await aviary.birds.find_bird(name="emu")


async def test_a_parameter_for_a_query_without_any_is_refused(aviary: Bound) -> None:
    with pytest.raises(TypeError, match=r"birds\.list_birds takes nothing; it was given name"):
        await aviary.birds.list_birds(name="owl")


async def test_an_unknown_file_is_named(aviary: Bound) -> None:
    with pytest.raises(AttributeError, match=r"sql/fish\.sql"):
        _ = aviary.fish


async def test_an_unknown_query_is_named(aviary: Bound) -> None:
    with pytest.raises(AttributeError, match="find_fish"):
        _ = aviary.birds.find_fish


async def test_two_files_may_use_the_same_name(db: asyncpg.Connection, tmp_path: Path) -> None:
    for file in ("one", "two"):
        (tmp_path / f"{file}.sql").write_text(
            f"-- name: which_file()$\n-- Says where it stands.\nselect '{file}';\n"
        )
    both = Bound(db, load_queries(tmp_path))
    assert [await both.one.which_file(), await both.two.which_file()] == ["one", "two"]


def test_a_query_knows_its_meaning_and_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "birds.sql"
    file.write_text(BIRDS)
    query = load_queries(tmp_path)["birds"]["find_bird"]
    assert (query.name, query.path, query.meaning) == ("birds.find_bird", file, "One bird.")
    assert file.read_text().splitlines()[query.line - 1] == "-- name: find_bird(name)^"


def test_every_name_of_a_file_can_be_called(tmp_path: Path) -> None:
    """aiosql makes a `..._cursor` twin of each query; a query named so is not a twin."""
    (tmp_path / "birds.sql").write_text("-- name: find_cursor()$\n-- Where to go on.\nselect 1;\n")
    assert set(load_queries(tmp_path)["birds"]) == {"find_cursor"}


@pytest.mark.parametrize(
    "definition",
    ["find_bird()^", "find_bird(name, wings)^"],
    ids=["undeclared", "unused"],
)
def test_declared_and_used_parameters_must_agree(tmp_path: Path, definition: str) -> None:
    (tmp_path / "birds.sql").write_text(
        f"-- name: {definition}\n-- One bird.\nselect name from birds where name = :name;\n"
    )
    with pytest.raises(QueryFileError, match=r"birds\.sql.*find_bird"):
        load_queries(tmp_path)


def test_all_our_query_files_load() -> None:
    loaded = load_queries(SQL)
    assert set(loaded) == {file.stem for file in query_files()}
    assert all(loaded.values()), "a file without queries"


async def test_every_query_of_ours_fits_the_schema(db: asyncpg.Connection) -> None:
    misfits = {}
    for query in shipped_queries():
        try:
            statement = await db.prepare(query.sql)
        except asyncpg.PostgresError as reason:
            misfits[f"{query.path.name}:{query.line} {query.name}"] = str(reason)
        else:
            assert len(statement.get_parameters()) == len(query.parameters), query.name
    assert not misfits
