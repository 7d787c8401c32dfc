"""`tripsync sql diff`: what an edit changes shows before it goes live."""

import hashlib
import re
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from tests.databases import fresh_database
from tests.mutants.sql import mutants_of
from tests.processes import ROOT, copy_of_the_project, tripsync
from tripsync.database.migrations import migrate
from tripsync.database.sources import Source, read_file, read_sources
from tripsync.desk.asking import all_sources
from tripsync.desk.bindings import Binding, bindings_of, may_be_null, words_for
from tripsync.desk.diff_command import paragraph
from tripsync.desk.differences import told
from tripsync.desk.diffing import Compared, Edits, Versions, diff
from tripsync.desk.outcomes import NOTING
from tripsync.desk.seeding import FEWEST, seed

TRIES = 40
FIFTY = 50
# Of what no seeded row is in, such as a token that has lapsed and is not swept yet, and of what
# several rows must agree on, such as a saved search and a new ride along it by somebody banned.
MOST_UNSEEN = 6


@pytest.fixture(scope="module")
def crowd(postgres: str) -> Iterator[str]:
    """A seeded database that is to be thrown away."""
    with fresh_database(postgres) as url:
        migrate(url)
        seed(url, riders=FEWEST, number=1, bcrypt_rounds=4)
        yield url


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    return copy_of_the_project(tmp_path)


def edit(file: Path, name: str, old: str, new: str) -> None:
    """Change one query of a file."""
    source = next(each for each in read_sources(file) if each.name == name)
    assert old in source.text
    begin, end = source.starts_at, source.starts_at + len(source.text)
    text = file.read_text()
    file.write_text(text[:begin] + source.text.replace(old, new, 1) + text[end:])


async def differences(folder: Path, data_dir: Path, *arguments: str) -> tuple[int, str]:
    few = f"--riders={FEWEST}"
    with tripsync("sql", "diff", few, *arguments, data_dir=data_dir, cwd=folder) as desk:
        return await desk.exit_code(), desk.said


@pytest.mark.slow
async def test_what_no_check_can_see_is_shown(edited: Path, data_dir: Path) -> None:
    edit(edited / "sql/sessions.sql", "list_sessions", "ended_at is null", "ended_at is not null")
    edit(edited / "sql/sessions.sql", "end_session", "ended_at is null", "ended_at is not null")
    edit(edited / "sql/sessions.sql", "touch_session", "The device was here.", "Seen.")
    code, said = await differences(edited, data_dir, "--against", str(ROOT / "sql"))
    assert code == 1, said
    ended, listed = said.split("sessions.list_sessions  sql/sessions.sql:")
    assert ended.startswith("sessions.end_session  sql/sessions.sql:")
    # A write is shown, one that is made now or one that is no more, and taken back.
    assert re.search(r"[-+] updates sessions \(.*session_id", ended), said
    assert "ended_at: " in ended
    assert "rows: " in listed
    assert "vanish" in listed
    assert "--set college_id=" in listed
    # The two plans, side by side.
    assert "Bitmap Index Scan by sessions_of_user" in listed
    assert " | " in listed
    # A comment is no edit.
    assert said.rstrip().endswith("2 of 2 queries differ")


@pytest.mark.slow
async def test_a_function_shows_in_what_calls_it(edited: Path, data_dir: Path) -> None:
    file = edited / "sql/functions/people.sql"
    text = file.read_text()
    assert r"'\S+'" in text
    file.write_text(text.replace(r"'\S+'", r"'\S\S'", 1))
    code, said = await differences(edited, data_dir, "--against", str(ROOT / "sql"))
    assert code == 1, said
    assert said.startswith("edited in sql/functions: first_name\n")
    assert "safety.find_shared" in said


@pytest.mark.slow
async def test_head_is_what_is_compared_with(edited: Path, data_dir: Path) -> None:
    def git(*arguments: str) -> None:
        person = ["-c", "user.name=Asha", "-c", "user.email=asha@djsce.example"]
        subprocess.run(["git", *person, *arguments], cwd=edited, check=True, capture_output=True)

    code, said = await differences(edited, data_dir)
    assert code == 2
    assert "no git repository here; say `--against FOLDER`" in said
    git("init")
    git("add", "sql")
    git("commit", "-m", "Queries")
    assert await differences(edited, data_dir) == (0, "no query differs from HEAD\n")
    edit(edited / "sql/blocks.sql", "list_blocks", "college_id =", "colledge_id =")
    code, said = await differences(edited, data_dir)
    assert code == 2
    assert "PostgreSQL refuses the new text: column" in said
    code, said = await differences(edited, data_dir, "--against", "v99")
    assert code == 2
    assert "v99" in said


def turned_round() -> list[Versions]:
    """Fifty queries with one condition turned round; which, does not change with the others."""
    found = []
    for source in all_sources():
        turned = [each for each in mutants_of(source) if each.what.startswith("turned round")]
        if turned:
            file = read_file(source.path, turned[0].text)
            new = next(each for each in file.sources if each.name == source.name)
            found.append(Versions(source, new))
    found.sort(key=lambda each: hashlib.sha256(each.either.full_name.encode()).digest())
    return found[:FIFTY]


def is_shown(one: Compared) -> bool:
    return bool(one.found or one.refusal)


def compared(url: str, versions: Sequence[Versions], tries: int) -> list[Compared]:
    with psycopg.connect(url, autocommit=True) as connection:
        # What an earlier test had noted.
        connection.execute("drop schema if exists desk cascade")
    return diff(url, Edits(tuple(versions), (), ()), tries)


