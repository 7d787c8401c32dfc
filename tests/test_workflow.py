"""Hosted CI runs what `.ci/run` runs, on every Python that setup.cfg promises."""

import re
from configparser import ConfigParser
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parent.parent
JOBS: dict[str, Any] = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())[
    "jobs"
]
RUN = (ROOT / ".ci" / "run").read_text()


def commands() -> list[str]:
    return [step["run"] for job in JOBS.values() for step in job["steps"] if "run" in step]


def test_every_python_that_is_promised_is_tried() -> None:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    promised = re.findall(r"Python :: (3\.\d+)", setup["metadata"]["classifiers"])
    assert JOBS["test"]["strategy"]["matrix"]["python"] == promised


def test_it_runs_the_commands_of_our_own_run() -> None:
    ours = set(re.findall(r"make (\w+)|(\.ci/first_run\.py)", RUN))
    theirs = {
        each for command in commands() for each in re.findall(r"make (\w+)|(\.ci/\S+)", command)
    }
    # Mutants are broken where the map of what tests reach has just been written.
    assert ours - {("mutants", "")} == theirs


def test_the_part_behind_the_wall_is_the_same() -> None:
    part = re.search(r"part=\((.*?)\)", RUN, re.DOTALL)
    [wall] = [step["run"] for step in JOBS["row-security"]["steps"] if "run" in step]
    assert part
    assert re.findall(r"tests/\S+?(?=[\s\"])", wall + " ") == part[1].split()
