"""docs/reference/queries.md: which queries an endpoint may reach, and what reaches each."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

from tripsync.database.files import PACKAGE
from tripsync.database.findings import Finding
from tripsync.database.sources import Source, first_sentence
from tripsync.desk.callers import Call
from tripsync.desk.endpoints import Reach
from tripsync.desk.listing import names

QUERIES = PACKAGE.parent / "docs" / "reference" / "queries.md"
HEAD = """\
# Queries

Which queries of [sql/](../../sql) an endpoint, a timer or a frame of a socket may reach, and the
other way round, read from the Python sources. It says what may be run in some case or other. Not
listed is what every request does, such as asking whose token it is. `tripsync sql reference` writes
this page; `tripsync sql list --long` says what a query takes and gives.
"""
NOT_BY_ENDPOINTS = "none of these; called by"
STALE = "it is not what the sources say; run `tripsync sql reference`"


def page(sources: Sequence[Source], reach: Reach, calls: Sequence[Call]) -> str:
    return "\n".join([HEAD, *by_entry(sources, reach), *by_query(sources, reach, calls)])


def by_entry(sources: Sequence[Source], reach: Reach) -> Iterator[str]:
    yield "## What each reaches\n\n| from | queries |\n|---|---|"
    for entry, called in reach.items():
        reached = [source.full_name for source in sources if reaches(called, source)]
        yield f"| `{entry}` | {', '.join(reached) or 'none'} |"
    yield ""


def by_query(sources: Sequence[Source], reach: Reach, calls: Sequence[Call]) -> Iterator[str]:
    yield "## From where each is reached\n"
    for file, queries in groupby(sources, lambda source: source.file):
        yield f"### {file}\n\n| query | what it is for | from |\n|---|---|---|"
        for source in queries:
            found = entries_reaching(source, reach)
            where = "<br>".join(f"`{entry}`" for entry in found)
            if not found:
                modules = dict.fromkeys(each.path.stem for each in calls if names(each, source))
                where = f"{NOT_BY_ENDPOINTS} {', '.join(modules) or 'nobody'}"
            yield f"| {source.name} | {in_a_cell(first_sentence(source.meaning))} | {where} |"
        yield ""


def reaches(called: frozenset[Call], source: Source) -> bool:
    return any(names(each, source) for each in called)


def entries_reaching(source: Source, reach: Reach) -> list[str]:
    """The endpoints, timers and frames that may lead to a query."""
    return [entry for entry, called in reach.items() if reaches(called, source)]


def in_a_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def write_page(text: str, file: Path = QUERIES) -> bool:
    """Whether the file was another one."""
    if file.is_file() and file.read_text() == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return True


def check_page(text: str, file: Path = QUERIES) -> Iterator[Finding]:
    """Where there is such a page: an installed package has none."""
    if file.is_file() and file.read_text() != text:
        yield Finding(file, 1, 1, STALE)
