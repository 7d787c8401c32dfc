"""Two versions of queries are run side by side on a database that is thrown away."""

import asyncio
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
import psycopg

from tripsync.database.files import SQL
from tripsync.database.function_files import Definition, load_functions
from tripsync.database.functions import FunctionError, put_in_place
from tripsync.database.migrations import connect_as_owner
from tripsync.database.privileges import forget_plan
from tripsync.database.sources import Source, Statement, read_folder, statement_of, words_in
from tripsync.desk.differences import Difference, compare
from tripsync.desk.drawing import draw
from tripsync.desk.outcomes import NOTING, Outcome, begin, prepare
from tripsync.desk.plans import Plan
from tripsync.desk.values import DeskError, find_source
from tripsync.desk.variations import Values
from tripsync.desk.wanted import Known, read_known

# A query that takes long is tried with fewer values.
LONGEST_SECONDS = 3.0
# So many sets of values are drawn for each that is used: most lead nowhere in a query that asks
# several tables.
CANDIDATES = 3
# So that rows are shown rather than that their order or columns are others.
MANY = 1000


class Versions(NamedTuple):
    """One query, as it was and as it is; None where it is not there."""

    old: Source | None
    new: Source | None

    @property
    def either(self) -> Source:
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def is_edited(self) -> bool:
        if self.old is None or self.new is None:
            return True
        return statement_of(self.old)[::2] != statement_of(self.new)[::2]


class Compared(NamedTuple):
    """What came of one query."""

    versions: Versions
    # How many sets of values both versions were run with.
    tried: int
    # With how many of them one gave a row, or wrote one.
    led_somewhere: int = 0
    found: tuple[tuple[Values, Difference], ...] = ()
    plans: tuple[Plan, Plan] | None = None
    # As one writes the values of the smallest difference down.
    written: Mapping[str, str | None] = {}
    # Why it could not be run at all.
    refusal: str = ""

    @property
    def smallest(self) -> tuple[Values, Difference]:
        def size(each: tuple[Values, Difference]) -> tuple[bool, int]:
            _, difference = each
            return difference.old.refusal != difference.new.refusal, difference.size or MANY

        return min(self.found, key=size)


class Edits(NamedTuple):
    """What two folders of query files have that is not the same."""

    queries: tuple[Versions, ...]
    # Functions and views that are new, gone or others.
    functions: tuple[str, ...]
    old_functions: tuple[Definition, ...]


def edits(old: Path, names: Sequence[str], new: Path = SQL) -> Edits:
    """The queries that were named, else all that were edited, or call what was edited."""
    olds = {each.full_name: each for each in read_folder(old)}
    news = {each.full_name: each for each in read_folder(new)}
    every = [Versions(olds.get(name), news.get(name)) for name in {**news, **olds}]
    old_functions, new_functions = load_functions(old), load_functions(new)
    changed = changed_functions(old_functions, new_functions)
    if names:
        candidates = [each.either for each in every]
        wanted = {find_source(candidates, name).full_name for name in names}
        chosen = [each for each in every if each.either.full_name in wanted]
    else:
        reached = reaching(changed, [*old_functions, *new_functions])
        chosen = [each for each in every if each.is_edited or calls_any(each, reached)]
    return Edits(tuple(chosen), tuple(sorted(changed)), old_functions)


def changed_functions(old: Sequence[Definition], new: Sequence[Definition]) -> set[str]:
    either = {each.digest for each in old} ^ {each.digest for each in new}
    return {each.name for each in (*old, *new) if each.digest in either}


def reaching(changed: set[str], definitions: Sequence[Definition]) -> set[str]:
    """These and all that call them, in turn."""
    found = set(changed)
    while more := {
        each.name
        for each in definitions
        if each.name not in found and found & words_in(each.text).keys()
    }:
        found |= more
    return found


def calls_any(versions: Versions, functions: set[str]) -> bool:
    return any(each and functions & words_in(each.text).keys() for each in versions)


