"""A budget makes who spends it wait, and tells who goes on."""

import pytest

from tripsync.http.protocol import budget
from tripsync.http.protocol.budget import Budget, OverspentError


class Clock:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(budget, "monotonic", clock)
    return clock


def test_a_burst_is_free_and_what_is_more_takes_its_time(clock: Clock) -> None:
    purse = Budget(10, 2, most_waits=5)
    assert [purse.spend(5), purse.spend(5)] == [0, 0]
    assert purse.spend(1) == 0.5
    clock.now += 0.5
    assert purse.spend(4) == 2
    clock.now += 3
    assert purse.spend(2) == 0


def test_it_fills_up_to_its_burst(clock: Clock) -> None:
    purse = Budget(10, 2, most_waits=5)
    purse.spend(10)
    clock.now += 3600
    assert purse.spend(10) == 0
    assert purse.spend(1) > 0


def test_who_never_lets_it_fill_up_has_overspent(clock: Clock) -> None:
    purse = Budget(10, 2, most_waits=3)
    purse.spend(10)
    for _ in range(3):
        clock.now += purse.spend(1)
    with pytest.raises(OverspentError):
        purse.spend(1)


def test_who_lets_it_fill_up_begins_anew(clock: Clock) -> None:
    purse = Budget(10, 2, most_waits=3)
    for _ in range(10):
        assert purse.spend(11) > 0
        clock.now += 6
