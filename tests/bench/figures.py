"""A figure is something measured of TripSync and of a reference, round by round."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

RATE = "a second"
TIME = "ms"


@dataclass
class Figure:
    """What was measured, beside what, and what it is to come to."""

    name: str
    reference: str
    unit: str = RATE
    # Of the ratio, and of TripSync's own value.
    goal: float | None = None
    own_goal: float | None = None
    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def note(self, ours: float, theirs: float) -> None:
        self.ours.append(ours)
        self.theirs.append(theirs)

    @property
    def more_is_better(self) -> bool:
        return self.unit == RATE

    @property
    def ratios(self) -> list[float]:
        """TripSync by its reference, within each round."""
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]


def spread(values: Sequence[float]) -> str:
    """Median and range, in as many digits as tell something."""
    form = ",.0f" if median(values) >= 100 else ".1f" if median(values) >= 10 else ".2f"
    return f"{median(values):{form}} ({min(values):{form}} to {max(values):{form}})"
