"""A socket is read as far as its budget goes, and then not for a while."""

import asyncio

import pytest

from tests.waiting import until
from tripsync.realtime import intake
from tripsync.realtime.intake import EACH_COSTS, SLICE, Intake


class Line:
    """A transport of which nothing is known but whether it is read, and who parses it."""

    def __init__(self) -> None:
        self.reads = True
        self.closes = False
        self.overspent = False
        self.parsed = b""

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True

    def is_closing(self) -> bool:
        return self.closes

    def parse(self, data: bytes) -> int:
        """Every byte is a frame."""
        self.parsed += data
        return len(data)

    def overspend(self) -> None:
        self.overspent = True

    def intake(self) -> Intake:
        return Intake(self, asyncio.get_running_loop(), self.parse, self.overspend)


# Of so many frames.
FEW = 10


def may_spend(monkeypatch: pytest.MonkeyPatch, most_waits: int) -> None:
    burst, per_second = FEW * (EACH_COSTS + 1) + EACH_COSTS, 100 * EACH_COSTS
    monkeypatch.setattr(intake, "STRANGERS", (burst, per_second, most_waits))


@pytest.fixture(autouse=True)
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    may_spend(monkeypatch, most_waits=3)
    monkeypatch.setattr(intake, "SLICE", 1)


async def test_what_is_within_the_budget_is_parsed_at_once() -> None:
    line = Line()
    line.intake().take(b"0123456789")
    assert line.parsed == b"0123456789"
    assert line.reads


async def test_what_is_more_waits_and_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    may_spend(monkeypatch, most_waits=1000)
    line = Line()
    taking = line.intake()
    taking.take(b"0123456789" + b"abcdef")
    assert line.parsed.startswith(b"0123456789")
    assert not line.reads
    # What was on its way already.
    taking.take(b"g")
    await until(lambda: line.reads)
    assert line.parsed == b"0123456789abcdefg"
    assert not line.overspent


async def test_who_goes_on_after_some_waits_has_overspent() -> None:
    line = Line()
    taking = line.intake()
    taking.take(b"x" * 100)
    await until(lambda: line.overspent)
    assert len(line.parsed) < 100
    assert not line.reads
    before = line.parsed
    taking.take(b"more")
    assert line.parsed == before


async def test_a_closed_line_is_not_read_on() -> None:
    line = Line()
    line.intake().take(b"x" * 100)
    line.closes, before = True, line.parsed
    # As long as it would wait for.
    await asyncio.sleep(0.05)
    assert line.parsed == before
    assert not line.reads


async def test_pieces_cost_something_though_no_frame_ends_in_them() -> None:
    line = Line()
    line.parse = lambda data: 0  # type: ignore[method-assign]
    taking = line.intake()
    for _ in range(FEW + 2):
        taking.take(b"x")
    assert not line.reads


async def test_a_message_of_many_bytes_costs_its_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "SLICE", SLICE)
    line = Line()
    line.parse = lambda data: 0  # type: ignore[method-assign]
    line.intake().take(b"x" * (FEW * EACH_COSTS))
    assert line.reads
    line.intake().take(b"x" * ((FEW + 2) * EACH_COSTS))
    assert not line.reads
