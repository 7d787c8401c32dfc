"""docs/reference/schema.svg: the tables, and what refers to what.

What refers stands to the right of what it refers to, so that lines go one way. References to riders
and colleges, which nearly every table has, are words beside the column.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from tripsync.database.files import PACKAGE
from tripsync.database.findings import Finding
from tripsync.desk.drawn_schema import EVERYBODYS, Column, Table, read_tables, together

PICTURE = PACKAGE.parent / "docs" / "reference" / "schema.svg"
STALE = "it is not the schema of the migrations; run `tripsync sql schema`"

# In pixels.
ROW, HEAD, WIDTH = 17, 24, 264
GAP, BETWEEN, MARGIN = 18, 76, 24
TITLE = 64
# Columns of tables beside those of the largest group.
OTHERS = 3
SWEEPS = 8
# The job queue's own tables.
LIBRARYS = "pgqueuer"
# Lines to one table have one colour.
COLOURS = ("#2f80c2", "#c2410c", "#15803d", "#7e22ce", "#b45309", "#0f766e", "#be185d")

STYLE = """\
text { font: 12px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; fill: #1f2933 }
.title { font: 600 18px system-ui, sans-serif }
.note { font: 13px system-ui, sans-serif; fill: #52606d }
.head { fill: #243b53 }
.name { fill: #ffffff; font-weight: 600 }
.box { fill: #ffffff; stroke: #9fb3c8 }
.key { font-weight: 700 }
.type { fill: #627d98; text-anchor: end }
.to { fill: #0b69a3; text-anchor: end }
.line { fill: none; stroke-width: 1.4; opacity: 0.8 }
"""
NOTE = (
    "bold: primary key; ?: may be null; a line leads from a column to the table that it refers to. "
    "To users and colleges no lines are drawn."
)


class Box(NamedTuple):
    """A table with its place."""

    table: Table
    x: int
    y: int

    @property
    def height(self) -> int:
        return height(self.table)

    def row(self, column: Column) -> int:
        """The middle of a column's line."""
        return self.y + HEAD + self.table.columns.index(column) * ROW + ROW // 2


def height(table: Table) -> int:
    return HEAD + len(table.columns) * ROW + 4


def picture(tables: Mapping[str, Table]) -> str:
    boxes = placed(tables)
    width = max(box.x for box in boxes.values()) + WIDTH + MARGIN + BETWEEN // 2
    tall = max(box.y + box.height for box in boxes.values()) + MARGIN
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {tall}"'
            f' width="{width}" height="{tall}">',
            f"<style>\n{STYLE}</style>",
            f'<rect width="{width}" height="{tall}" fill="#f0f4f8"/>',
            f'<text class="title" x="{MARGIN}" y="32">The schema: {len(tables)} tables</text>',
            f'<text class="note" x="{MARGIN}" y="52">{escape(NOTE)}</text>',
            *(line for box in boxes.values() for line in lines(box, boxes)),
            *(drawn for box in boxes.values() for drawn in drawing(box)),
            "</svg>\n",
        ]
    )


def placed(tables: Mapping[str, Table]) -> dict[str, Box]:
    """The largest group in columns of its own, all others beside it."""
    largest, *others = together(tables)
    layers = ordered(in_layers([tables[name] for name in largest]), tables)
    stacks = [*layers[:2], *([] for _ in range(OTHERS))]
    # What little comes further to the right shares its column with others.
    stacks[2] = [name for layer in layers[2:] for name in layer]

    def rank(group: Sequence[str]) -> tuple[bool, bool, int]:
        """What all refer to comes first, what a library keeps here last."""
        is_a_librarys = all(name.startswith(LIBRARYS) for name in group)
        is_everybodys = any(name in EVERYBODYS for name in group)
        return is_a_librarys, not is_everybodys, -sum(height(tables[name]) for name in group)

    for group in sorted(others, key=rank):
        shortest = min(stacks[2:], key=lambda stack: sum(height(tables[n]) + GAP for n in stack))
        shortest += [name for layer in in_layers([tables[n] for n in group]) for name in layer]
    boxes = {}
    for nth, stack in enumerate(stacks):
        y = TITLE + MARGIN // 2
        for name in stack:
            boxes[name] = Box(tables[name], MARGIN + nth * (WIDTH + BETWEEN), y)
            y += height(tables[name]) + GAP
    return boxes


def in_layers(group: Sequence[Table]) -> list[list[str]]:
    """What refers to nothing here first, then what refers to it, and so on."""
    parents = {table.name: {to for _, to in table.lines} - {table.name} for table in group}
    depths: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in depths:
            depths[name] = 0  # of a circle, too
            depths[name] = max((depth(each) + 1 for each in parents[name]), default=0)
        return depths[name]

    layers: list[list[str]] = [[] for _ in range(max(map(depth, parents)) + 1)]
    for name in parents:
        layers[depths[name]].append(name)
    return layers


def ordered(layers: list[list[str]], tables: Mapping[str, Table]) -> list[list[str]]:
    """Each near the middle of those that it is connected with, so that few lines cross."""
    near: dict[str, list[str]] = {name: [] for layer in layers for name in layer}
    for name in near:
        for _, other in tables[name].lines:
            near[name].append(other)
            near[other].append(name)
    for _ in range(SWEEPS):
        for at, layer in enumerate(layers):
            middles = dict(middles_of(layers, tables))

            def wish(name: str, middles: Mapping[str, float] = middles) -> float:
                others = [middles[each] for each in near[name] if each != name]
                return sum(others) / len(others) if others else middles[name]

            layers[at] = sorted(layer, key=wish)
    return layers


def middles_of(
    layers: Sequence[Sequence[str]], tables: Mapping[str, Table]
) -> Iterator[tuple[str, float]]:
    for layer in layers:
        y = 0
        for name in layer:
            yield name, y + height(tables[name]) / 2
            y += height(tables[name]) + GAP


def lines(box: Box, boxes: Mapping[str, Box]) -> Iterator[str]:
    """From its columns to the tables that they refer to."""
    drawn_to = sorted({to for each in boxes.values() for _, to in each.table.lines})
    for column, to in box.table.lines:
        other = boxes[to]
        begin, end = box.row(column), other.y + HEAD // 2
        if other.x < box.x:
            x, far = box.x, other.x + WIDTH
            bend = max((x - far) // 2, BETWEEN // 2)
            path = f"M{x} {begin}C{x - bend} {begin} {far + bend} {end} {far} {end}"
        else:
            # In the same column: around its right side.
            x = far = box.x + WIDTH
            bend = BETWEEN // 2
            path = f"M{x} {begin}C{x + bend} {begin} {far + bend} {end} {far} {end}"
        colour = COLOURS[drawn_to.index(to) % len(COLOURS)]
        yield f'<path class="line" stroke="{colour}" d="{path}"/>'
        yield f'<circle cx="{far}" cy="{end}" r="3" fill="{colour}"/>'


def drawing(box: Box) -> Iterator[str]:
    """The table itself; a browser goes from column to table by a click."""
    table, x, y = box.table, box.x, box.y
    yield f'<g id="{table.name}">'
    yield f'<rect class="box" x="{x}" y="{y}" width="{WIDTH}" height="{box.height}" rx="4"/>'
    yield f'<rect class="head" x="{x}" y="{y}" width="{WIDTH}" height="{HEAD}" rx="4"/>'
    yield f'<text class="name" x="{x + 8}" y="{y + 16}">{table.name}</text>'
    for column in table.columns:
        base = box.row(column) + 4
        kind = ' class="key"' if column.is_key else ""
        yield f'<text{kind} x="{x + 8}" y="{base}">{escape(column.name)}</text>'
        mark = "" if column.is_required else "?"
        if column.refers_to:
            yield (
                f'<a href="#{column.refers_to}"><text class="to" x="{x + WIDTH - 8}" y="{base}">'
                f"{mark} → {column.refers_to}</text></a>"
            )
        else:
            yield (
                f'<text class="type" x="{x + WIDTH - 8}" y="{base}">'
                f"{escape(column.type)}{mark}</text>"
            )
    yield "</g>"


def write_picture(url: str, file: Path = PICTURE) -> bool:
    """Whether the file was another one."""
    text = picture(read_tables(url))
    if file.is_file() and file.read_text() == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return True


def check_picture(url: str, file: Path = PICTURE) -> Iterator[Finding]:
    """Where there is such a picture: an installed package has none."""
    if file.is_file() and file.read_text() != picture(read_tables(url)):
        yield Finding(file, 1, 1, STALE)
