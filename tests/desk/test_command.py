"""`tripsync sql` as a DBA uses it."""

import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import asyncpg
import psycopg
import pytest

from tests.desk.conftest import Seeded
from tests.processes import ROOT, Process, copy_of_the_project, surroundings, tripsync
from tripsync.database.findings import Finding, for_github
from tripsync.database.migrations import migrate
from tripsync.desk.callers import calls_of
from tripsync.desk.stubs import STUBS


async def ran(data_dir: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code, and all that was said."""
    process: Process
    with tripsync("sql", *arguments, data_dir=data_dir, **environment) as process:
        return await process.exit_code(), process.said


@pytest.fixture
def edited(tmp_path: Path) -> Path:
    """A project of one's own: the query files to edit, beside the package."""
    copy_of_the_project(tmp_path)
    return tmp_path


async def test_the_tree_is_checked_without_a_server(data_dir: Path) -> None:
    code, said = await ran(data_dir, "check")
    assert code == 0, said
    assert said.strip().endswith("files: nothing to mend")


async def test_a_mistake_is_shown_as_compilers_do(
    edited: Path, data_dir: Path, database_url: str
) -> None:
    file = edited / "sql" / "timers.sql"
    text = file.read_text().replace("taken_at <= now()", "taken_att <= now()", 1)
    assert text != file.read_text()
    line = next(n for n, each in enumerate(text.splitlines(), 1) if "taken_att" in each)
    file.write_text(text)
    with tripsync("sql", "check", data_dir=data_dir, cwd=edited, DATABASE_URL=database_url) as desk:
        assert await desk.exit_code() == 1
        said = desk.said.splitlines()
    place = f"sql/timers.sql:{line}:8"
    assert said[0].startswith(f"{place}: error: column turn.taken_att does not exist")
    assert said[1] == f"    {text.splitlines()[line - 1]}"
    assert said[2] == "    " + " " * 7 + "^"
    assert said[-1].endswith("1 to mend")
    for arguments, code in ((("sql/colleges.sql",), 0), (("sql/timers.sql",), 1)):
        with tripsync(
            "sql", "check", *arguments, data_dir=data_dir, cwd=edited, DATABASE_URL=database_url
        ) as desk:
            assert await desk.exit_code() == code


async def test_a_file_that_is_none_of_ours_is_told(data_dir: Path, database_url: str) -> None:
    code, said = await ran(data_dir, "check", "README.md", DATABASE_URL=database_url)
    assert code == 78
    assert "no query file" in said


async def test_queries_are_listed_with_types_and_callers(data_dir: Path, database_url: str) -> None:
    where = {"DATABASE_URL": database_url}
    code, said = await ran(data_dir, "list", "--long", "find_credentials", **where)
    assert code == 0
    assert "accounts.find_credentials  sql/accounts.sql:" in said
    assert "takes   email text" in said
    assert "user_id int8" in said
    assert "tripsync/auth/api.py:" in said
    assert "POST /api/auth/login" in said
    code, said = await ran(data_dir, "list", "colleges.", "--json", DATABASE_URL=database_url)
    [found] = [each for each in json.loads(said) if each["name"] == "colleges.list_colleges"]
    assert {"name": "after", "type": "text"} in found["parameters"]
    assert found["called_from"]


async def test_a_list_is_one_line_a_query_and_names_come_first(
    data_dir: Path, database_url: str
) -> None:
    code, said = await ran(data_dir, "list", "password", DATABASE_URL=database_url)
    assert code == 0
    lines = said.splitlines()
    names = [line.partition(" ")[0] for line in lines]
    assert "accounts.change_password" in names
    assert "accounts.find_credentials" not in names
    named = ["password" in name for name in names]
    assert True in named
    assert named == sorted(named, reverse=True)
    assert all(re.match(r"\w+(\.\w+| \(\w+\)) +\S", line) for line in lines), said


def test_a_reader_may_have_enough(data_dir: Path) -> None:
    """As `tripsync sql list | head` has."""
    command = [sys.executable, "-m", "tripsync", "sql", "list", "/"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=surroundings(data_dir, {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as listing:
        assert listing.stdout is not None
        assert listing.stderr is not None
        # Before a line is written.
        listing.stdout.close()
        assert listing.stderr.read() == b""
        assert listing.wait() == 128 + signal.SIGPIPE


async def test_an_endpoint_is_listed_with_its_queries(data_dir: Path) -> None:
    code, said = await ran(data_dir, "list", "/api/chat/pools")
    assert (code, said.split()) == (0, ["GET", "/api/chat/pools", "chat.list_pools"])


async def test_the_page_of_queries_is_that_of_today(edited: Path, data_dir: Path) -> None:
    page = edited / "docs/reference/queries.md"
    assert page.read_text() == (ROOT / "docs/reference/queries.md").read_text()
    page.write_text(page.read_text().replace("chat.list_pools", "chat.list_polls"))
    with tripsync("sql", "check", data_dir=data_dir, cwd=edited) as desk:
        assert await desk.exit_code() == 1
        assert "docs/reference/queries.md:1:1: error: it is not what the sources say" in desk.said
    with tripsync("sql", "reference", data_dir=data_dir, cwd=edited) as desk:
        assert await desk.exit_code() == 0
    assert page.read_text() == (ROOT / "docs/reference/queries.md").read_text()


async def test_a_name_that_is_another_now_is_told(edited: Path, data_dir: Path) -> None:
    migration = edited / "migrations/9000.a-better-name.sql"
    migration.write_text("alter table timer_turns rename column taken_at to had_its_turn;\n")
    rollback = edited / "migrations/9000.a-better-name.rollback.sql"
    rollback.write_text("alter table timer_turns rename column had_its_turn to taken_at;\n")
    file = edited / "sql" / "colleges.sql"
    text = file.read_text()
    file.write_text(text.replace("select name\n", "select name as title\n", 1))
    files = ["sql/timers.sql", "sql/colleges.sql"]
    with tripsync("sql", "check", *files, data_dir=data_dir, cwd=edited) as desk:
        assert await desk.exit_code() == 1
        said = desk.said
    assert "(migration 9000 renamed timer_turns.taken_at to had_its_turn)" in said
    assert "name is named title now; did you mean name?" in said
    # What is wrong elsewhere is not looked for.
    assert "schema.sql" not in said


async def test_nothing_found_is_an_exit_status(data_dir: Path, database_url: str) -> None:
    code, _ = await ran(data_dir, "list", "no such thing", DATABASE_URL=database_url)
    assert code == 1


async def test_a_query_is_tried_and_what_it_changed_is_taken_back(
    data_dir: Path, empty_database: str
) -> None:
    migrate(empty_database)
    values = ["--set", "name=a timer of the desk", "--set", "period_seconds=5"]
    where = {"DATABASE_URL": empty_database}
    for _ in range(2):
        code, said = await ran(data_dir, "try", "take_turn", *values, **where)
        assert code == 0, said
        assert "True" in said
        assert "1 row; rolled back" in said
    connection = await asyncpg.connect(empty_database)
    assert await connection.fetchval("select count(*) from timer_turns") == 0
    await connection.close()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["try", "take_turn"], "needs --set name=... --set period_seconds=..."),
        (["try", "take_turn", "--set", "nam=x"], "takes no nam"),
        (["try", "no_such_query"], "no query is named no_such_query"),
        (["try", "find_credential"], "did you mean accounts.find_credentials?"),
        (
            ["try", "take_turn", "--set", "name=x", "--set", "period_seconds=soon"],
            "invalid input syntax",
        ),
        (["explain"], "name a query, or say --all"),
        (["explain", "--all", "--json"], "--json and --text go with a query"),
    ],
)
async def test_what_cannot_be_done_is_said_with_what_to_do(
    data_dir: Path, database_url: str, arguments: list[str], told: str
) -> None:
    code, said = await ran(data_dir, *arguments, DATABASE_URL=database_url)
    assert code == 78
    assert told in said
    assert "Traceback" not in said


async def test_a_plan_is_a_tree_with_its_dearest_node_marked(
    data_dir: Path, database_url: str
) -> None:
    where = {"DATABASE_URL": database_url}
    code, said = await ran(data_dir, "explain", "accounts.find_credentials", **where)
    assert code == 0, said
    assert "on users by" in said
    assert "<==" in said
    values = ["--set", "email=nobody@nowhere.example"]
    code, said = await ran(data_dir, "explain", "find_credentials", *values, "--analyze", **where)
    assert code == 0, said
    assert "0 rows" in said
    assert " ms" in said
    assert "planned in " in said


async def test_a_plan_says_what_is_done_with_the_rows(data_dir: Path, seeded: Seeded) -> None:
    where = {"DATABASE_URL": seeded.url}
    code, said = await ran(data_dir, "explain", "sessions.list_sessions", **where)
    assert code == 0, said
    assert "     by index (user_id = :user_id)\n" in said
    assert "     sorts by session_id DESC\n" in said
    code, said = await ran(data_dir, "explain", "timers.list_due_turns", **where)
    assert "joins where (" in said
    with psycopg.connect(seeded.url) as connection:
        [user_id] = connection.execute(
            "select user_id from sessions where ended_at is null order by session_id limit 1"
        ).fetchone() or [None]
    values = [
        f"--set={each}" for each in ("college_id=0", f"user_id={user_id}", "skip=0", "size=9")
    ]
    values += ["--set=current", "--set=before", "--analyze"]
    code, said = await ran(data_dir, "explain", "sessions.list_sessions", *values, **where)
    assert code == 0, said
    assert re.search(r"filters \(college_id = '0'.*\(\d+ rows? removed\)", said), said
    assert re.search(r"pages: \d+ in memory", said), said


async def test_a_plan_can_be_pasted_into_a_viewer(data_dir: Path, database_url: str) -> None:
    where = {"DATABASE_URL": database_url}
    code, said = await ran(data_dir, "explain", "find_credentials", "--json", **where)
    assert code == 0, said
    assert json.loads(said)[0]["Plan"]["Index Cond"] == "(email = $1)"
    values = ["--set", "email=nobody@nowhere.example", "--analyze"]
    code, said = await ran(data_dir, "explain", "find_credentials", *values, "--text", **where)
    assert code == 0, said
    assert said.startswith("Index Scan using users_email_key on users  (cost=")
    assert "Execution Time: " in said


async def test_the_types_are_those_of_today(data_dir: Path, database_url: str) -> None:
    code, said = await ran(data_dir, "stubs", DATABASE_URL=database_url)
    assert (code, said.splitlines()) == (
        0,
        [
            "tripsync/database/bound.pyi is as it should be",
            "tripsync/database/rows.pyi is as it should be",
        ],
    )


def test_a_workflow_of_github_reads_it_too() -> None:
    told = for_github(Finding(STUBS, 3, 4, "100 % wrong\nand more"))
    assert told == (
        "::error file=tripsync/database/bound.pyi,line=3,col=4::100 %25 wrong%0Aand more"
    )


def test_calls_are_found_however_they_are_written(tmp_path: Path) -> None:
    file = tmp_path / "rides.py"
    file.write_text(
        "async def look(db, request, snapshot, kind):\n"
        "    row = await db.rides.find_ride(ride_id=1)\n"
        "    [only] = await reading(request).rides.list_rides(**which)\n"
        "    async for each in snapshot.rows('rides', f'export_{kind}'):\n"
        "        await getattr(db.rides, 'change_' + kind)(ride_id=2)\n"
        "    hand_on(request.app.ctx.database.reading.rides.find_ride)\n"
        "    return row.rides.start\n"
        "sections = (Section('rides', 'rides.export_rides', shown=briefly),)\n"
        "erasures = (Erase('rides.remove_rides'), leave_all)\n"
        "SEARCHES = SavedSearches(queries=lambda db: db.searches)\n"
    )
    assert sorted((call.line, call.query, call.is_open) for call in calls_of(file)) == [
        (2, "find_ride", False),
        (3, "list_rides", False),
        (4, "export_", True),
        (5, "", True),
        (6, "find_ride", False),
        (8, "export_rides", False),
        (9, "remove_rides", False),
        (10, "count_searches", False),
        (10, "delete_expired", False),
        (10, "delete_search", False),
        (10, "forget_hits", False),
        (10, "list_searches", False),
    ]
