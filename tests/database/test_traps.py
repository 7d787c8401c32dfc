"""SQL that looks right and goes wrong in silence is refused, by place; right SQL is not."""

from pathlib import Path

import asyncpg
import pytest

from tripsync.database import traps
from tripsync.database.bound import Bound
from tripsync.database.queries import QueryFileError, load_queries
from tripsync.database.traps import find_traps

HEAD = "-- name: find_it()\n-- What it is for.\n"
STAR, SLICE, NO_COMMA, IN_LIST = (reason for _, reason in traps.IN_CODE)
Place = tuple[int, int]


def traps_in(folder: Path, text: str) -> list[tuple[Place, str]]:
    file = folder / "birds.sql"
    file.write_text(text)
    return [((trap.line, trap.column), trap.reason) for trap in find_traps(file, file.read_text())]


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (
            f"{HEAD}select 1;\n\n{HEAD}select 2;\n",
            (5, 1),
            traps.DEFINED_TWICE.format(name="find_it"),
        ),
        ("-- name: find_it()\nselect 1;\n", (1, 1), traps.NO_DOC_LINE.format(name="find_it")),
        ("-- name: find_it()\n\n-- Late.\nselect 1;\n", (1, 1), "find_it lacks its doc line"),
        ("-- name: find_it()\n--\nselect 1;\n", (1, 1), "find_it lacks its doc line"),
        ("--name: find_it()\n-- What.\nselect 1;\n", (1, 1), traps.MISSHAPEN_NAME),
        ("-- name: find_it\n-- What.\nselect 1;\n", (1, 1), traps.MISSHAPEN_NAME),
        ("-- name: find-it()\n-- What.\nselect 1;\n", (1, 1), traps.MISSHAPEN_NAME),
        ("-- name: 1st()\n-- What.\nselect 1;\n", (1, 1), traps.MISSHAPEN_NAME),
        ("-- name: find_it()*!\n-- What.\nselect 1;\n", (1, 1), traps.MISSHAPEN_NAME),
        ("-- name: find_it()#\n-- What.\nselect 1;\n", (1, 1), traps.MISSHAPEN_NAME),
        (f"{HEAD}select 1;\n  -- name: other()\n", (4, 3), traps.MISPLACED_NAME),
        (f"{HEAD}-- see -- name: other()\nselect 1;\n", (3, 8), traps.MISPLACED_NAME),
        (f"{HEAD}select '-- name: other()';\n", (3, 9), traps.MISPLACED_NAME),
    ],
    ids=[
        "defined twice",
        "no doc line",
        "doc line below a gap",
        "empty doc line",
        "name without a space",
        "name without parameters",
        "name with a dash",
        "name with a digit first",
        "many statements",
        "script",
        "indented name",
        "name inside a comment",
        "name inside a string",
    ],
)
def test_a_trap_in_a_definition(tmp_path: Path, text: str, place: Place, reason: str) -> None:
    [(found, why)] = traps_in(tmp_path, text)
    assert found == place
    assert why.startswith(reason)


