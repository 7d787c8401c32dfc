"""`make bench` works, tried on a toy of a campus: no figure matters, but that each is there."""

import re
import subprocess
import sys
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.bench.__main__ import SECTIONS, options, size_of
from tests.bench.chart import draw
from tests.bench.figures import RATE, TIME, Figure
from tests.bench.page import table
from tests.processes import ROOT

SVG = "{http://www.w3.org/2000/svg}"
# What each run measures: about as long as the others.
RUNS = (
    ("reads", "writes", "waiting", "workers"),
    ("services", "candidates", "rounds", "events"),
    ("fan-out", "memory", "flood"),
)
# How many figures each section has.
ROWS = {
    "reads": 14,
    "writes": 3,
    "waiting": 6,
    "services": 8,
    "candidates": 5,
    "rounds": 3,
    "events": 4,
    "fan-out": 3,
    "memory": 2,
    "flood": 2,
    "workers": 3,
}


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("sections", RUNS, ids=" ".join)
def test_sections_measure_all_of_their_figures(sections: Sequence[str], tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "tests.bench", "--toy", f"--page={tmp_path}", "--only", *sections],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    page = (tmp_path / "speed.md").read_text()
    assert rows_of(page) == {section: ROWS[section] for section in sections}
    assert finished.stdout.strip() in page
    assert dots(tmp_path / "speed.svg") == sum(ROWS[section] for section in sections)


def rows_of(page: str) -> dict[str, int]:
    """How many figures each section of the table has."""
    found: dict[str, int] = {}
    section = ""
    for line in page.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if len(cells) == 7 and re.match(r"[\d,.]+ \([\d,.]+ to [\d,.]+\)$", cells[4]):
            section = cells[0] or section
            found[section] = found.get(section, 0) + 1
    return found


def dots(chart: Path) -> int:
    return len(ElementTree.parse(chart).findall(f"{SVG}circle"))


def test_every_section_is_tried() -> None:
    assert sorted(chain(*RUNS)) == sorted(SECTIONS) == sorted(ROWS)


def test_the_page_that_is_kept_has_every_figure_in_its_table_and_its_chart() -> None:
    page = ROOT / "docs" / "explanation" / "speed.md"
    assert rows_of(page.read_text()) == ROWS
    assert dots(page.with_suffix(".svg")) == sum(ROWS.values())


def test_a_ratio_is_taken_within_each_round() -> None:
    figure = Figure("reads", "bare")
    for ours, theirs in ((100, 200), (300, 300), (90, 100)):
        figure.note(ours, theirs)
    assert figure.ratios == [0.5, 1, 0.9]
    assert "| 0.90 (0.50 to 1.00) |" in table({"some": [figure]})


def test_goals_are_limits_of_times_and_leasts_of_rates() -> None:
    rate = Figure("reads", "bare", RATE, goal=0.7)
    time = Figure("waits", "bare", TIME, goal=1 / 3, own_goal=2.5)
    for figure in (rate, time):
        figure.note(1, 1)
    [*_, first, second] = table({"some": [rate, time]}).splitlines()
    assert "| ≥ 0.7 " in first
    assert "| ≤ 0.33, ≤ 2.5 ms |" in second


def test_the_right_of_the_chart_is_the_faster_side_of_rates_and_of_times() -> None:
    fast, slow = Figure("<fast> & many", "bare"), Figure("few", "bare")
    late = Figure("late", "bare", TIME)
    fast.note(200, 100)
    slow.note(100, 200)
    late.note(200, 100)
    chart = ElementTree.fromstring(draw({"some": [fast, slow, late]}))
    right, *left = (float(circle.get("cx") or 0) for circle in chart.iter(f"{SVG}circle"))
    assert left[0] == left[1] < right


def test_options_change_how_much_is_measured() -> None:
    size = size_of(options(["--rounds", "9", "--seconds", "2"]))
    assert (size.rounds, size.seconds, size.large) == (9, 2, False)
    large = size_of(options(["--large"]))
    assert max(large.active) == max(large.posts) == 1_000_000
