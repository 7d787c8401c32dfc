"""What a DBA types: files, names of queries, and `--set name=value` in PostgreSQL's own writing."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from tripsync.database.findings import shown
from tripsync.database.sources import Source, Statement


class DeskError(Exception):
    """What was asked cannot be done; the message says what to do."""


def read_values(given: Sequence[str]) -> dict[str, str | None]:
    """`name=value`; a name alone is null."""
    values: dict[str, str | None] = {}
    for each in given:
        name, is_set, value = each.partition("=")
        values[name.strip()] = value if is_set else None
    return values


def in_order(
    source: Source, statement: Statement, values: dict[str, str | None]
) -> list[str | None]:
    """The values as the statement numbers them."""
    unknown = sorted(values.keys() - set(statement.parameters))
    missing = [name for name in statement.parameters if name not in values]
    if unknown:
        raise DeskError(f"{source.full_name} takes no {', '.join(unknown)}")
    if missing:
        wanted = " ".join(f"--set {name}=..." for name in missing)
        raise DeskError(f"{source.full_name} needs {wanted} (a name alone is null)")
    return [values[name] for name in statement.parameters]


def find_source(sources: Sequence[Source], name: str) -> Source:
    """By `file.query`, or by the query's name where only one file has it."""
    found = [each for each in sources if name in (each.full_name, each.name)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DeskError(f"{name} is in several files: {', '.join(s.full_name for s in found)}")
    near = [each.full_name for each in sources if name.rpartition(".")[2] in each.name]
    hint = f"; did you mean {', '.join(near[:5])}?" if near else "; `tripsync sql list` shows all"
    raise DeskError(f"no query is named {name}{hint}")


def chosen_among(ours: Iterable[Path], named: Sequence[Path], kind: str) -> set[Path]:
    """The files that were named, or all of ours where none was."""
    every = {file.resolve() for file in ours}
    chosen = {file.resolve() for file in named}
    if unknown := sorted(chosen - every):
        raise DeskError(f"{', '.join(map(shown, unknown))}: no {kind} of this project")
    return chosen or every
