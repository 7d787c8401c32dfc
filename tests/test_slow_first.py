"""Slow tests begin first, in each process that tests."""

import pytest

from tests.slow_first import spread


@pytest.mark.parametrize("parts", [1, 2, 3, 7])
@pytest.mark.parametrize(("slow", "others"), [(0, 0), (1, 0), (1, 5), (4, 20), (9, 2), (0, 8)])
def test_nothing_is_lost_and_no_order_is_changed(slow: int, others: int, parts: int) -> None:
    names = [f"slow {n}" for n in range(slow)], [f"other {n}" for n in range(others)]
    ordered = spread(*names, parts)
    assert [each for each in ordered if each in names[0]] == names[0]
    assert [each for each in ordered if each in names[1]] == names[1]
    assert len(ordered) == slow + others


def test_each_part_begins_with_its_share() -> None:
    ordered = spread(["S", "T", "U", "V"], list("abcdefgh"), 3)
    assert ordered == ["S", "T", *"ab", "U", *"cde", "V", *"fgh"]
