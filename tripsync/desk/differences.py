"""What two versions of a query give that is not the same, and how to show it."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from tripsync.desk.outcomes import Effect, Outcome

MOST_ROWS = 8
WIDEST = 32

Row = tuple[str | None, ...]
Pair = tuple[Row | None, Row | None]


class Difference(NamedTuple):
    """How the outcomes of two versions differ for the same values."""

    old: Outcome
    new: Outcome
    # Before and after; none before where it appears, none after where it vanishes.
    rows: tuple[Pair, ...]
    is_reordered: bool
    effects: tuple[tuple[Effect | None, Effect | None], ...]

    def __bool__(self) -> bool:
        return bool(
            self.rows
            or self.effects
            or self.is_reordered
            or self.old.columns != self.new.columns
            or self.old.refusal != self.new.refusal
        )

    @property
    def size(self) -> int:
        return len(self.rows) + len(self.effects)


def compare(old: Outcome, again: Outcome, new: Outcome, *, ordered: bool) -> Difference:
    """What differs. What is never twice the same, such as `clock_timestamp()`, shows by a second
    run of the old version, and does not count."""
    restless = restless_columns(old, again)
    old_rows, new_rows = (steady(each, restless) for each in (old, new))
    gone, come = surplus(old_rows, new_rows), surplus(new_rows, old_rows)
    moving = restless_effects(old, again)
    old_effects, new_effects = (
        [steady_effect(each, moving) for each in outcome.effects] for outcome in (old, new)
    )
    return Difference(
        old,
        new,
        tuple(paired(gone, come, old.columns if old.columns == new.columns else ())),
        ordered and not gone and not come and old_rows != new_rows,
        tuple(paired_effects(old_effects, new_effects)),
    )


def restless_columns(old: Outcome, again: Outcome) -> set[str]:
    if len(old.rows) != len(again.rows):
        return set()
    return {
        column
        for nth, column in enumerate(old.columns)
        if Counter(row[nth] for row in old.rows) != Counter(row[nth] for row in again.rows)
    }


def steady(outcome: Outcome, restless: set[str]) -> list[Row]:
    return [
        tuple(
            "…" if column in restless else value
            for column, value in zip(outcome.columns, row, strict=True)
        )
        for row in outcome.rows
    ]


def restless_effects(old: Outcome, again: Outcome) -> set[tuple[str, str]]:
    def seen(outcome: Outcome) -> dict[tuple[str, str], Counter[str]]:
        found: dict[tuple[str, str], Counter[str]] = {}
        for effect in outcome.effects:
            for column, value in (effect.after or {}).items():
                found.setdefault((effect.table, column), Counter())[repr(value)] += 1
        return found

    first, second = seen(old), seen(again)
    return {key for key in first if first[key] != second.get(key)}


def steady_effect(effect: Effect, moving: set[tuple[str, str]]) -> Effect:
    if effect.after is None:
        return effect
    after = {
        column: "…" if (effect.table, column) in moving else value
        for column, value in effect.after.items()
    }
    return effect._replace(after=after)


def surplus(rows: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """Those that the others have less often, in their order."""
    left = Counter(rows) - Counter(others)
    found = []
    for row in rows:
        if left[row]:
            left[row] -= 1
            found.append(row)
    return found


def paired(gone: Sequence[Row], come: Sequence[Row], columns: Sequence[str]) -> list[Pair]:
    """Rows of one thing, by the columns that name it, stand together."""
    keys = [nth for nth, column in enumerate(columns) if is_id(column)]
    there: dict[Row, list[Row]] = {}
    for row in come:
        there.setdefault(tuple(row[nth] for nth in keys), []).append(row)
    found: list[Pair] = []
    for row in gone:
        same = there.get(tuple(row[nth] for nth in keys), [])
        found.append((row, same.pop(0) if keys and same else None))
    found += [(None, row) for rows in there.values() for row in rows]
    # With nothing to name them, and one on each side, it is the same.
    if len(gone) == len(come) == 1 and columns and not keys:
        return [(gone[0], come[0])]
    return found


def paired_effects(
    old: Sequence[Effect], new: Sequence[Effect]
) -> list[tuple[Effect | None, Effect | None]]:
    """Writes of one version only; those to one row stand together."""
    left, right = list(map(key_of, old)), list(map(key_of, new))
    gone = [old[nth] for nth in lacking(left, right)]
    come = [new[nth] for nth in lacking(right, left)]
    found: list[tuple[Effect | None, Effect | None]] = []
    for effect in gone:
        same = next((each for each in come if is_same_row(effect, each)), None)
        if same:
            come.remove(same)
        found.append((effect, same))
    return [*found, *((None, each) for each in come)]


def key_of(effect: Effect) -> str:
    before, after = (sorted((row or {}).items()) for row in effect[2:])
    return repr((effect.table, effect.act, before, after))


def lacking(these: Sequence[str], those: Sequence[str]) -> list[int]:
    left = Counter(these) - Counter(those)
    found = []
    for nth, key in enumerate(these):
        if left[key]:
            left[key] -= 1
            found.append(nth)
    return found


def is_same_row(one: Effect, other: Effect) -> bool:
    return (one.table, one.act, one.before) == (other.table, other.act, other.before)


def told(difference: Difference) -> list[str]:
    """Line by line."""
    old, new = difference.old, difference.new
    lines = []
    if old.refusal != new.refusal:
        lines.append(f"- {old.refusal or 'ran'}")
        lines.append(f"+ {new.refusal or 'runs'}")
    elif old.columns != new.columns:
        lines.append(f"- columns {', '.join(old.columns) or 'none'}")
        lines.append(f"+ columns {', '.join(new.columns) or 'none'}")
    if not old.refusal and not new.refusal:
        lines += table(difference)
    if difference.is_reordered:
        lines.append(f"  the same {len(old.rows)} rows in another order:")
        nth = next(n for n, row in enumerate(old.rows) if row != new.rows[n])
        lines.append(f"  from row {nth + 1} on: {short(old.rows[nth])}, now {short(new.rows[nth])}")
    for before, after in difference.effects[:MOST_ROWS]:
        lines.append(effect_told(before, after))
    if (more := len(difference.effects) - MOST_ROWS) > 0:
        lines.append(f"  ... and {more} more writes")
    return lines


def table(difference: Difference) -> list[str]:
    """Rows under the names of their columns: `-` vanishes, `+` appears, `~` differs."""
    if not difference.rows:
        return []
    pairs = difference.rows[:MOST_ROWS]
    columns = difference.new.columns
    same_columns = columns == difference.old.columns
    if same_columns and all(before and after for before, after in pairs):
        # What is the same in all rows is not looked for.
        telling = [nth for nth, name in enumerate(columns) if is_telling(nth, name, pairs)]
        columns = tuple(columns[nth] for nth in telling)
        pairs = tuple(
            (tuple(before[nth] for nth in telling), tuple(after[nth] for nth in telling))
            for before, after in pairs
            if before and after
        )
    lines: list[tuple[str, list[str]]] = [(" ", list(columns) if same_columns else [])]
    for before, after in pairs:
        if before and after:
            both = zip(before, after, strict=True)
            lines.append(("~", [cell(a) if a == b else f"{cell(a)} -> {cell(b)}" for a, b in both]))
        else:
            lines.append(("-" if before else "+", list(map(cell, before or after or ()))))
    width = max(len(cells) for _, cells in lines)
    padded = [(mark, [*cells, *[""] * (width - len(cells))]) for mark, cells in lines if cells]
    widths = [max(len(cells[nth]) for _, cells in padded) for nth in range(width)]
    shown = [
        f"{mark} {'  '.join(text.ljust(w) for text, w in zip(cells, widths, strict=True))}".rstrip()
        for mark, cells in padded
    ]
    if (more := len(difference.rows) - MOST_ROWS) > 0:
        shown.append(f"  ... and {more} more rows")
    return shown


def is_telling(nth: int, name: str, pairs: Sequence[Pair]) -> bool:
    return is_id(name) or any(a and b and a[nth] != b[nth] for a, b in pairs)


def is_id(column: str) -> bool:
    return column == "id" or column.endswith("_id")


def effect_told(before: Effect | None, after: Effect | None) -> str:
    """A write of one version, or how the two of both versions differ."""
    effect = after or before
    assert effect is not None
    which = f"{effect.act} {effect.table} ({naming(effect)})"
    if before and after:
        return f"~ {which}{changed(before.after, after.after)}"
    mark = "+" if after else "-"
    return f"{mark} {which}{changed(effect.before, effect.after)}"


def changed(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> str:
    """The columns that are others, where there is something to compare."""
    if before is None or after is None:
        return ""
    columns = (
        f"{column}: {cell(before.get(column))} -> {cell(value)}"
        for column, value in after.items()
        if before.get(column) != value
    )
    return f": {', '.join(columns)}"


def naming(effect: Effect) -> str:
    """Which row it is, as far as ids say so."""
    row = effect.after or effect.before or {}
    ids = [(column, row[column]) for column in row if is_id(column)]
    return ", ".join(f"{column} {value}" for column, value in ids or list(row.items())[:2])


def short(row: Iterable[str | None]) -> str:
    return " | ".join(list(map(cell, row))[:4])


def cell(value: Any) -> str:
    text = "null" if value is None else str(value).replace("\n", "\\n")
    return text if len(text) <= WIDEST else f"{text[: WIDEST - 1]}…"


def counted_by_kind(found: Iterable[Difference]) -> str:
    """What differs over all values, and how often."""
    kinds: Counter[str] = Counter()
    for difference in found:
        for before, after in difference.rows:
            kinds["differ" if before and after else "vanish" if before else "appear"] += 1
        kinds["writes"] += len(difference.effects)
        kinds["orders"] += difference.is_reordered
        kinds["refusals"] += difference.old.refusal != difference.new.refusal
    rows = [f"{kinds[kind]} {kind}" for kind in ("vanish", "appear", "differ") if kinds[kind]]
    others = [f"{kind}: {kinds[kind]}" for kind in ("writes", "orders", "refusals") if kinds[kind]]
    return "; ".join([*([f"rows: {', '.join(rows)}"] if rows else []), *others])
