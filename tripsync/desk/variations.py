"""Rows become sets of values: arrays are gathered, nulls and new words put in, rows mixed.

So a query is also asked for what it refuses, and for what is not there yet.
"""

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tripsync.desk.wanted import WORDS, Known, Wanted

Values = dict[str, Any]

# How many rows an array of values comes from, in turn.
LENGTHS = (3, 1, 5)


def varied(
    wanted: Sequence[Wanted], rows: Sequence[Mapping[str, Any]], known: Known
) -> Iterator[Values]:
    """Each row as a set of values: with some of another row, with nulls, and with new words."""
    there = {
        each.name: [row[each.name] for row in rows if row.get(each.name) is not None]
        for each in wanted
    }

    def one_value(each: Wanted, row: Mapping[str, Any], nth: int) -> Any:
        if (drawn := row.get(each.name)) is not None:
            return drawn
        others = there[each.name]
        return others[nth % len(others)] if others else stand_in(each, nth)

    with_columns = [each for each in wanted if each.columns]
    for nth, row in enumerate(rows):
        values: Values = {}
        length = LENGTHS[nth % len(LENGTHS)]
        for place, each in enumerate(wanted):
            if each.is_list and each.words:
                values[each.name] = list(each.words[nth % len(each.words) :])
            elif each.is_list:
                near = [rows[(nth + further) % len(rows)] for further in range(length)]
                values[each.name] = [one_value(each, other, nth) for other in near]
            elif each.may_be_null and (True, False, place % 2 == 0, place % 2 == 1)[nth % 4]:
                values[each.name] = None
            else:
                values[each.name] = one_value(each, row, nth)
        if nth % 3 == 2 and with_columns:
            swapped = with_columns[(nth // 3) % len(with_columns)]
            if not swapped.is_list:
                other = rows[(nth * 7 + 1) % len(rows)]
                values[swapped.name] = one_value(swapped, other, nth)
        if nth % 2:
            values |= {
                each.name: new_value(each, nth) for each in wanted if may_be_new(each, known)
            }
        yield values


def may_be_new(wanted: Wanted, known: Known) -> bool:
    """Whether it stands beside words of which there may be no two."""
    is_unique = any((each.table, each.column) in known.unique for each in wanted.columns)
    return is_unique and not wanted.is_list and wanted.type in {*WORDS, "bytea"}


def new_value(wanted: Wanted, nth: int) -> Any:
    return f"new {nth}".encode() if wanted.type == "bytea" else f"new {nth}"


def stand_in(wanted: Wanted, nth: int) -> Any:
    """A value for what no column says."""
    now = datetime.datetime.now(datetime.UTC).replace(microsecond=0)
    match wanted.type:
        case "int2" | "int4" | "int8" if wanted.name in ("skip", "offset"):
            return 1 if nth % 5 == 4 else 0
        case "int2" | "int4" | "int8":
            return (20, 3, 100, 1)[nth % 4]
        case "float4" | "float8":
            return (60.0, 1.0, 10_000.0)[nth % 3]
        case "numeric":
            return (100, 1, 1000)[nth % 3]
        case "bool":
            return nth % 2 == 0
        case "timestamptz" | "timestamp":
            ends = any(word in wanted.name for word in ("before", "until", "to", "ends"))
            return now + datetime.timedelta(days=(-1, 1, -30, 0)[nth % 4], hours=ends)
        case "date":
            return now.date() + datetime.timedelta(days=(0, 7, -7)[nth % 3])
        case "time":
            return datetime.time(9 + nth % 3 * 4)
        case "interval":
            return datetime.timedelta(hours=1 + nth % 3)
        case "json" | "jsonb":
            return "{}"
        case "bytea":
            return b"drawn"
        case "uuid":
            return f"00000000-0000-4000-8000-{nth:012d}"
        case _:
            return (*wanted.words, "drawn", "")[nth % (2 + len(wanted.words))]
