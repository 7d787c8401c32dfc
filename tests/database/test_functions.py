"""SQL functions and views are made as the files of sql/functions say."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psycopg
import pytest

from tests.databases import fresh_database
from tripsync.database import function_files
from tripsync.database.files import SQL
from tripsync.database.function_files import load_functions, read_definitions
from tripsync.database.functions import Changes
from tripsync.database.migrations import (
    MigrationError,
    bring_up_to_date,
    find_start_problem,
    known_migrations,
    migrate,
    roll_back,
)
from tripsync.database.queries import QueryFileError
from tripsync.desk import schema

Edit = Callable[[str, str, str], None]


@pytest.fixture(scope="module")
def template(postgres: str) -> Iterator[str]:
    with fresh_database(postgres) as url:
        migrate(url)
        yield urlsplit(url).path.lstrip("/")


@pytest.fixture
def url(postgres: str, template: str) -> Iterator[str]:
    """A migrated database that nobody else uses."""
    with fresh_database(postgres, template) as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files to edit."""
    copy = tmp_path / "sql"
    shutil.copytree(SQL, copy)
    return copy


@pytest.fixture
def edit(folder: Path) -> Edit:
    def replace(file: str, old: str, new: str) -> None:
        path = folder / "functions" / f"{file}.sql"
        text = path.read_text()
        assert text.count(old) == 1
        path.write_text(text.replace(old, new))

    return replace


def ask(url: str, question: str) -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(question.encode()).fetchone()
    return row and row[0]


def everything_in(url: str) -> frozenset[tuple[str, str, str]]:
    with psycopg.connect(url) as connection:
        return schema.everything_in(connection)


def definition_in(text: str, name: str) -> str:
    """The text of a function with the comment above it."""
    [each] = [each for each in read_definitions(Path("x.sql"), text)[0] if each.name == name]
    above = text[: each.starts_at].rfind("\n\n") + 2
    return text[above : each.starts_at + len(each.text)]


def test_what_was_edited_is_made_again_and_nothing_else(url: str, folder: Path, edit: Edit) -> None:
    assert bring_up_to_date(url, folder).functions == Changes()
    edit("people", r"regexp_match(full_name, '\S+'))[1]", r"regexp_match(full_name, '\S+$'))[1]")
    assert bring_up_to_date(url, folder).functions == Changes(("first_name(text)",), ())
    assert ask(url, "select first_name('Asha Rao')") == "Rao"
    assert bring_up_to_date(url, folder).functions == Changes()


def test_a_comment_above_a_function_is_no_change(url: str, folder: Path, edit: Edit) -> None:
    edit("people", "-- All that strangers with a link learn of a name.", "-- The first name.")
    assert bring_up_to_date(url, folder).functions == Changes()


def test_a_function_is_made_after_those_that_it_calls(url: str, folder: Path) -> None:
    for file, text in {
        "0": "-- A.\ncreate or replace view tall_trees as select tree from trees where is_tall(1);",
        "1": "-- B.\ncreate or replace function is_tall(n int) returns boolean language sql\n"
        "return exists (select from trees where tree = least_tall() + n);",
        "2": "-- C.\ncreate or replace function least_tall() returns int language sql return 1;\n\n"
        "-- D.\ncreate or replace view trees as select 2 as tree;",
    }.items():
        (folder / "functions" / f"{file}.sql").write_text(f"{text}\n")
    made = bring_up_to_date(url, folder).functions.made
    assert made == ("trees", "least_tall()", "is_tall(integer)", "tall_trees")
    assert ask(url, "select tree from tall_trees") == 2


def test_another_signature_is_made_with_all_that_stands_on_it(
    url: str, folder: Path, edit: Edit
) -> None:
    before = everything_in(url)
    edit(
        "chat", "function share_work(one bigint, other bigint)", "function share_work(a int, b int)"
    )
    edit("chat", "share_work(one, other)", "share_work(one::int, other::int)")
    for old, new in (
        (
            "work.user_id = one and work.poster_id = other",
            "work.user_id = a and work.poster_id = b",
        ),
        (
            "work.user_id = other and work.poster_id = one",
            "work.user_id = b and work.poster_id = a",
        ),
    ):
        edit("chat", old, new)
    changes = bring_up_to_date(url, folder).functions
    assert changes.made == ("share_work(integer,integer)", "may_chat(bigint,bigint)")
    assert changes.dropped == ("share_work(bigint,bigint)",)
    assert ask(url, "select may_chat(1, 2)") is False
    assert bring_up_to_date(url).functions.dropped == ("share_work(integer,integer)",)
    assert everything_in(url) == before


