"""Whatever a DBA breaks in a query file is found before a request runs into it."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import asyncpg
import pytest

from tripsync.database.catalog import Catalog, Column, read_catalog
from tripsync.database.files import SQL, query_files
from tripsync.database.findings import PACKAGE, Finding, for_people
from tripsync.database.roles import connect, connect_at_desk
from tripsync.database.sources import Source, read_sources
from tripsync.database.traps import find_traps
from tripsync.desk.callers import Call, read_calls
from tripsync.desk.checking import check_all
from tripsync.desk.nullability import Nullability
from tripsync.desk.stubs import Told, read_stubs


class Desk(NamedTuple):
    """What all checks of a run share."""

    connection: asyncpg.Connection
    sources: list[Source]
    nullability: Nullability
    catalog: Catalog
    calls: list[Call]
    told: Told


@pytest.fixture(scope="module")
async def desk(database_url: str) -> AsyncIterator[Desk]:
    connection = await connect(database_url)
    sources = [source for file in query_files() for source in read_sources(file)]
    with connect_at_desk(database_url) as beside:
        nullability = Nullability(beside)
        catalog = await read_catalog(connection, sources, nullability)
        calls = read_calls(PACKAGE)
        yield Desk(connection, sources, nullability, catalog, calls, read_stubs())
    await connection.close()


async def findings(desk: Desk, changed: Path, text: str) -> list[Finding]:
    """What is wrong when one file of sql/ is this one; what did not change was right before."""
    if traps := find_traps(changed, text):
        return [Finding(each.path, each.line, each.column, each.reason) for each in traps]
    written = set(map(said, desk.sources))
    others = [source for source in desk.sources if source.file != changed.stem]
    fresh = read_sources(changed)
    changes = [source for source in fresh if said(source) not in written]
    catalog = await read_catalog(desk.connection, changes, desk.nullability)
    return list(check_all([*others, *fresh], changes, catalog, desk.calls, desk.told))


def said(source: Source) -> tuple[object, ...]:
    """A query, wherever in its file it stands."""
    return source.file, source.name, source.declared, source.gives, source.text


async def test_the_query_files_are_in_order(desk: Desk) -> None:
    found = check_all(desk.sources, desk.sources, desk.catalog, desk.calls, desk.told)
    assert "\n".join(map(for_people, found)) == ""


Break = Callable[[str], str | None]


def first(pattern: str, replacement: str) -> Break:
    """The same with the first such place of the statement changed; None where there is none."""

    def change(text: str) -> str | None:
        comments, statement = re.fullmatch(r"((?:--[^\n]*\n)*)(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
        changed, count = re.subn(pattern, replacement, statement, count=1, flags=re.IGNORECASE)
        return f"{comments}{changed}" if count else None

    return change


# Each takes what stands below the name of a query, comments and all.
WAYS: dict[str, Break] = {
    "a typo in a table": first(r"\b(from|join|into|update) ([a-z_]+)\b(?! as \(|\()", r"\1 \2x"),
    "a typo in a column": first(r"(?<![:\w.])college_id\b(?=[^(]*$)", "colege_id"),
    "a typo in a keyword": first(r"(?m)^(with|select|insert|update|delete)\b", r"\1x"),
    "a parameter by another name": first(r"(?<![:\w]):((?-i:[a-z])[a-z_]+)", r":\1_x"),
    "a missing comma": first(r",\n(?=\s+[a-z_.]+(?: as [a-z_]+)?,?\n)", "\n"),
    "a missing parenthesis": first(r"\)", ""),
    "another type": first(r"::(bigint|int|text)\b", "::point"),
    "no comment": lambda text: re.sub(r"\A(?:--[^\n]*\n)+", "", text),
    "a comment behind code": first(r"\n(?=\s+(?:from|where|values)\b)", " -- why\n"),
    "a second statement": lambda text: f"{text.rstrip()}\nselect 1;\n",
    "every column": first(r"(?m)^(select)\s+[^,\n]+,?$", r"\1 *,"),
    "an apostrophe that does not end": first(r";\s*\Z", " and 'x = 1;\n"),
}


def broken(source: Source, columns: Sequence[Column]) -> Iterator[tuple[str, str]]:
    """Ways to break this query, and the file that comes of each."""
    head_at = source.file_text.rindex("\n-- name:", 0, source.starts_at) + 1
    head = source.file_text[head_at : source.starts_at]
    before, after = (
        source.file_text[:head_at],
        source.file_text[source.starts_at + len(source.text) :],
    )

    def with_query(head: str, text: str) -> str:
        return f"{before}{head}{text}{after}"

    for way, change in WAYS.items():
        changed = change(source.text)
        if changed is not None and changed != source.text:
            yield way, with_query(head, changed)
    yield (
        "another name",
        with_query(head.replace(f": {source.name}(", f": {source.name}_x("), source.text),
    )
    if source.declared:
        dropped = re.sub(r"\([a-z_]+,? ?", "(", head)
        yield "a parameter that is not declared", with_query(dropped, source.text)
    sign = "^" if source.gives == "!" else "!"
    yield "another sign", with_query(f"{head.rstrip().rstrip('^$!<')}{sign}\n", source.text)
    for column in columns:
        if renamed := first(rf" as {column.name}(?=,?\n)", f" as {column.name}_x")(source.text):
            yield "a renamed result", with_query(head, renamed)
            break


# Thousands of them.
@pytest.mark.slow
@pytest.mark.timeout(1200)
async def test_what_is_broken_is_found(
    desk: Desk, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    """Every query in every way that it can be broken in."""
    tried: dict[str, int] = {}
    missed: list[str] = []
    for query in desk.catalog.described:
        source = query.source
        for way, text in broken(source, query.columns):
            file = tmp_path / source.path.name
            file.write_text(text)
            tried[way] = tried.get(way, 0) + 1
            if not await findings(desk, file, text):
                missed.append(f"{source.full_name}: {way}")
            file.unlink()
    number = sum(tried.values())
    record_property("broken queries found", f"{number - len(missed)} of {number}: {tried}")
    assert min(tried.values()) >= 20
    assert "\n".join(missed) == ""


async def test_columns_by_other_names_are_named(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "colleges.sql"
    text = (SQL / "colleges.sql").read_text()
    changed = text.replace("select name\n", "select name as title\n")
    assert changed != text
    file.write_text(changed)
    [found] = await findings(desk, file, changed)
    line = next(n for n, each in enumerate(changed.splitlines(), 1) if " as title" in each)
    assert found.line == line
    assert "(name is named title now; did you mean name?); run `tripsync sql stubs`" in found.reason


@pytest.mark.parametrize(
    ("statement", "column", "grant"),
    [
        ("delete from moderation_acts\n where college_id = :college_id;", 13, "delete"),
        ("update moderation_acts\n   set note = ''\n where college_id = :college_id;", 8, "update"),
        (
            "select note\n  from moderation_acts\n where college_id = :college_id\n   for update;",
            8,
            "update",
        ),
    ],
)
async def test_what_servers_may_not_do_is_found(
    desk: Desk, tmp_path: Path, statement: str, column: int, grant: str
) -> None:
    """PREPARE would not tell: the statement is right, and the role may not."""
    file = tmp_path / "moderation.sql"
    text = (SQL / "moderation.sql").read_text()
    file.write_text(f"{text}\n-- name: meddle(college_id)!\n-- Change the trail.\n{statement}\n")
    told = [
        each for each in await findings(desk, file, file.read_text()) if "may not" in each.reason
    ]
    [found] = told
    line = next(n for n, each in enumerate(file.read_text().splitlines(), 1) if "meddle" in each)
    place = statement[: statement.index("moderation_acts")].count("\n")
    assert (found.line, found.column) == (line + 2 + place, column)
    assert found.reason == (
        "tripsync_app may not run it: permission denied for table moderation_acts; "
        f"say `grant {grant} on moderation_acts to tripsync_app;` in a migration"
    )
