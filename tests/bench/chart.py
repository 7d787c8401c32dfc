"""docs/explanation/speed.svg: how fast TripSync is, as a multiple of what it was measured beside.

Rates are TripSync's by the reference's, times the other way round, so that the right is always the
faster side. A dot is the median of the rounds, its line their range, a mark the goal.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from statistics import median
from xml.sax.saxutils import escape

from tests.bench.figures import Figure

WIDTH, NAMES, VALUES = 1000, 510, 56
ROW, HEAD, SECTION, MARGIN = 22, 96, 30, 24
# As many times as slow, and as fast: the ends of the scale.
TICKS = (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100)

STYLE = """\
.paper { fill: #fdfcfa } text { fill: #1c2422 } .small { font-size: 12px; fill: #4a5a56 }
.title { font-size: 17px; font-weight: 600 } .head { font-weight: 600; fill: #0a6c5b }
.grid { stroke: #4a5a56; stroke-opacity: .2 } .even { stroke: #4a5a56; stroke-width: 1.5 }
.range { stroke: #0a6c5b; stroke-width: 2 } .dot { fill: #0a6c5b }
.goal { stroke: #b45309; stroke-width: 2.5 }
.right { text-anchor: end } .middle { text-anchor: middle }
@media (prefers-color-scheme: dark) {
  .paper { fill: #14191a } text { fill: #dde4e1 } .small { fill: #a9bab5 } .head { fill: #5cd6bf }
  .grid, .even { stroke: #a9bab5 } .range { stroke: #5cd6bf } .dot { fill: #5cd6bf }
  .goal { stroke: #f59e0b }
}
"""


def draw(figures: Mapping[str, Sequence[Figure]]) -> str:
    tall = HEAD + sum(SECTION + ROW * len(each) for each in figures.values()) + MARGIN
    scale = Scale([figure for each in figures.values() for figure in each])
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall}" '
            'font-family="system-ui, sans-serif" font-size="13" role="img" '
            'aria-labelledby="title">',
            '<title id="title">How fast TripSync is, beside its references</title>',
            f"<style>\n{STYLE}</style>",
            f'<rect class="paper" width="{WIDTH}" height="{tall}" rx="8"/>',
            f'<text class="title" x="{MARGIN}" y="32">'
            "How many times as fast TripSync is as what it was measured beside</text>",
            f'<text class="small" x="{MARGIN}" y="52">'
            "dot: median of the rounds; line: their range; mark: the goal; "
            "faster is to the right</text>",
            *scale.grid(tall),
            *rows(figures, scale),
            "</svg>\n",
        ]
    )


class Scale:
    """A logarithmic axis that holds all figures."""

    def __init__(self, figures: Sequence[Figure]) -> None:
        values = [each for figure in figures for each in (*speeds(figure), goal(figure)) if each]
        self.ticks = [
            tick for tick in TICKS if tick == 1 or min(values) / 3.4 <= tick <= max(values) * 3.4
        ]

    def at(self, value: float) -> float:
        first, last = math.log(self.ticks[0]), math.log(self.ticks[-1])
        share = (math.log(value) - first) / ((last - first) or 1)
        return NAMES + max(0.0, min(1.0, share)) * (WIDTH - NAMES - VALUES - MARGIN)

    def grid(self, tall: int) -> Iterator[str]:
        for tick in self.ticks:
            x = self.at(tick)
            kind = "even" if tick == 1 else "grid"
            yield f'<text class="small middle" x="{x:.1f}" y="{HEAD - 16}">{tick:g}</text>'
            yield (
                f'<line class="{kind}" x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD - 8}" '
                f'y2="{tall - MARGIN}"/>'
            )


def rows(figures: Mapping[str, Sequence[Figure]], scale: Scale) -> Iterator[str]:
    y = HEAD
    for name, section in figures.items():
        y += SECTION
        yield f'<text class="head" x="{MARGIN}" y="{y - 8}">{escape(name)}</text>'
        for figure in section:
            yield from row(figure, y + ROW // 2, scale)
            y += ROW


def row(figure: Figure, y: float, scale: Scale) -> Iterator[str]:
    values = speeds(figure)
    left, right, middle = (scale.at(each) for each in (min(values), max(values), median(values)))
    yield (
        f'<text x="{MARGIN}" y="{y + 4}">{escape(figure.name)}'
        f'<tspan class="small"> by {escape(figure.reference)}</tspan></text>'
    )
    if wanted := goal(figure):
        x = scale.at(wanted)
        yield f'<line class="goal" x1="{x:.1f}" x2="{x:.1f}" y1="{y - 7}" y2="{y + 7}"/>'
    yield f'<line class="range" x1="{left:.1f}" x2="{right:.1f}" y1="{y}" y2="{y}"/>'
    yield f'<circle class="dot" cx="{middle:.1f}" cy="{y}" r="4.5"/>'
    yield f'<text class="right" x="{WIDTH - MARGIN}" y="{y + 4}">{median(values):.2f}</text>'


def speeds(figure: Figure) -> list[float]:
    return figure.ratios if figure.more_is_better else [1 / ratio for ratio in figure.ratios]


def goal(figure: Figure) -> float | None:
    if figure.goal is None:
        return None
    return figure.goal if figure.more_is_better else 1 / figure.goal
