"""Every pair of a state and an act: what follows, or that nothing can."""

import itertools

import pytest

from tripsync.pooling.states import Act, ImpossibleError, Status, after, reason_of

POSSIBLE = {
    ("active", "match"): "matched",
    ("active", "cancel"): "cancelled",
    ("active", "expire"): "cancelled",
    ("matched", "cancel"): "cancelled",
    ("matched", "return"): "active",
    ("matched", "strand"): "cancelled",
    ("matched", "complete"): "completed",
}


@pytest.mark.parametrize(("status", "act"), list(itertools.product(Status, Act)))
def test_what_follows(status: Status, act: Act) -> None:
    expected = POSSIBLE.get((str(status), str(act)))
    if expected is None:
        with pytest.raises(ImpossibleError):
            after(status, act)
    else:
        assert after(status, act) == expected


@pytest.mark.parametrize("act", list(Act))
def test_only_what_is_cancelled_has_a_reason(act: Act) -> None:
    cancels = any(state == "cancelled" for (_, each), state in POSSIBLE.items() if each == str(act))
    assert (reason_of(act) is not None) == cancels


def test_nothing_leaves_the_end() -> None:
    for status, act in itertools.product((Status.COMPLETED, Status.CANCELLED), Act):
        with pytest.raises(ImpossibleError):
            after(status, act)
