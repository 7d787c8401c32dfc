"""Migrations rehearsed: applied to a database that is thrown away, and watched while they are.

What a statement would do to tables full of rows is judged by what PostgreSQL's books say that it
did to empty ones (desk/effects.py). Then the step is taken back and applied again, and the
schema compared.
"""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from tripsync.database.findings import Finding
from tripsync.database.migrations import MigrationError, in_transaction, migrating, step
from tripsync.desk.effects import WRITES, Books, Table, read_books, spoil_indexes
from tripsync.desk.schema import everything_in
from tripsync.desk.steps import Statement, Step
from tripsync.desk.whole_reads import grows

# What opens and closes transactions; yoyo does, around the whole file.
CONTROL = frozenset(
    {"begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release", "prepare"}
)
MOST_NAMES = 5
OF_ITS_OWN = "in a file of its own that begins with `-- transactional: false`"


class Breach(NamedTuple):
    """A statement that does what it should not, unless a comment above it says why it may."""

    statement: Statement
    rule: str
    reason: str


class StuckError(Exception):
    """A step that cannot be taken; those behind it cannot be rehearsed."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.reason)
        self.finding = finding


def rehearse(url: str, folder: Path, steps: Mapping[str, Step]) -> Iterator[Breach]:
    """Bring an empty database to the last migration of the folder, and watch these steps."""
    with migrating(url, folder) as (backend, migrations):
        for migration in backend.to_apply(migrations):
            if migration.id in steps:
                migration.load()
                yield from Rehearsal(backend, migration, steps[migration.id]).run()
            else:
                step(backend, migration, "apply")


class Rehearsal:
    """One step: there, back, and there again."""

    def __init__(self, backend: Any, migration: Any, what: Step) -> None:
        self._backend = backend
        self._connection: psycopg.Connection = backend.connection
        self._migration = migration
        self._step = what
        self._start = read_books(self._connection)

    def run(self) -> Iterator[Breach]:
        before = everything_in(self._connection)
        with in_transaction(self._backend, self._migration):
            yield from self._go()
            self._backend.mark_one(self._migration, log=False)
        if not self._migration.use_transactions:
            yield from self._go_once_more()
        if self._step.way_back.exists():
            self._come_back(before, everything_in(self._connection))

    def _go(self) -> Iterator[Breach]:
        lost: list[tuple[Statement, frozenset[str]]] = []
        for statement in self._step.statements:
            if statement.verb in CONTROL:
                yield Breach(
                    statement,
                    "transaction",
                    "`tripsync migrate` opens the transaction and ends it; take this away",
                )
                continue
            before, after = self._take(statement)
            for rule, reason in judge(before, after, self._start.tables.keys()):
                yield Breach(statement, rule, reason)
            lost.append((statement, before.names - after.names))
        end = read_books(self._connection)
        for statement, names in lost:
            if gone := shortened(names & self._start.names - end.names):
                yield Breach(
                    statement,
                    "contract",
                    f"servers that run may still use the {gone}; take it away one release after "
                    "the last that does, and say so",
                )

    def _take(self, statement: Statement) -> tuple[Books, Books]:
        """Run it; the books before and after."""
        try:
            if self._migration.use_transactions:
                return self._watch(statement)
            try:
                # What can be in a transaction shows there what it locks and reads.
                with self._connection.transaction():
                    return self._watch(statement)
            except psycopg.errors.ActiveSqlTransaction:
                return self._watch(statement)
        except psycopg.Error as reason:
            raise StuckError(failure(statement, reason)) from None

    def _watch(self, statement: Statement) -> tuple[Books, Books]:
        # Both in one transaction: between two, PostgreSQL may count scans from nought again.
        before = read_books(self._connection)
        self._execute(statement)
        return before, read_books(self._connection)

    def _execute(self, statement: Statement) -> None:
        if self._step.path.suffix == ".py":
            self._migration.process_steps(self._backend, "apply")
        else:
            self._connection.execute(statement.sql.encode())

    def _go_once_more(self) -> Iterator[Breach]:
        """Without a transaction a failed step stays half taken, and is run again from its top."""
        fresh = read_books(self._connection).indexes.keys() - self._start.indexes.keys()
        spoil_indexes(self._connection, list(fresh))
        for statement in self._step.statements:
            try:
                self._execute(statement)
            except psycopg.Error as reason:
                yield Breach(
                    statement,
                    "retry",
                    f"run once more after a failure, it fails: {reason.diag.message_primary}; "
                    "begin with what takes away the half that is there, `if exists`",
                )
                self._connection.rollback()
        for index in read_books(self._connection).indexes.values():
            if not index.is_valid:
                yield Breach(
                    self._step.statements[0],
                    "retry",
                    f"a failure leaves {index.name} invalid, and the next run would leave it so; "
                    f"begin with `drop index concurrently if exists {index.name};`",
                )

    def _come_back(self, before: frozenset[Any], there: frozenset[Any]) -> None:
        for direction, wanted, complaint in (
            ("rollback", before, "it does not take back all that the step did"),
            ("apply", there, "after it, the step does not lead where it led before"),
        ):
            try:
                step(self._backend, self._migration, direction)
            except MigrationError as reason:
                raise StuckError(Finding(self._step.way_back, 1, 1, str(reason))) from None
            if different := everything_in(self._connection) ^ wanted:
                names = shortened({f"{kind} {name}" for kind, name, _ in different})
                raise StuckError(Finding(self._step.way_back, 1, 1, f"{complaint}: {names}"))


def judge(before: Books, after: Books, old: Collection[int]) -> Iterator[tuple[str, str]]:
    """What a statement did that would stop a service, by rule. New tables may have anything."""
    if after.lock_timeout != before.lock_timeout:
        yield (
            "lock-timeout",
            "nobody may wait longer for a lock than `tripsync migrate` lets them: all who come "
            "later wait behind; take this away",
        )
    for (table, number), column in after.columns.items():
        if table in old and column.needs_value and (table, number) not in before.columns:
            yield (
                "required-column",
                f"rows that are there have no value for {column.name}; give it a default, or "
                "leave it nullable until all have one",
            )
    growing = {oid: each for oid, each in after.tables.items() if oid in old and grows(each.name)}
    rewritten = {oid for oid in growing if growing[oid].file != before.tables[oid].file}
    for oid in rewritten:
        yield (
            "rewrite",
            f"{growing[oid].name} is written anew, and nobody can read it meanwhile; add a new "
            "column, fill it in batches, and drop the old one in a later release",
        )
    explained = set(rewritten)
    for rule, oid, reason in read_for_a_reason(before, after, growing):
        if oid not in rewritten:
            explained.add(oid)
            yield rule, reason
    locked = sorted(table.name for table in growing.values() if table.stops_writers)
    for oid, seen in growing.items():
        if oid in explained or seen.scans <= before.tables[oid].scans:
            continue
        if locked:
            yield (
                "scan",
                f"all of {seen.name} is read while nobody can write {', '.join(locked)}; "
                "put one of the two into a file of its own",
            )
        elif WRITES in seen.locks:
            yield (
                "bulk",
                f"all of {seen.name} is looked through to change it, in one transaction; let a "
                "timer do it, some thousand rows at a time",
            )


def read_for_a_reason(
    before: Books, after: Books, growing: Mapping[int, Table]
) -> Iterator[tuple[str, int, str]]:
    """Tables that are read, under a lock that stops writers, for something there is a way for."""
    read = {
        oid: table
        for oid, table in growing.items()
        if table.stops_writers and table.scans > before.tables[oid].scans
    }
    for number, index in after.indexes.items():
        if number not in before.indexes and index.table in read:
            name = read[index.table].name
            yield (
                "index",
                index.table,
                f"nobody can write {name} while {index.name} is built; say `concurrently`, "
                f"{OF_ITS_OWN} (a constraint can then be added `using index`)",
            )
    for number, constraint in after.constraints.items():
        if number not in before.constraints and constraint.table in read:
            name = read[constraint.table].name
            yield (
                "constraint",
                constraint.table,
                f"nobody can write {name} while all of it is read for {constraint.name}; add it "
                "`not valid`, and `validate constraint` in the next file",
            )
    for (oid, number), column in after.columns.items():
        was = before.columns.get((oid, number))
        if oid in read and column.is_required and was and not was.is_required:
            yield (
                "not-null",
                oid,
                f"nobody can read {read[oid].name} while all of it is searched for nulls; first "
                f"`add check ({column.name} is not null) not valid`, validate it in the next "
                "file, then this is quick",
            )


def shortened(names: Collection[str]) -> str:
    """Some of them, tables without their columns."""
    tables = tuple(f"column {each.removeprefix('table ')}." for each in names if "table " in each)
    told = sorted(each for each in names if not each.startswith(tables))
    more = f" and {len(told) - MOST_NAMES} more" if len(told) > MOST_NAMES else ""
    return ", ".join(told[:MOST_NAMES]) + more


def failure(statement: Statement, reason: psycopg.Error) -> Finding:
    said = reason.diag.message_primary or str(reason)
    if reason.diag.message_hint:
        said += f" ({reason.diag.message_hint})"
    if isinstance(reason, psycopg.errors.ActiveSqlTransaction):
        said += f"; put it {OF_ITS_OWN}"
    before = statement.sql[: int(reason.diag.statement_position or 1) - 1]
    line, _, rest = before.rpartition("\n")
    if "\n" not in before:
        return Finding(statement.path, statement.line, statement.column + len(before), said)
    return Finding(statement.path, statement.line + line.count("\n") + 1, len(rest) + 1, said)