@pytest.mark.parametrize(
    ("statement", "place", "reason"),
    [
        ("select 1 -- the one", (3, 10), traps.TRAILING_COMMENT),
        ("select 1 -- it's", (3, 10), traps.TRAILING_COMMENT),
        ("select 1, -- :foo\n       2", (3, 11), traps.TRAILING_COMMENT),
        ("select 1; -- the end", (3, 11), traps.TRAILING_COMMENT),
        ("select 'it''s' -- a bird", (3, 16), traps.TRAILING_COMMENT),
        ("select 1\n/* not\n   now */", (4, 1), traps.BLOCK_COMMENT),
        ("select 1 /* not now */", (3, 10), traps.BLOCK_COMMENT),
        ("do $$ begin perform :it; end $$", (3, 21), traps.QUOTED_PARAMETER),
        ("do $body$\nbegin\n  perform :it;\nend $body$", (5, 11), traps.QUOTED_PARAMETER),
        ("do $$ begin perform a[1:n]; end $$", (3, 24), traps.QUOTED_PARAMETER),
        ("select 1; select 2;", (3, 11), traps.TWO_STATEMENTS),
        ("select 1;\n\n-- And then:\nselect 2;", (6, 1), traps.TWO_STATEMENTS),
        ("select a[1:n] from t", (3, 9), SLICE),
        ("select a[:n] from t", (3, 9), SLICE),
        ("select a[n:] from t", (3, 9), SLICE),
        ("select a[1 : 2] from t", (3, 9), SLICE),
        ("select a[1:n][2:m] from t", (3, 9), SLICE),
        ("select a[f(1):2] from t", (3, 9), SLICE),
        ("select * from t", (3, 8), STAR),
        ("select\n    *\nfrom t", (4, 5), STAR),
        ("SELECT DISTINCT * FROM t", (3, 17), STAR),
        ("select t.* from t", (3, 10), STAR),
        ("delete from t returning *", (3, 25), STAR),
        ("delete from t returning t.*", (3, 27), STAR),
        ("with x as (delete from t returning *) select 1", (3, 36), STAR),
        ("select one\n       two,\n       three", (3, 11), NO_COMMA),
        ("select f(one)\n       a.two,\n       three", (3, 14), NO_COMMA),
        ("select 1 where 1 in (:ids)", (3, 18), IN_LIST),
        ("select 1 where 1 not in( :ids )", (3, 22), IN_LIST),
    ],
)
def test_a_trap_in_a_statement(tmp_path: Path, statement: str, place: Place, reason: str) -> None:
    found = traps_in(tmp_path, f"{HEAD}{statement}\n")
    assert found[0] == (place, reason)
    assert {why for _, why in found} == {reason}


@pytest.mark.parametrize(
    "statement",
    [
        "select name, * from t",
        "select (t).* from t",
        'select "t".* from t',
        "select all * from t",
        "select distinct on (name) * from t",
        "delete from t returning name, *",
    ],
)
def test_a_star_is_found_wherever_columns_are_named(tmp_path: Path, statement: str) -> None:
    found = traps_in(tmp_path, f"{HEAD}{statement}\n")
    assert [(place[0], why) for place, why in found] == [(3, STAR)]


@pytest.mark.parametrize(
    ("definition", "statement", "values", "gives"),
    [
        ("it(x)$", "select :x::text", {"x": "a"}, "a"),
        (
            "it()^",
            "select\n  a,\n  b,\n  c\n from (select 1, 2, 3) as t (a,\n b,\n c)",
            {},
            (1, 2, 3),
        ),
        ("it()^", "select distinct\n  a,\n  4\n from (values (7)) as t (a)", {}, (7, 4)),
        (
            "it()^",
            "select case when a then 1 else\n  a::int\n  end,\n  8 from (values (true)) as t (a)",
            {},
            (1, 8),
        ),
        ("it(x)$", "select '7'::int + :x::int", {"x": 1}, 8),
        ("it(a, b)$", "select array[:a, :b]::text[]", {"a": "x", "b": "y"}, ["x", "y"]),
        ("it(a, b)$", "select array[:a::int, :b::int]", {"a": 1, "b": 2}, [1, 2]),
        ("it(i)$", "select (array[7, 8])[:i::int]", {"i": 2}, 8),
        ("it()$", "select (array[7, 8])['1'::int]", {}, 7),
        ("it()$", "select count(*)", {}, 1),
        ("it()$", "select 2 * 3 * count(*)", {}, 6),
        ("it()$", "select 'a -- b; c * :d [1:2] /* e */ in (:f)'", {}, None),
        ("it()$", "select 'it''s :x -- here'", {}, "it's :x -- here"),
        ("it()$", "select '12:30'::time::text", {}, "12:30:00"),
        ("it(t)$", "select :t::timestamp at time zone '+00:30' is null", {"t": None}, True),
        ("it()$", 'select "a:b; -- *" from (select 4) as t ("a:b; -- *")', {}, 4),
        ("it()$", "select $$it's -- 1; * 2$$", {}, "it's -- 1; * 2"),
        ("it(x)$", "select\n  -- it's :x, or not; * is [1:2]\n       :x::int", {"x": 3}, 3),
        ("it(ids)$", "select 2 = any(:ids::bigint[])", {"ids": [1, 2]}, True),
        ("it(a, b)$", "select 2 in (:a::int, :b::int)", {"a": 1, "b": 2}, True),
        ("it(x)$", "select min(:x::int)", {"x": 5}, 5),
        ("it(x)$", "select :x::int;\n-- The end; really.\n", {"x": 6}, 6),
        ("it()$", "select '{\"a\": [1, 2]}'::jsonb ->> 'a'", {}, "[1, 2]"),
    ],
)
async def test_right_sql_is_no_trap_and_gives_what_it_says(
    db: asyncpg.Connection,
    tmp_path: Path,
    definition: str,
    statement: str,
    values: dict[str, object],
    gives: object,
) -> None:
    (tmp_path / "birds.sql").write_text(f"-- name: {definition}\n-- What.\n{statement}\n")
    outcome = await Bound(db, load_queries(tmp_path)).birds.it(**values)
    assert outcome == (statement[8:-1] if gives is None else gives)


