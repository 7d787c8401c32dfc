"""What speaks against a migration is found before a database meets it; what does not, passes."""

import argparse
import hashlib
import re
import shutil
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.databases import fresh_database
from tests.processes import copy_of_the_project, tripsync
from tripsync.database.files import MIGRATIONS
from tripsync.database.findings import Finding
from tripsync.desk import migration_command
from tripsync.desk.migrations import check_migrations
from tripsync.desk.released import read_released, release
from tripsync.desk.steps import migration_files
from tripsync.desk.values import DeskError

FOREST = """\
create table forests (forest_id bigint primary key);

create table trees (
    tree_id   bigint generated always as identity primary key,
    forest_id bigint,
    name      text,
    height    integer not null default 1
);

create unique index trees_by_name on trees (name);

create function first_letter(word text) returns text language sql immutable
return left(word, 1);

create view tall_trees as select tree_id, name from trees where tree_id < 10;
"""
NO_FOREST = """\
drop view tall_trees;
drop function first_letter(text);
drop table trees;
drop table forests;
"""
ALONE = "-- transactional: false\n"

Write = Callable[..., Path]
Check = Callable[[], list[Finding]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Migrations of which the first is released."""
    shutil.copy(MIGRATIONS / "squawk.toml", tmp_path)
    (tmp_path / "0001.forest.sql").write_text(FOREST)
    (tmp_path / "0001.forest.rollback.sql").write_text(NO_FOREST)
    release(tmp_path, migration_files(tmp_path))
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes the next migration: `write("create table ...", back="drop table ...")`."""

    def written(there: str, back: str | None = "", name: str = "0002.next") -> Path:
        file = folder / f"{name}.sql"
        file.write_text(there)
        if back is not None:
            (folder / f"{name}.rollback.sql").write_text(back)
        return file

    return written


@pytest.fixture
def check(folder: Path, postgres: str) -> Check:
    return partial(check_migrations, folder, partial(fresh_database, postgres))


def rules(found: list[Finding]) -> list[tuple[int, str]]:
    """The rules that were broken, and in which lines."""
    named = [(each.line, re.search(r"\[([\w-]+)\]$", each.reason)) for each in found]
    return [(line, name[1]) for line, name in named if name]


# A rule, what breaks it in its last statement, the better way, and the way back from there.
RULES = [
    (
        "rewrite",
        "alter table trees\n    alter column height type bigint;",
        "alter table trees\n    add column tall bigint;",
        "alter table trees drop column tall;",
    ),
    (
        "rewrite",
        "alter table trees add column luck double precision default random();",
        "alter table trees add column luck double precision default 0.5;",
        "alter table trees drop column luck;",
    ),
    (
        "rewrite",
        "alter table trees add column feet integer generated always as (height * 3) stored;",
        "create table ferns (size integer, area integer generated always as (size * 2) stored);",
        "drop table ferns;",
    ),
    (
        "index",
        "create index trees_by_height on trees (height);",
        f"{ALONE}drop index concurrently if exists trees_by_height;\n"
        "create index concurrently trees_by_height on trees (height);",
        "drop index trees_by_height;",
    ),
    (
        "index",
        "alter table trees add constraint one_height unique (height);",
        "alter table trees add constraint one_name unique using index trees_by_name;",
        "alter table trees drop constraint one_name;\n"
        "create unique index trees_by_name on trees (name);",
    ),
    (
        "constraint",
        "alter table trees add constraint grown check (height > 0);",
        "alter table trees add constraint grown check (height > 0) not valid;",
        "alter table trees drop constraint grown;",
    ),
    (
        "constraint",
        "alter table trees add constraint rooted foreign key (forest_id) references forests;",
        "alter table trees add constraint rooted foreign key (forest_id) references forests"
        " not valid;",
        "alter table trees drop constraint rooted;",
    ),
    (
        "not-null",
        "alter table trees alter column name set not null;",
        "alter table trees add constraint named check (name is not null) not valid;",
        "alter table trees drop constraint named;",
    ),
    (
        "required-column",
        "alter table forests add column name text not null;",
        "alter table forests add column name text not null default '';",
        "alter table forests drop column name;",
    ),
    (
        "scan",
        "alter table trees add column age integer;\n"
        "create table old_trees as select tree_id from trees;",
        "create table old_trees as select tree_id from trees;\n"
        "alter table trees add column age integer;",
        "alter table trees drop column age;\ndrop table old_trees;",
    ),
    (
        "bulk",
        "update trees set height = height + 1;",
        "insert into forests (forest_id) values (1);",
        "delete from forests;",
    ),
    (
        "contract",
        "alter table trees rename column height to tallness;",
        "alter table trees add column tallness integer;",
        "alter table trees drop column tallness;",
    ),
    (
        "contract",
        "drop function first_letter(text);",
        "create or replace function first_letter(word text) returns text\n"
        "language sql immutable\nreturn substr(word, 1, 1);",
        "create or replace function first_letter(word text) returns text\n"
        "language sql immutable\nreturn left(word, 1);",
    ),
    (
        "contract",
        "drop view tall_trees;",
        "drop view tall_trees;\n"
        "create view tall_trees as select tree_id, name from trees where tree_id < 20;",
        "drop view tall_trees;\n"
        "create view tall_trees as select tree_id, name from trees where tree_id < 10;",
    ),
    (
        "lock-timeout",
        "select set_config('lock_timeout', '0', false);",
        "select set_config('work_mem', '32MB', true);",
        "",
    ),
    (
        "transaction",
        "commit;",
        "do $$ begin perform 1; end; $$;",
        "",
    ),
    (
        "require-concurrent-index-deletion",
        "drop index trees_by_name;",
        f"{ALONE}drop index concurrently if exists trees_by_height;",
        "create index trees_by_height on trees (height);",
    ),
    (
        "ban-truncate-cascade",
        "truncate forests cascade;",
        "-- truncate forests cascade;\ncomment on table forests is 'all of them';",
        "comment on table forests is null;",
    ),
    (
        "prefer-text-field",
        "create table birds (name varchar(20));",
        "create table birds (name text);",
        "drop table birds;",
    ),
]


@pytest.mark.parametrize(("rule", "bad"), [each[:2] for each in RULES])
def test_what_breaks_a_rule_is_found_in_its_line(
    write: Write, check: Check, rule: str, bad: str
) -> None:
    write(f"-- Why it is done.\n\n{bad}\n", back=None)
    the_last_statement = max(n for n, line in enumerate(bad.splitlines(), 3) if line[0] != " ")
    assert (the_last_statement, rule) in rules(check())


def test_the_better_way_passes_every_rule(write: Write, check: Check) -> None:
    for number, (_, _, good, back) in enumerate(RULES, 2):
        write(f"-- Why it is done.\n\n{good}\n", back, f"{number:04}.better")
    assert check() == []


def test_new_tables_may_have_anything(write: Write, check: Check) -> None:
    write(
        """\
create table birds (
    bird_id bigint generated always as identity primary key,
    tree_id bigint not null,
    name    text not null
);
create index birds_by_name on birds (name);
alter table birds add check (name <> ''), add foreign key (bird_id) references birds;
alter table birds alter column name type varchar;
update birds set name = '';
alter table birds enable row level security;
create policy birds_of_own on birds using (true);
""",
        "drop table birds;",
    )
    assert check() == []


def test_tables_that_never_grow_may_be_changed_at_once(write: Write, check: Check) -> None:
    write("create table colleges (name text);", "drop table colleges;", "0002.colleges")
    write(
        "alter table colleges alter column name type varchar, alter column name set not null;\n"
        "create index colleges_by_name on colleges (name);\n",
        "drop index colleges_by_name;\n"
        "alter table colleges alter column name type text, alter column name drop not null;\n",
        "0003.names",
    )
    assert check() == []


def test_what_hides_in_a_block_of_code_is_seen(write: Write, check: Check) -> None:
    write(
        """\
-- Squawk reads words, and finds none here.
do $$
begin
    execute replace('alter table trees alter col height type bigint', 'col', 'column');
end;
$$;
""",
        "alter table trees alter column height type integer;",
    )
    assert rules(check()) == [(2, "rewrite")]


@pytest.mark.parametrize(
    ("above", "told"),
    [
        ("-- allows rewrite: there are few trees, and nobody rides at night\n", []),
        ("-- allows rewrite:\n", [(1, "say why"), (2, "[rewrite]")]),
        ("-- allows rewrite\n", [(1, "say why"), (2, "[rewrite]")]),
        ("-- allows index: they are few\n", [(1, "take this line away"), (2, "[rewrite]")]),
        (
            "-- allows rewrite: they are few\ncomment on table trees is 'grown';\n",
            [(1, "take this line away"), (3, "[rewrite]")],
        ),
    ],
    ids=["a reason", "no reason", "no colon", "another rule", "another statement"],
)
def test_a_rule_is_broken_with_a_reason_above_the_statement(
    write: Write, check: Check, above: str, told: list[tuple[int, str]]
) -> None:
    write(
        f"{above}alter table trees alter column height type bigint;\n",
        "comment on table trees is null;\nalter table trees alter column height type integer;",
    )
    found = check()
    assert [each.line for each in found] == [line for line, _ in told]
    assert all(words in each.reason for each, (_, words) in zip(found, told, strict=True))


def test_an_allowance_that_is_needed_no_more_is_told(write: Write, check: Check) -> None:
    write(
        "create table birds (name text);\n-- allows contract: nobody reads it\n",
        "drop table birds;",
    )
    [found] = check()
    assert (found.line, "take this line away" in found.reason) == (2, True)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"0002.birds.sql": ""}, ("0002.birds.sql", "write 0002.birds.rollback.sql")),
        ({"0002.birds.rollback.sql": ""}, ("0002.birds.rollback.sql", "remove it")),
        ({"0001.forest.sql": FOREST + "\n"}, ("0001.forest.sql", "write the next migration")),
        (
            {"0001.forest.rollback.sql": f"-- quick\n{NO_FOREST}"},
            ("0001.forest.rollback.sql", "write the next migration"),
        ),
        (
            {"0001.birds.sql": "", "0001.birds.rollback.sql": ""},
            ("0001.forest.sql", "0001.birds.sql has the number 0001"),
        ),
        (
            {"0000.birds.sql": "", "0000.birds.rollback.sql": ""},
            ("0000.birds.sql", "take the next number"),
        ),
        (
            {"0002.birds_nest.sql": "", "0002.birds_nest.rollback.sql": ""},
            ("0002.birds_nest.sql", "name it NNNN.what-it-does.sql"),
        ),
        (
            {"0002.birds.py": "from yoyo import step\n\nsteps = [step('select 1', 'select 1')]\n"},
            ("0002.birds.py", "why a library"),
        ),
    ],
    ids=[
        "no way back",
        "nothing to take back",
        "a released file",
        "a released way back",
        "a number twice",
        "a number of the past",
        "a name",
        "a library",
    ],
)
def test_what_shows_in_the_files_alone_is_found(
    folder: Path, check: Check, files: dict[str, str], told: tuple[str, str]
) -> None:
    for name, text in files.items():
        (folder / name).write_text(text)
    found = {each.path.name: each.reason for each in check()}
    assert told[1] in found.get(told[0], ""), found


