"""What PostgreSQL says of a mutant before any test runs.

What it refuses would be noticed by whatever calls it. And what it plans as it plans the query
itself, node by node, is the query: a left join whose lost rows the `where` takes away again, or a
condition that follows from others.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg.errors import Diagnostic

from tests.mutants.sql import Mutant, changed_function, is_function
from tripsync.database.files import SQL
from tripsync.database.queries import Query, load_file

# Where in the text something stood, how dear it is thought to be, and of which kind a join was
# written: the node that joins says of which kind it is.
NOT_OF_THE_PLAN = re.compile(
    r" :(?:location|stmt_location|stmt_len|queryId|jointype|[\w.]*cost"
    r"|[\w.]*plan_rows|[\w.]*plan_width|list_start|list_end) [^ )}]+"
)
GENERIC = "plan_cache_mode = force_generic_plan"


class Planner:
    """Asks a database that has the schema."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        self._plan = ""
        connection.prepare_threshold = None
        connection.add_notice_handler(self._note)
        for setting in ("client_min_messages = log", "debug_print_plan = on", "jit = off", GENERIC):
            connection.execute(f"set {setting}".encode())

    def _note(self, said: Diagnostic) -> None:
        # The last one: before it come those of functions that are read for the first time.
        self._plan = said.message_detail or ""

    def is_worth_a_test(self, mutant: Mutant) -> bool:
        """Whether it is SQL, and other SQL than what is written."""
        try:
            if is_function(mutant):
                self._run(changed_function(mutant))
                return True
            file, _, name = mutant.where.partition(".")
            path = SQL / f"{file}.sql"
            written, changed = (
                self._plan_of(load_file(path, text)[name])
                for text in (path.read_text(), mutant.text)
            )
        except psycopg.Error:
            return False
        return written != changed

    def _plan_of(self, query: Query) -> str:
        """For any values, as a server has it after a while."""
        self._run("deallocate all")
        self._plan = ""
        nulls = ", ".join(["null"] * len(query.parameters))
        self._run(f"prepare asked as {query.sql}")
        self._run(f"explain execute asked{nulls and f'({nulls})'}")
        assert self._plan
        return NOT_OF_THE_PLAN.sub("", " ".join(self._plan.split()))

    def _run(self, sql: str) -> None:
        """Nothing is kept."""
        with self._connection.transaction(force_rollback=True):
            self._connection.execute(sql.encode())


@contextmanager
def planner(url: str) -> Iterator[Planner]:
    """Over a connection of its own."""
    with psycopg.connect(url) as connection:
        yield Planner(connection)
