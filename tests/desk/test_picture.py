"""docs/reference/schema.svg: every table, none upon another, and lines that lead to tables."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import combinations
from pathlib import Path

import psycopg
import pytest

from tripsync.database.migrations import migrate
from tripsync.desk.drawn_schema import Column, Table, read_tables
from tripsync.desk.picture import (
    PICTURE,
    STALE,
    WIDTH,
    check_picture,
    in_layers,
    picture,
    placed,
    write_picture,
)


@pytest.fixture(scope="module")
def tables(database_url: str) -> dict[str, Table]:
    return read_tables(database_url)


def test_the_picture_is_that_of_the_migrations(empty_database: str, tmp_path: Path) -> None:
    migrate(empty_database)
    assert list(check_picture(empty_database)) == []
    copy = tmp_path / "schema.svg"
    copy.write_text(PICTURE.read_text())
    with psycopg.connect(empty_database) as connection:
        connection.execute("alter table pools add column colour text")
    [found] = check_picture(empty_database, copy)
    assert found.reason == STALE
    assert write_picture(empty_database, copy)
    assert list(check_picture(empty_database, copy)) == []
    assert not write_picture(empty_database, copy)
    # A package that was installed has none to be held to anything.
    assert list(check_picture(empty_database, tmp_path / "none.svg")) == []


def test_no_table_lies_upon_another(tables: dict[str, Table]) -> None:
    boxes = placed(tables)
    assert boxes.keys() == tables.keys()
    for one, other in combinations(boxes.values(), 2):
        beside = abs(one.x - other.x) >= WIDTH
        below = one.y + one.height <= other.y or other.y + other.height <= one.y
        assert beside or below, (one.table.name, other.table.name)


def test_what_refers_stands_to_the_right(tables: dict[str, Table]) -> None:
    boxes = placed(tables)
    assert boxes["pools"].x < boxes["pool_members"].x
    assert boxes["conversations"].x < boxes["participants"].x
    columns = {each.name: each for each in tables["pool_members"].columns}
    assert columns["pool_id"].refers_to == "pools"
    assert columns["college_id"].refers_to is None
    assert columns["user_id"].refers_to == "users"
    assert columns["pool_id"].is_key
    assert not columns["left_at"].is_required


def test_a_circle_of_references_is_drawn_too() -> None:
    def table(name: str, to: str) -> Table:
        column = Column(f"{to}_id", "bigint", is_required=True, is_key=False, refers_to=to)
        return Table(name, (column,))

    layers = in_layers([table("hens", "eggs"), table("eggs", "hens")])
    assert sorted(name for layer in layers for name in layer) == ["eggs", "hens"]


def test_it_is_well_formed_and_every_reference_leads_somewhere(tables: dict[str, Table]) -> None:
    text = picture(tables)
    ElementTree.fromstring(text)
    ids = set(re.findall(r'<g id="(\w+)">', text))
    assert ids == tables.keys()
    assert set(re.findall(r'href="#(\w+)"', text)) <= ids
    lines = sum(len(table.lines) for table in tables.values())
    assert text.count('class="line"') == lines > 20