def test_a_released_file_that_is_gone_is_found_in_the_list(folder: Path, check: Check) -> None:
    (folder / "0001.forest.rollback.sql").unlink()
    gone = next(each for each in check() if each.path.name == "released.sha256")
    assert (gone.line, "0001.forest.rollback.sql is released and gone" in gone.reason) == (1, True)


@pytest.mark.parametrize(
    ("there", "back", "told"),
    [
        (
            "create table birds (name text);\ncreate type size as enum ('small');",
            "drop table birds;",
            "does not take back all that the step did: type size",
        ),
        ("grant select on trees to public;", "", "right trees for everybody"),
        (
            "alter table trees enable row level security;\n"
            "create policy own_trees on trees using (true);",
            "alter table trees disable row level security;",
            "policy own_trees of trees",
        ),
        (
            "create table birds (name text);",
            "drop table bird;",
            'table "bird" does not exist',
        ),
        (
            "create table if not exists forests (name text);",
            "drop view tall_trees;\ndrop table trees, forests;",
            "does not take back all that the step did",
        ),
        (
            "do $$ begin execute format('create table birds%s ()', txid_current()); end $$;",
            "do $$ declare it text; begin select relname into it from pg_class"
            " where relname like 'birds%'; execute 'drop table ' || it; end $$;",
            "does not lead where it led before",
        ),
    ],
    ids=["a type", "a right", "a policy", "a failure", "too much", "another way"],
)
def test_a_way_back_that_leads_elsewhere_is_found(
    write: Write, check: Check, there: str, back: str, told: str
) -> None:
    write(there, back)
    [found] = check()
    assert found.path.name == "0002.next.rollback.sql"
    assert told in found.reason


