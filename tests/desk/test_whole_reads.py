"""`tripsync sql explain --all`: no query gets slower with every rider, or it says why it may."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import fresh_database
from tests.processes import copy_of_the_project, tripsync
from tripsync.database.findings import Finding
from tripsync.database.migrations import migrate
from tripsync.database.sources import read_sources
from tripsync.desk.asking import all_sources
from tripsync.desk.relations import relations
from tripsync.desk.seeding import seed
from tripsync.desk.whole_reads import ENOUGH_RIDERS, NEVER_GROW, check_plans

Gate = Callable[[str], list[Finding]]


@pytest.fixture(scope="module")
def crowded(postgres: str) -> Iterator[psycopg.Connection]:
    """As many riders as the gate has."""
    with fresh_database(postgres) as url:
        migrate(url)
        seed(url, riders=ENOUGH_RIDERS, number=1, bcrypt_rounds=4)
        with psycopg.connect(url) as connection:
            yield connection


@pytest.fixture
def gate(crowded: psycopg.Connection, tmp_path: Path) -> Gate:
    """What is said of one query, whose name and meaning stand above it already."""

    def look(statement: str) -> list[Finding]:
        file = tmp_path / "rides.sql"
        file.write_text(f"-- name: look()\n-- Look.\n{statement}\n")
        return list(check_plans(crowded, read_sources(file)))

    return look


def test_no_query_reads_a_whole_table_without_a_reason(crowded: psycopg.Connection) -> None:
    assert list(check_plans(crowded, all_sources())) == []


def test_every_table_that_never_grows_is_there(crowded: psycopg.Connection) -> None:
    assert NEVER_GROW.keys() <= relations(crowded).keys()


OF_A_RIDER = "college_id = :college_id and user_id = :user_id"
WHOLE_READS = {
    "no index leads to the rows": (
        "select note\n  from pooling_requests\n where note = :note;",
        (4, 8),
        "reads all of pooling_requests",
    ),
    "the table is small yet": (
        "select note\n  from alarms\n where note = :note;",
        (4, 8),
        "reads all of alarms",
    ),
    "a join ends in a scan": (
        "select m.seq\n  from users\n  join messages m on m.content = users.full_name"
        "\n where users.college_id = :college_id and users.user_id = :user_id;",
        (5, 8),
        "reads all of messages",
    ),
    "all of a college is read for one rider": (
        "select pool_id\n  from pools\n where college_id = :college_id and meeting_note = :note;",
        (4, 8),
        "reads all that a college has in pools",
    ),
    "a limit that is never met": (
        "select content\n  from messages\n"
        " where content = :content\n"
        " order by message_id\n limit 1;",
        (4, 8),
        "reads all of messages",
    ),
    "an index is there, and most of the table is wanted": (
        "select note\n  from pooling_requests\n where request_id > 0;",
        (4, 8),
        "reads all of pooling_requests",
    ),
    "it is hidden in a view": (
        "select review_id\n  from visible_reviews\n where comment = :comment;",
        (1, 1),
        "reads all of reviews",
    ),
    "every part of a table is read": (
        "delete\n  from events\n where type = :type;",
        (4, 8),
        "reads all of events",
    ),
}


@pytest.mark.parametrize("how", WHOLE_READS)
def test_a_whole_read_is_found_where_it_stands(gate: Gate, how: str) -> None:
    statement, place, told = WHOLE_READS[how]
    findings = {finding.reason: (finding.line, finding.column) for finding in gate(statement)}
    [reason] = [reason for reason in findings if told in reason]
    assert findings[reason] == place
    assert reason.startswith(f"rides.look {told}")
    assert reason.endswith("give it an index, or say `-- scans: why` below its name")


FINE = {
    "by its own index": f"select request_id from pooling_requests where {OF_A_RIDER};",
    "a table that never grows": "select name from colleges order by name;",
    "through an index of the few that are wanted": (
        "select request_id from pooling_requests where status = 'active' order by request_id;"
    ),
    "a page of what is read in order": (
        "select message_id from messages order by message_id desc limit 20;"
    ),
    "a few rows of a small table": f"select 1 from quiet_hours where {OF_A_RIDER};",
    "every part of a table by its index": f"select seq from events where {OF_A_RIDER};",
    "nearest first": (
        "select post_id from service_posts where deleted_at is null and location is not null"
        " order by location <-> point(:longitude, :latitude) limit 5;"
    ),
    "no table at all": "select 1;",
    "a table of PostgreSQL": "select relname from pg_class;",
}


@pytest.mark.parametrize("how", FINE)
def test_what_does_not_grow_passes(gate: Gate, how: str) -> None:
    assert gate(FINE[how]) == []


SCAN = "select note from pooling_requests where note = :note;"


def test_a_reason_in_words_lets_a_scan_pass(gate: Gate) -> None:
    assert gate(f"-- scans: once a year.\n{SCAN}") == []


def test_a_reason_without_words_is_none(gate: Gate) -> None:
    [finding] = gate(f"-- scans:\n{SCAN}")
    assert (finding.line, finding.column) == (3, 4)
    assert "say in words why" in finding.reason


def test_a_reason_is_told_when_nothing_scans_any_more(gate: Gate) -> None:
    [finding] = gate(f"-- scans: once a year.\n{FINE['by its own index']}")
    assert (finding.line, finding.column) == (3, 4)
    assert "rides.look scans no table; take this line away" in finding.reason


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A project whose sign-in looks through all riders."""
    copy_of_the_project(tmp_path)
    file = tmp_path / "sql" / "accounts.sql"
    text = file.read_text()
    file.write_text(text.replace(" where email = :email", " where upper(email) = :email"))
    assert file.read_text() != text
    return tmp_path


async def test_the_gate_needs_no_database_and_speaks_to_hooks(broken: Path, data_dir: Path) -> None:
    arguments = ("sql", "explain", "--all", "--seeded", "300", "--format", "github")
    with tripsync(*arguments, data_dir=data_dir, cwd=broken) as desk:
        assert await desk.exit_code() == 1
        said = desk.said.splitlines()
    assert any(
        each.startswith("::error file=sql/accounts.sql,line=")
        and "accounts.find_credentials reads all of users; give it an index" in each
        for each in said
    )


async def test_one_query_is_warned_of_too(data_dir: Path, database_url: str) -> None:
    arguments = ("sql", "explain", "idempotency.remove_answers")
    with tripsync(*arguments, data_dir=data_dir, DATABASE_URL=database_url) as desk:
        assert await desk.exit_code() == 0
        assert "warning: idempotency.remove_answers reads all of idempotency_keys" in desk.said


async def test_riders_are_only_made_for_all_queries(data_dir: Path) -> None:
    with tripsync("sql", "explain", "find_credentials", "--seeded", data_dir=data_dir) as desk:
        assert await desk.exit_code() == 78
        assert "--seeded goes with --all" in desk.said
