"""What squawk says of migrations: a linter of PostgreSQL's words, for what ours do not see."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tripsync.desk.rehearsal import Breach
from tripsync.desk.steps import Statement, Step
from tripsync.desk.values import DeskError

CONFIG = "squawk.toml"


def ask_squawk(folder: Path, steps: Sequence[Step]) -> Iterator[Breach]:
    """Its warnings, each at the statement that it is about."""
    program = find_squawk()
    for step in steps:
        if step.path.suffix == ".sql" and step.statements:
            for said in warnings(program, folder / CONFIG, step):
                reason = " ".join(filter(None, (said["message"], said["help"])))
                yield Breach(statement_at(step, said["line"] + 1), said["rule_name"], reason)


def find_squawk() -> str:
    """Beside this Python, or wherever it is installed."""
    beside = shutil.which("squawk", path=str(Path(sys.executable).parent))
    if found := beside or shutil.which("squawk"):
        return found
    raise DeskError(
        "squawk is missing, which reads migrations; `make check` installs it, "
        "and so does `pip install 'tripsync[desk]'`"
    )


def warnings(program: str, config: Path, step: Step) -> list[dict]:
    command = [program, "--config", str(config), "--reporter", "json", str(step.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: list[dict] = json.loads(done.stdout)
    except json.JSONDecodeError:
        raise DeskError(f"squawk could not read {step.path.name}: {done.stderr}") from None
    return found


def statement_at(step: Step, line: int) -> Statement:
    """The one on this line; a warning about the whole file is the first one's."""
    above = [each for each in step.statements if each.line <= line]
    return above[-1] if above else step.statements[0]