@pytest.mark.parametrize(
    ("there", "line", "told"),
    [
        ("create index concurrently trees_by_height on trees (height);", 1, "transactional: false"),
        (
            f"{ALONE}create index concurrently if not exists trees_by_height on trees (height);",
            2,
            "drop index concurrently if exists trees_by_height",
        ),
        (
            f"{ALONE}create index concurrently trees_by_height on trees (height);",
            2,
            "run once more after a failure, it fails",
        ),
        (f"{ALONE}create index trees_by_height on trees (height);", 2, "nobody can write trees"),
    ],
    ids=["in a transaction", "left invalid", "not twice", "not concurrently"],
)
def test_an_index_is_built_beside_the_service_and_can_be_tried_again(
    write: Write, check: Check, there: str, line: int, told: str
) -> None:
    write(there, back=None)
    assert [each.line for each in check() if told in each.reason] == [line]


def test_what_postgres_refuses_is_shown_at_its_place(write: Write, check: Check) -> None:
    file = write(
        "create table birds (name text);\n\n"
        "alter table trees\n    add column nest bigint,\n    alter colum nest set not null;\n"
    )
    [found] = [each for each in check() if each.path == file and "syntax error" in each.reason]
    assert (found.line, found.column) == (5, 17)


def test_validating_in_the_next_file_stops_nobody(write: Write, check: Check) -> None:
    named = "alter table trees add constraint named check (name is not null) not valid;\n"
    validated = "alter table trees validate constraint named;\n"
    write(f"{named}{validated}", "alter table trees drop constraint named;")
    assert rules(check()) == [(2, "constraint")]
    write(named, "alter table trees drop constraint named;")
    write(validated, "alter table trees drop constraint named;\n" + named, "0003.validated")
    write(
        "alter table trees alter column name set not null;",
        "alter table trees alter column name drop not null;",
        "0004.required",
    )
    assert check() == []