@pytest.mark.parametrize(
    "statement",
    ["select a[b[1]:2] from t", "select $$at 12:30$$", "do $$ begin perform :It; end $$"],
)
def test_what_aiosql_would_take_for_a_parameter_is_refused(tmp_path: Path, statement: str) -> None:
    """It would load, and then ask every caller for a value named `2`."""
    (tmp_path / "birds.sql").write_text(f"{HEAD}{statement};\n")
    with pytest.raises(QueryFileError, match=r"birds\.sql"):
        load_queries(tmp_path)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("select 1;\n", 1),
        ("-- Name: find_it()\n-- What it is for.\nselect 1;\n", 3),
        (f"-- Birds.\n\nselect 1;\n\n{HEAD}select 2;\n", 3),
    ],
    ids=["no name", "name in another case", "before the first name"],
)
def test_a_statement_that_nobody_could_call_is_a_trap(tmp_path: Path, text: str, line: int) -> None:
    (tmp_path / "birds.sql").write_text(text)
    with pytest.raises(QueryFileError, match=rf"birds\.sql:{line}:1: error: "):
        load_queries(tmp_path)


@pytest.mark.parametrize("text", ["", "-- Birds: none yet.\n"], ids=["empty", "only a comment"])
def test_a_file_that_is_only_begun_has_no_queries(tmp_path: Path, text: str) -> None:
    (tmp_path / "birds.sql").write_text(text)
    assert load_queries(tmp_path) == {"birds": {}}


def test_a_trap_reads_as_file_line_column_and_reason(tmp_path: Path) -> None:
    folder = tmp_path / "sql"
    folder.mkdir()
    file = folder / "birds.sql"
    file.write_text(f"{HEAD}select * from birds;\n")
    assert [str(trap) for trap in find_traps(file, file.read_text())] == [
        f"sql/birds.sql:3:8: error: {STAR}"
    ]


def test_all_traps_of_a_file_come_from_top_to_bottom(tmp_path: Path) -> None:
    found = traps_in(
        tmp_path, "-- name: find_it()\nselect * -- all\n  from t\n where t.a[1:2] in (:ids);\n"
    )
    assert [place for place, _ in found] == [(1, 1), (2, 8), (2, 10), (4, 11), (4, 17)]


def test_all_traps_of_a_folder_are_reported_together(tmp_path: Path) -> None:
    (tmp_path / "birds.sql").write_text(f"{HEAD}select * from birds;\n")
    (tmp_path / "fish.sql").write_text(f"{HEAD}select 1;\n")
    (tmp_path / "trees.sql").write_text("-- name: find_it()\nselect 1 -- tree\n")
    with pytest.raises(QueryFileError) as refusal:
        load_queries(tmp_path)
    heard = [line.split(": error:")[0] for line in str(refusal.value).splitlines()]
    folder = tmp_path.name
    assert heard == [
        f"{folder}/birds.sql:3:8",
        f"{folder}/trees.sql:1:1",
        f"{folder}/trees.sql:2:10",
    ]
