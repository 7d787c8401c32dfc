"""The queue's tables are those of the pgqueuer that is pinned."""

from importlib.metadata import version

import psycopg
from pgqueuer.adapters.persistence.schema_ddl import render_converge
from pgqueuer.domain.settings import DBSettings

from tests.database.test_migrations import everything_in
from tripsync.database.migrations import migrate

# The release whose tables the migrations lead to. To move it: see migrations/0030.job-queue.py.
RELEASE = "1.6.0"


def test_the_migrations_lead_to_the_tables_of_the_release_in_use() -> None:
    assert version("pgqueuer") == RELEASE


def test_what_the_release_would_upgrade_is_there_already(empty_database: str) -> None:
    migrate(empty_database)
    before = everything_in(empty_database)
    assert any(name == "pgqueuer.entrypoint" for _, name, _ in before)
    with psycopg.connect(empty_database) as connection:
        connection.execute("\n".join(render_converge(DBSettings())))
    assert everything_in(empty_database) == before