def test_the_example_of_the_readme_breaks_no_rule(folder: Path, check: Check) -> None:
    """Its ways back are left to the reader."""
    shutil.copytree(MIGRATIONS, folder, dirs_exist_ok=True)
    for file in folder.glob("0001.forest.*"):
        file.unlink()
    release(folder, migration_files(folder))
    text = (MIGRATIONS / "README.md").read_text()
    examples = re.findall(r"```sql\n-- (\d{4}\.\S+\.sql)\n(.*?)```", text, re.DOTALL)
    for name, example in examples:
        (folder / name).write_text(example)
    assert len(examples) == 3
    assert [each.path.name for each in check()] == [name for name, _ in examples]


def test_a_check_is_widened_in_one_statement(write: Write, check: Check) -> None:
    low = "add constraint low check (height < 100) not valid"
    write(f"alter table trees {low};", "alter table trees drop constraint low;")
    write(
        "alter table trees\n    drop constraint low,\n"
        "    add constraint low check (height < 200) not valid;",
        f"alter table trees drop constraint low, {low};",
        "0003.higher",
    )
    assert check() == []


def test_what_is_released_cannot_be_mended_and_is_not_judged(
    folder: Path, write: Write, check: Check
) -> None:
    write("alter table trees alter column height type bigint;")
    assert check()
    release(folder, migration_files(folder))
    assert check() == []


