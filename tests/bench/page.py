"""The figures of a run as a page: a table in Markdown, a chart beside it, and how to read them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from string import Template

from tests.bench.chart import draw
from tests.bench.figures import Figure, spread

HERE = Path(__file__).parent
HEAD = ("", "", "TripSync", "reference", "ratio", "goal", "measured beside")


def table(figures: Mapping[str, Sequence[Figure]]) -> str:
    """All figures, section by section, as Markdown whose columns stand below each other."""
    rows = [HEAD, *(row for name, each in figures.items() for row in rows_of(name, each))]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [line(row, widths) for row in rows]
    rule = "|".join(["", *("-" * (width + 2) for width in widths), ""])
    return "\n".join([lines[0], rule, *lines[1:]])


def rows_of(section: str, figures: Sequence[Figure]) -> Iterator[tuple[str, ...]]:
    for number, figure in enumerate(figures):
        yield (
            "" if number else section,
            f"{figure.name}, {figure.unit}",
            spread(figure.ours),
            spread(figure.theirs),
            spread(figure.ratios),
            goals(figure),
            figure.reference,
        )


def goals(figure: Figure) -> str:
    """What the ratio is to come to, or the figure itself."""
    sign = "≥" if figure.more_is_better else "≤"
    told = []
    if figure.goal is not None:
        told.append(f"{sign} {figure.goal:.2g}")
    if figure.own_goal is not None:
        told.append(f"{sign} {figure.own_goal:g} {figure.unit}")
    return ", ".join(told)


def line(row: Iterable[str], widths: Sequence[int]) -> str:
    cells = (f" {cell:<{width}} " for cell, width in zip(row, widths, strict=True))
    return "|".join(["", *cells, ""])


def write_page(folder: Path, figures: Mapping[str, Sequence[Figure]], **words: str) -> None:
    """Write speed.md and speed.svg; the words are those that the template asks for."""
    template = Template((HERE / "speed.md.template").read_text())
    (folder / "speed.md").write_text(template.substitute(words, table=table(figures)))
    (folder / "speed.svg").write_text(draw(figures))
