"""Tests that are marked slow begin first, spread over the processes that test.

Whoever begins one at the end has the others wait for it. xdist gives each process an equal part of
the tests, in their order; a process that is done takes over what another has not begun.
"""

from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

import pytest

Each = TypeVar("Each")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    slow = [each for each in items if each.get_closest_marker("slow")]
    others = [each for each in items if not each.get_closest_marker("slow")]
    items[:] = spread(slow, others, config.workerinput["workercount"])


def spread(slow: Sequence[Each], others: Sequence[Each], parts: int) -> list[Each]:
    """As many parts of equal size as there are, each with its share of slow tests first."""
    ordered: list[Each] = []
    first, then = iter(slow), iter(others)
    left_slow, left = len(slow), len(slow) + len(others)
    for parts_left in range(parts, 0, -1):
        size = left // parts_left
        share = min(size, -(-left_slow // parts_left))
        ordered += [*islice(first, share), *islice(then, size - share)]
        left_slow, left = left_slow - share, left - size
    return ordered
