"""Figures as the tables of benchmarks tell them."""

from collections.abc import Sequence
from statistics import median


def spread(values: Sequence[float], form: str) -> str:
    """Median and range."""
    if not values:
        return ""
    return f"{median(values):{form}} ({min(values):{form}}-{max(values):{form}})"