def test_a_view_with_other_columns_gets_its_rights_again(
    url: str, folder: Path, edit: Edit
) -> None:
    before = everything_in(url)
    edit("people", "       user_id,\n       role\n", "       role,\n       user_id as rider_id\n")
    edit("services", "select users.college_id,\n       users.user_id,", "select users.user_id,")
    edit("services", "post.college_id = reader.college_id", "true")
    changed = bring_up_to_date(url, folder).functions.made
    # Whose row a function takes stands on the view.
    assert changed == (
        "moderators",
        "service_readers",
        "may_see(service_posts,service_readers)",
        "knows_poster(service_posts,service_readers)",
        "shown_poster(service_posts,text,service_readers)",
    )

    def rights(of: frozenset[tuple[str, str, str]]) -> set[tuple[str, str, str]]:
        return {each for each in of if each[0] == "right" and "." not in each[1]}

    assert rights(everything_in(url)) == rights(before)
    bring_up_to_date(url)
    assert everything_in(url) == before


def test_rights_are_what_the_file_says(url: str, folder: Path, edit: Edit) -> None:
    edit("people", "grant select on moderators to tripsync_app;\n", "")
    bring_up_to_date(url, folder)
    allowed = "select has_table_privilege('{}', 'moderators', 'select')"
    assert ask(url, allowed.format("tripsync_app")) is False
    assert ask(url, allowed.format("tripsync_reader")) is True


def test_what_no_file_has_any_more_is_dropped(url: str, folder: Path) -> None:
    before = everything_in(url)
    file = folder / "functions" / "reviews.sql"
    text = file.read_text()
    file.write_text(text.replace(definition_in(text, "review_summary"), ""))
    changes = bring_up_to_date(url, folder).functions
    assert changes == Changes((), ("review_summary(bigint,bigint)",))
    file.unlink()
    assert bring_up_to_date(url, folder).functions == Changes((), ("visible_reviews",))
    assert ask(url, "select to_regclass('visible_reviews')") is None
    bring_up_to_date(url)
    assert everything_in(url) == before