def test_the_list_of_released_files_is_one_that_sha256sum_reads(folder: Path) -> None:
    for name, digest in read_released(folder).items():
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == digest
    for line in (folder / "released.sha256").read_text().splitlines():
        assert re.fullmatch(r"[0-9a-f]{64}  \S+", line)


def test_without_squawk_it_is_said_how_to_get_it(
    write: Write, check: Check, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    write("create table birds (name text);", "drop table birds;")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeskError, match=r"pip install 'tripsync\[desk\]'"):
        check()


async def test_the_command_says_what_compilers_say(tmp_path: Path, data_dir: Path) -> None:
    """With a server of its own, whatever the configured database is."""
    copy_of_the_project(tmp_path)
    for file in migration_files(tmp_path / "migrations"):
        if file.name > "0003":
            file.unlink()
    (tmp_path / "migrations" / "released.sha256").unlink()
    release(tmp_path / "migrations", migration_files(tmp_path / "migrations"))
    bad = "alter table users\n    drop column nest;\n"
    (tmp_path / "migrations" / "0003.birds.sql").write_text(bad)
    (tmp_path / "migrations" / "0003.birds.rollback.sql").write_text("")
    nowhere = "postgresql://postgres@127.0.0.1:1/postgres"
    with tripsync(
        "migrate",
        "--check",
        "migrations/0003.birds.sql",
        data_dir=data_dir,
        cwd=tmp_path,
        DATABASE_URL=nowhere,
    ) as command:
        assert await command.exit_code() == 1
        missing = 'error: column "nest" of relation "users" does not exist'
        assert command.said.splitlines() == [
            f"migrations/0003.birds.sql:1:1: {missing}",
            "    alter table users",
            "    ^",
            "1 file: 1 to mend",
        ]


def test_a_release_asks_for_all_that_a_check_does_and_for_no_gap(
    folder: Path,
    write: Write,
    postgres: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(migration_command, "MIGRATIONS", folder)
    monkeypatch.setattr(migration_command, "database_of_its_own", partial(fresh_database, postgres))

    def released() -> tuple[int, list[str]]:
        chosen = argparse.Namespace(format="github")
        return migration_command.release_all(chosen), capsys.readouterr().out.splitlines()

    write("alter table trees alter column height type bigint;", "", "0003.late")
    code, said = released()
    late, back = folder / "0003.late.sql", folder / "0003.late.rollback.sql"
    assert code == 1
    *said, verdict = said
    assert verdict.endswith(f"{len(said)} to mend")
    assert {each.split("::")[1] for each in said} == {
        f"error file={late},line=1,col=1",
        f"error file={back},line=1,col=1",
    }
    write("create table birds (name text);", "drop table birds;", "0003.late")
    gap = f"::error file={late},line=1,col=1::there is no 0002; close the gap"
    assert released() == (1, [gap, "4 files: 1 to mend"])
    assert "0003.late.sql" not in read_released(folder)
    for file in (late, back):
        file.rename(folder / file.name.replace("0003", "0002"))
    names = ["0002.late.rollback.sql", "0002.late.sql"]
    assert released() == (0, [f"released {name}" for name in names])
    assert released() == (0, ["nothing to do: all are released"])
    assert set(names) < set(read_released(folder))


def test_our_own_migrations_are_sound(postgres: str) -> None:
    assert check_migrations(MIGRATIONS, partial(fresh_database, postgres)) == []


def test_what_a_file_of_functions_says_is_no_matter_of_a_migration(
    write: Write, check: Check
) -> None:
    file = write(
        "-- create function first_name\ncreate function last_name() returns int return 1;\n\n"
        "create or replace function first_name(full_name text) returns text return full_name;\n",
        back="drop function last_name();\ndrop function first_name(text);\n",
        name="9000.next",
    )
    [found] = check()
    assert (found.path, found.line, found.column) == (file, 4, 1)
    assert found.reason.startswith("first_name stands in sql/functions/people.sql, from which")