@pytest.mark.slow
def test_conditions_that_were_turned_round_are_shown(crowd: str) -> None:
    found = compared(crowd, turned_round(), TRIES)
    unseen = [each.versions.either.full_name for each in found if not is_shown(each)]
    print(f"{len(found) - len(unseen)} of {len(found)} are shown; not: {', '.join(unseen)}")
    assert len(found) == FIFTY
    assert len(unseen) <= MOST_UNSEEN, unseen


@pytest.mark.slow
def test_what_was_not_edited_does_not_differ(crowd: str) -> None:
    same = [Versions(source, source) for source in all_sources()]
    found = compared(crowd, same, 10)
    assert [each.versions.either.full_name for each in found if is_shown(each)] == []
    with psycopg.connect(crowd) as connection:
        # Not even what the runs took of a sequence.
        [taken] = connection.execute(
            "select count(*) from desk.sequences s join pg_sequences p on format('%I.%I',"
            " p.schemaname, p.sequencename)::regclass = sequence"
            " where p.last_value is distinct from s.last_value"
        ).fetchone() or [None]
    assert taken == 0


COLUMNS = {
    "rides": {"ride_id": "int8", "college_id": "int8", "seats": "int2", "noted": "text"},
    "riders": {"user_id": "int8", "college_id": "int8", "name": "text"},
}


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        (
            "select from rides r join riders u on u.college_id = r.college_id"
            " where r.seats >= :wanted and :who = u.user_id;",
            {"wanted": [("r", "rides", "seats")], "who": [("u", "riders", "user_id")]},
        ),
        (
            "select from rides where ride_id = any(:ids::bigint[]) and noted <> ':no';",
            {"ids": [("rides", "rides", "ride_id")]},
        ),
        (
            "insert into rides (college_id, seats) values (:college, :seats::int)"
            " on conflict do nothing;",
            {"college": [("rides", "rides", "college_id")], "seats": [("rides", "rides", "seats")]},
        ),
        (
            "select from unnest(:people::bigint[]) as given (who)"
            " join riders u on u.user_id = given.who;",
            {"people": [("u", "riders", "user_id")]},
        ),
        (
            "select from rides r where (r.seats, r.ride_id) < (:seats::int, :before);",
            {"seats": [("r", "rides", "seats")], "before": [("r", "rides", "ride_id")]},
        ),
    ],
)
def test_a_parameter_stands_for_the_column_beside_it(
    text: str, bound: dict[str, list[tuple[str, str, str]]]
) -> None:
    assert bindings_of(text, COLUMNS) == {
        name: [Binding(*each) for each in columns] for name, columns in bound.items()
    }


def test_what_a_parameter_may_be_is_read_from_the_query() -> None:
    text = "select where (:before::bigint is null or :kind = 'ride') and 'bio' = any(:given) and :x"
    assert [may_be_null(text, each) for each in ("before", "kind")] == [True, False]
    assert [words_for(text, each) for each in ("kind", "given", "x")] == [("ride",), ("bio",), ()]


def test_whatever_is_written_is_noted(crowd: str) -> None:
    """By a statement that does so beside the query's own words, too: what it deletes in turn."""
    with psycopg.connect(crowd, autocommit=True) as connection:
        connection.execute("drop schema if exists desk cascade")
        connection.execute(NOTING.encode())
        with connection.transaction(force_rollback=True):
            connection.execute("delete from sessions")
            acts = connection.execute("select distinct written, act from desk.effects").fetchall()
    assert ("sessions", "deletes") in acts
    assert ("refresh_tokens", "deletes") in acts


def test_a_query_that_leads_nowhere_is_not_called_the_same(crowd: str, tmp_path: Path) -> None:
    def version(limit: int) -> Source:
        file = tmp_path / "tries.sql"
        where = "where college_id = :college_id and email is null"
        statement = f"select user_id from users {where} limit {limit};"
        text = f"-- name: look(college_id)\n-- Look.\n{statement}\n"
        return read_file(file, text).sources[0]

    [found] = compared(crowd, [Versions(version(1), version(2))], 5)
    assert (found.tried, found.led_somewhere) == (5, 0)
    assert "nothing is known: with 5 sets of values it gives no row" in "\n".join(
        paragraph(found, "HEAD")
    )


def test_differences_are_shown_beside_each_other(crowd: str, tmp_path: Path) -> None:
    def version(statement: str) -> Source:
        file = tmp_path / "tries.sql"
        text = f"-- name: look(college_id)\n-- Look.\n{statement}\n"
        return read_file(file, text).sources[0]

    listing = "select user_id, email, college_id from users where college_id = :college_id"
    old = version(f"{listing} order by user_id limit 3;")
    other_words = version(
        "select user_id, upper(email) as email, college_id from users"
        " where college_id = :college_id order by user_id limit 3;"
    )
    other_order = version(
        f"select * from ({listing} order by user_id limit 3) as three order by user_id desc;"
    )
    other_rows = version(f"{listing} order by user_id offset 1 limit 3;")
    other_columns = version("select user_id from users where college_id = :college_id;")
    edits = [Versions(old, each) for each in (other_words, other_order, other_columns, other_rows)]
    said = [told(each.smallest[1]) for edit in edits for each in compared(crowd, [edit], 5)]
    assert said[0][1].startswith("~ ")
    assert " -> " in said[0][1]
    assert said[1][0] == "  the same 3 rows in another order:"
    # A row that has come is not one that has gone, in other words.
    assert sorted(line[0] for line in said[3][1:]) == ["+", "-"]
    assert said[2][:2] == ["- columns user_id, email, college_id", "+ columns user_id"]