def diff(
    url: str, edited: Edits, number: int, fixed: Mapping[str, str | None] = {}
) -> list[Compared]:
    """What each of them gives with so many sets of values; nothing of it stays."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(NOTING.encode())
    return asyncio.run(compare_all(url, edited, number, fixed))


async def compare_all(
    url: str, edited: Edits, number: int, fixed: Mapping[str, str | None]
) -> list[Compared]:
    connection = await connect_as_owner(url)
    try:
        known = await read_known(connection)
        whole = connection.transaction()
        await whole.start()
        try:
            return await Comparison(connection, edited, known, number, fixed).run()
        finally:
            await whole.rollback()
    finally:
        await connection.close()


class Comparison:
    """Runs all old versions first, on the old functions, and then all new ones."""

    def __init__(
        self,
        connection: asyncpg.Connection,
        edited: Edits,
        known: Known,
        number: int,
        fixed: Mapping[str, str | None],
    ) -> None:
        self._connection = connection
        self._edited = edited
        self._known = known
        self._number = number
        self._fixed = fixed
        self._values: dict[str, list[Values]] = {}
        self._types: dict[str, dict[str, str]] = {}
        self._plans: dict[tuple[str, bool], Plan] = {}
        self._refusals: dict[str, str] = {}

    async def run(self) -> list[Compared]:
        both = [each for each in self._edited.queries if each.old and each.new]
        for each in both:
            await self._draw(each)
        old: dict[str, list[Outcome]] = {}
        again: dict[str, list[Outcome]] = {}
        new: dict[str, list[Outcome]] = {}
        version = self._connection.transaction()
        await version.start()
        try:
            if self._edited.functions:
                await put_in_place(self._connection, self._edited.old_functions)
            await begin(self._connection)
            for each in both:
                name = name_of(each)
                old[name] = self._most_telling(name, await self._outcomes(each.old, was=True))
                again[name] = await self._outcomes(each.old, was=True)
        except FunctionError as reason:
            raise DeskError(f"the old functions do not fit today's schema: {reason}") from None
        finally:
            await version.rollback()
        await begin(self._connection)
        for each in both:
            new[name_of(each)] = await self._outcomes(each.new, was=False)
        await self._connection.execute("set local role none")
        return [
            await self._compared(each, old, again, new) if each in both else Compared(each, 0)
            for each in self._edited.queries
        ]

    async def _draw(self, versions: Versions) -> None:
        name = name_of(versions)
        types: dict[str, str] = {}
        for source in filter(None, versions):
            try:
                types |= (await prepare(self._connection, source)).types
            except asyncpg.PostgresError:
                # Said when it is run.
                continue
        text = "\n".join(each.text for each in versions if each)
        drawn = await draw(self._connection, text, types, self._known, CANDIDATES * self._number)
        if unknown := sorted(self._fixed.keys() - types.keys()):
            raise DeskError(f"{name} takes no {', '.join(unknown)}")
        fixed = await self._read(types)
        self._types[name] = {each: types[each] for each in ordered(versions.either, types)}
        self._values[name] = [values | fixed for values in drawn]

    async def _read(self, types: Mapping[str, str]) -> Values:
        """The values that were given, in Python's own types."""
        found: Values = {}
        for name, given in self._fixed.items():
            try:
                async with self._connection.transaction():
                    found[name] = await self._connection.fetchval(
                        f"select $1::text::{types[name]}", given
                    )
            except asyncpg.PostgresError as reason:
                raise DeskError(f"--set {name}: {reason}") from None
        return found

    async def _outcomes(self, source: Source | None, *, was: bool) -> list[Outcome]:
        assert source is not None
        name = source.full_name
        if name in self._refusals:
            return []
        try:
            text = await prepare(self._connection, source)
            self._plans[name, was] = await self._plan(source, text.statement)
        except asyncpg.PostgresError as reason:
            await forget_plan(self._connection)
            version = "old" if was else "new"
            said = str(reason).partition("\n")[0]
            self._refusals[name] = f"PostgreSQL refuses the {version} text: {said}"
            return []
        outcomes: list[Outcome] = []
        begun = time.monotonic()
        for values in self._values[name]:
            outcomes.append(await text.run(self._connection, values))
            if time.monotonic() - begun > LONGEST_SECONDS:
                break
        return outcomes

    def _most_telling(self, name: str, outcomes: Sequence[Outcome]) -> list[Outcome]:
        """Of all values those that lead somewhere, and some that lead nowhere; the outcomes of
        these, in the order in which they were drawn."""
        somewhere = [nth for nth, each in enumerate(outcomes) if each.leads_somewhere]
        nowhere = [nth for nth, each in enumerate(outcomes) if not each.leads_somewhere]
        kept = somewhere[: self._number - min(len(nowhere), self._number // 3)]
        kept += nowhere[: self._number - len(kept)]
        self._values[name] = [self._values[name][nth] for nth in sorted(kept)]
        return [outcomes[nth] for nth in sorted(kept)]

    async def _plan(self, source: Source, statement: Statement) -> Plan:
        nulls = ", ".join(["null"] * len(statement.parameters))
        async with self._connection.transaction():
            await self._connection.execute(
                "set local plan_cache_mode = force_generic_plan;"
                f"prepare desk as {statement.sql.rstrip().removesuffix(';')}"
            )
            call = f"desk({nulls})" if nulls else "desk"
            said = await self._connection.fetchval(f"explain (format json) execute {call}")
            await self._connection.execute("deallocate desk")
        whole = json.loads(said)[0]
        return Plan(source, whole["Plan"], analyzed=False, said=whole)

    async def _compared(
        self,
        versions: Versions,
        old: Mapping[str, list[Outcome]],
        again: Mapping[str, list[Outcome]],
        new: Mapping[str, list[Outcome]],
    ) -> Compared:
        name = name_of(versions)
        if name in self._refusals:
            return Compared(versions, 0, refusal=self._refusals[name])
        ordered = any("order by" in each.text.lower() for each in versions if each)
        outcomes = list(zip(self._values[name], old[name], again[name], new[name], strict=False))
        found = tuple(
            (values, difference)
            for values, was, once_more, now in outcomes
            if (difference := compare(was, once_more, now, ordered=ordered))
        )
        plans = (self._plans[name, True], self._plans[name, False])
        led = sum(was.leads_somewhere or now.leads_somewhere for _, was, _, now in outcomes)
        result = Compared(versions, len(outcomes), led, found, plans)
        if not found:
            return result
        return result._replace(written=await self._written(name, result.smallest[0]))

    async def _written(self, name: str, values: Values) -> dict[str, str | None]:
        types = self._types[name]
        if not types:
            return {}
        listed = ", ".join(f"(${n}::{types[each]})::text" for n, each in enumerate(types, 1))
        given = [values[each] for each in types]
        row = await self._connection.fetchrow(f"select {listed}", *given)
        return dict(zip(types, row, strict=True))


def ordered(source: Source, names: Iterable[str]) -> list[str]:
    """As the parentheses name them, and then those that only the other version has."""
    return sorted(names, key=(*source.declared, *names).index)


def name_of(versions: Versions) -> str:
    return versions.either.full_name