def test_what_somebody_dropped_by_hand_comes_back(url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("drop function first_name(text)")
    assert bring_up_to_date(url).functions == Changes(("first_name(text)",), ())


PINNED = {
    "an index": ("on_the_road", "index pooling_requests_"),
    "a function below an index": ("driving_time", "index pooling_requests_"),
    "a generated column": ("circle_box", "default value for column"),
    "a constraint": ("roles_of_all", "constraint trees_are_known on table trees"),
    "a policy": ("college_in_sight", "policy wall on table"),
    "a trigger": ("count_lost_try", "trigger lost_tries_count on table pgqueuer"),
}


@pytest.mark.parametrize("what", PINNED)
def test_what_something_stored_stands_on_is_refused(url: str, folder: Path, what: str) -> None:
    name, pin = PINNED[what]
    with psycopg.connect(url) as connection:
        connection.execute(
            "set role tripsync_owner;"
            "create function roles_of_all() returns int language sql immutable return 1;"
            "create table trees (n int constraint trees_are_known check (n = roles_of_all()))"
        )
        found = connection.execute(
            "select pg_get_functiondef(oid) from pg_proc where proname = %s", [name]
        ).fetchone()
    assert found
    before = everything_in(url)
    definition = str(found[0]).replace("public.", "").rstrip().removesuffix(";")
    (folder / "functions" / "pinned.sql").write_text(f"\n\n-- Pinned.\n{definition};\n")
    with pytest.raises(MigrationError) as refused:
        bring_up_to_date(url, folder)
    said = str(refused.value)
    assert "sql/functions/pinned.sql:4:1: error: " in said
    assert f"{name}(" in said
    assert f"cannot stand in sql/functions, because {pin}" in said
    assert everything_in(url) == before


def test_a_broken_function_is_named_and_nothing_is_changed(
    url: str, folder: Path, edit: Edit
) -> None:
    before = everything_in(url)
    edit("chat", "and work.status in ('pending', 'accepted')", "and work.statuss = 'pending'")
    edit("people", r"regexp_match(full_name, '\S+'))[1]", r"regexp_match(full_name, '\S+$'))[1]")
    with pytest.raises(MigrationError) as refused:
        bring_up_to_date(url, folder)
    text = (folder / "functions" / "chat.sql").read_text()
    line = text[: text.index("work.statuss")].count("\n") + 1
    assert f"sql/functions/chat.sql:{line}:12: error: column work.statuss does not" in str(
        refused.value
    )
    assert everything_in(url) == before


def test_what_is_not_ours_is_not_dropped(url: str, folder: Path, edit: Edit) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create view first_names as select first_name(full_name) from users")
    edit("people", "first_name(full_name text)", "first_name(name_of_all text)")
    edit("people", r"regexp_match(full_name,", "regexp_match(name_of_all,")
    with pytest.raises(MigrationError, match="view first_names, which is not in sql/functions"):
        bring_up_to_date(url, folder)
    assert ask(url, "select count(*) from first_names") == 0


def test_a_rollback_begins_with_what_migrations_had_left(
    url: str, folder: Path, edit: Edit
) -> None:
    edit(
        "chat", "function share_work(one bigint, other bigint)", "function share_work(a int, b int)"
    )
    edit("chat", "share_work(one, other)", "true")
    edit("chat", "(work.user_id = one and work.poster_id = other or", "(")
    edit("chat", "work.user_id = other and work.poster_id = one)", "true)")
    (folder / "functions" / "trees.sql").write_text(
        "-- Trees.\ncreate or replace view trees as select user_id from moderators;\n"
    )
    (folder / "functions" / "searches.sql").unlink()
    built = everything_in(url)
    bring_up_to_date(url, folder)
    since = [name for name in known_migrations() if name >= "0046"]
    *_, last = roll_back(url, len(since))
    assert last == "0046.functions-are-files"
    assert ("view", "trees") not in {each[:2] for each in everything_in(url)}
    assert ask(url, "select share_work(1::bigint, 2::bigint)") is False
    assert migrate(url) == since
    assert everything_in(url) == built


async def test_a_database_with_other_functions_must_not_be_served(
    url: str, folder: Path, edit: Edit
) -> None:
    async def problem() -> str | None:
        async with asyncpg.create_pool(url, min_size=1, max_size=1) as pool:
            return await find_start_problem(pool)

    assert await problem() is None
    edit("people", r"regexp_match(full_name, '\S+'))[1]", r"regexp_match(full_name, '\S+$'))[1]")
    bring_up_to_date(url, folder)
    assert "has other functions than sql/functions. Run `tripsync migrate`" in str(await problem())
    migrate(url)
    assert await problem() is None
    with psycopg.connect(url) as connection:
        connection.execute("drop function first_name(text)")
    assert "other functions" in str(await problem())


TREE = "-- A tree.\ncreate or replace view trees as select 1 as n;\n"


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (f"{TREE}\ndrop view trees;\n", (4, 1), function_files.UNKNOWN_STATEMENT),
        (f"{TREE}\ngrant select on birds to x;\n", (4, 1), function_files.UNKNOWN_STATEMENT),
        ("-- A tree.\ncreate view trees as select 1;\n", (2, 1), function_files.UNKNOWN_STATEMENT),
        ("-- A tree.\ncreate table trees (n int);\n", (2, 1), function_files.UNKNOWN_STATEMENT),
        (TREE.removeprefix("-- A tree.\n"), (1, 1), "trees lacks its comment"),
        (f"-- Trees.\n\n{TREE[11:]}", (3, 1), "trees lacks its comment"),
        (TREE.replace(";", ""), (2, 1), function_files.OPEN_END),
    ],
    ids=["drop", "another's right", "no replace", "table", "no comment", "gap", "no semicolon"],
)
def test_what_is_no_definition_is_told_by_its_place(
    tmp_path: Path, text: str, place: tuple[int, int], reason: str
) -> None:
    (tmp_path / "functions").mkdir()
    (tmp_path / "functions" / "trees.sql").write_text(text)
    with pytest.raises(QueryFileError) as refused:
        load_functions(tmp_path)
    line, column = place
    assert f"sql/functions/trees.sql:{line}:{column}: error: {reason}" in str(refused.value)


def test_semicolons_within_a_body_end_nothing() -> None:
    text = """\
-- One; with 'quotes' in its comment.
create or replace function one() returns int language sql begin atomic
    select case when true then 1 end; -- here; too
    select 2;
end;
revoke execute on function one() from public;

-- Two.
-- In two lines.
create or replace function two() returns int language plpgsql as $$ begin; return ';'; end; $$;
"""
    definitions, traps = read_definitions(Path("trees.sql"), text)
    assert traps == ()
    assert [(each.name, each.meaning, len(each.statements)) for each in definitions] == [
        ("one", "One; with 'quotes' in its comment.", 2),
        ("two", "Two. In two lines.", 1),
    ]
    assert "".join(each.text for each in definitions).count(";") == text.count(";") - 1
