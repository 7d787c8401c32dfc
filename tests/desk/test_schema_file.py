"""sql/schema.sql says what the migrations make, in words for people."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.databases import fresh_database
from tests.processes import tripsync
from tripsync.database.files import SCHEMA, SQL, query_files
from tripsync.database.migrations import migrate
from tripsync.database.queries import load_queries
from tripsync.desk import schema_file
from tripsync.desk.schema_file import check_schema, dump, write_schema
from tripsync.desk.scratch import scratch_server

ORCHARD = """\
create type size as enum ('Small', 'Large');
create table orchards (orchard_id bigint generated always as identity primary key);
create table apples (
    apple_id   bigserial,
    orchard_id bigint not null references orchards,
    color      text not null default 'Red' check (color <> 'BLUE'),
    ripe_at    timestamptz,
    "order"    integer
);
create unique index apples_by_color on apples (lower(color)) where ripe_at is null;
create function ripen() returns trigger language plpgsql as $$
begin
    -- As It Stands.
    new.ripe_at := now();
    return new;
end;
$$;
create function is_ripe(apple apples) returns boolean language sql stable
return apple.ripe_at < now();
revoke execute on function is_ripe(apples) from public;
create trigger apples_ripen before insert on apples for each row execute function ripen();
alter table apples enable row level security;
create policy own_apples on apples using (orchard_id = 1);
grant select on apples to public;
comment on column apples.color is 'As The Eye sees it.';
create table harvests (year integer) partition by list (year);
create table harvest_1 partition of harvests for values in (1);
create view red_apples as select apple_id from apples where color = 'Red';
"""
READ = """\
create type size as enum (
    'Small',
    'Large'
);

create table apples (
    apple_id   bigint not null default nextval('apples_apple_id_seq'::regclass),
    orchard_id bigint not null,
    color      text default 'Red' not null,
    ripe_at    timestamptz,
    "order"    integer,
    constraint apples_color_check check ((color <> 'BLUE')),
    constraint apples_orchard_id_fkey foreign key (orchard_id) references orchards(orchard_id)
);
create unique index apples_by_color on apples (lower(color)) where (ripe_at is null);
create trigger apples_ripen before insert on apples for each row execute function ripen();
alter table apples enable row level security;
create policy own_apples on apples using ((orchard_id = 1));
grant select on table apples to public;
comment on column apples.color is 'As The Eye sees it.';

create table harvest_1 partition of harvests for values in (1);

create table harvests (
    year integer
)
partition by list (year);

create table orchards (
    orchard_id bigint not null generated always as identity,
    constraint orchards_pkey primary key (orchard_id)
);

create view red_apples as
 select apple_id
   from apples
  where (color = 'Red');

create function is_ripe(apple apples) returns boolean
    language sql stable ...
revoke all on function is_ripe(apple apples) from public;

create function ripen() returns trigger
    language plpgsql
    as $$
begin
    -- As It Stands.
    new.ripe_at := now();
    return new;
end;
$$;
"""


@pytest.fixture(scope="module")
def embedded() -> Iterator[str]:
    """The server that words schemas, whatever the run's own is."""
    with scratch_server() as server:
        yield server


def test_the_file_is_the_schema_that_the_migrations_make(embedded: str) -> None:
    with fresh_database(embedded) as url:
        migrate(url)
        assert SCHEMA.read_text() == dump(url), "run `tripsync sql schema`"


def test_what_belongs_together_stands_together_and_nothing_is_lost(embedded: str) -> None:
    with fresh_database(embedded) as url:
        with psycopg.connect(url) as connection:
            connection.execute(ORCHARD.encode())
        head, _, body = dump(url).partition("\n\n")
    assert "tripsync sql schema" in head
    assert body == READ


def test_the_migrations_that_made_a_thing_are_named(tmp_path: Path) -> None:
    (tmp_path / "0001.trees.sql").write_text("-- create table birds\ncreate table trees (a int);")
    (tmp_path / "0001.trees.rollback.sql").write_text("drop table trees;")
    (tmp_path / "0002.more.sql").write_text(
        "alter table trees add b int;\nalter table trees add c int;\n"
        "create or replace function grow() returns int language sql return 1;"
    )
    assert schema_file.origins(tmp_path) == {
        ("table", "trees"): ["0001.trees", "0002.more"],
        ("function", "grow"): ["0002.more"],
    }


def test_an_old_schema_is_found_at_its_first_old_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schema_file, "SCHEMA", tmp_path / "schema.sql")
    [missing] = check_schema("one\ntwo\n")
    assert (missing.line, "`tripsync sql schema`" in missing.reason) == (1, True)
    assert write_schema("one\ntwo\n")
    assert not write_schema("one\ntwo\n")
    assert list(check_schema("one\ntwo\n")) == []
    assert [each.line for each in check_schema("one\n2\n")] == [2]
    assert [each.line for each in check_schema("one\ntwo\nthree\n")] == [3]


async def test_the_file_is_taken_for_no_query(data_dir: Path) -> None:
    assert SCHEMA.parent == SQL
    assert SCHEMA not in query_files()
    assert "schema" not in load_queries(SQL)
    with tripsync("sql", "check", "sql/schema.sql", data_dir=data_dir) as command:
        assert await command.exit_code() == 78
        assert "no query file" in command.said
