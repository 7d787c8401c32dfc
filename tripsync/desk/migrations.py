"""Everything that speaks against a migration, found before a database meets it.

All files are looked at; those that are not released are rehearsed and read by squawk too. What is
released has been applied: it cannot be mended, only be followed by the next one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from tripsync.database.findings import Finding
from tripsync.desk.rehearsal import Breach, StuckError, rehearse
from tripsync.desk.released import read_released
from tripsync.desk.squawk import ask_squawk
from tripsync.desk.step_files import check_files
from tripsync.desk.steps import Allowance, Step, allowances, read_steps

EmptyDatabase = Callable[[], AbstractContextManager[str]]


def check_migrations(folder: Path, empty_database: EmptyDatabase) -> list[Finding]:
    """From top to bottom. A database is only asked for when there is something to rehearse."""
    steps = read_steps(folder)
    found = list(check_files(folder, steps))
    released = read_released(folder)
    if fresh := [each for each in steps if each.path.name not in released]:
        breaches = list(ask_squawk(folder, fresh))
        try:
            with empty_database() as url:
                breaches += rehearse(url, folder, {each.name: each for each in fresh})
        except StuckError as reason:
            # What follows was not seen, so that no allowance can be called needless.
            found.append(reason.finding)
            found += forbidden(breaches)
        else:
            found += forbidden(breaches)
            found += needless(fresh, breaches)
    return sorted(set(found))


def forbidden(breaches: Sequence[Breach]) -> Iterator[Finding]:
    for breach in breaches:
        if allowance_of(breach) is None:
            yield breach.statement.finding(f"{breach.reason} [{breach.rule}]")


def allowance_of(breach: Breach) -> Allowance | None:
    known = breach.statement.allowances
    return next((each for each in known if each.rule == breach.rule and each.why), None)


def needless(steps: Sequence[Step], breaches: Sequence[Breach]) -> Iterator[Finding]:
    """Allowances that say no reason, or are there for nothing."""
    used = {allowance_of(breach) for breach in breaches}
    for step in steps:
        for each in allowances(step.path, step.path.read_text()):
            if not each.why:
                yield Finding(each.path, each.line, 1, f"say why: `allows {each.rule}: ...`")
            elif each not in used:
                reason = f"what follows does not break the rule {each.rule}; take this line away"
                yield Finding(each.path, each.line, 1, reason)
