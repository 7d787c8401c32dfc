"""Values to try a query with, drawn from the rows of a database.

Each set of values comes from one row and from rows that hang together with it by foreign keys, so
that a rider, a request and a pool belong to each other. The same rows give the same sets.
"""

from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from tripsync.desk.variations import Values, varied
from tripsync.desk.wanted import Known, Step, Wanted, wanted_by

Way = tuple[str, tuple[Step, ...]]

# Sets of values where no row says any.
FEW = 8
# How many foreign keys lead from one table to another at most.
FURTHEST = 3


async def draw(
    connection: asyncpg.Connection,
    text: str,
    types: Mapping[str, str],
    known: Known,
    number: int,
) -> list[Values]:
    """So many sets of values, or fewer where there are few rows."""
    wanted = wanted_by(text, types, known)
    if not wanted:
        return [{}]
    places = list(dict.fromkeys((b.alias, b.table) for each in wanted for b in each.columns))
    rows: list[dict[str, Any]] = []
    share = max(4, -(-number // max(1, len(places))))
    for turn, anchor in enumerate(places):
        rows += await drawn_from(connection, anchor, places, wanted, known, share, turn)
    # One of each beginning in turn, so that whoever stops early has seen all.
    rows = [row for nth in range(share) for row in rows[nth::share]] or [{}] * FEW
    return list(varied(wanted, rows[:number], known))


async def drawn_from(
    connection: asyncpg.Connection,
    anchor: tuple[str, str],
    places: Sequence[tuple[str, str]],
    wanted: Sequence[Wanted],
    known: Known,
    share: int,
    turn: int,
) -> list[dict[str, Any]]:
    """Rows of one table, each kind of them, with what hangs together with each."""
    table = anchor[1]
    names = {anchor: "a0"}
    joins: list[str] = []
    for place in places:
        if place != anchor:
            names[place] = join_to(
                place[1], {name: t for (_, t), name in names.items()}, joins, known, turn
            )
    picked = []
    for each in wanted:
        if each.columns:
            home = next((b for b in each.columns if (b.alias, b.table) == anchor), None)
            home = home or each.columns[turn % len(each.columns)]
            source = names[(home.alias, home.table)]
            if home.column == "college_id" and "college_id" in known.columns[table]:
                source = "a0"
            picked.append(f'({source}.{home.column})::{each.type} as "{each.name}"')
    statement = (
        f"with anchor as ({sample(table, known, share, turn)})"
        f" select {', '.join(picked)} from anchor a0 {' '.join(joins)}"
    )
    return [dict(row) for row in await connection.fetch(statement)]


def sample(table: str, known: Known, share: int, turn: int) -> str:
    """Rows of each kind there is, and others as they come."""
    order = f"hashtextextended(x::text, {turn}) as desk_order"
    some = f"(select x.*, {order} from {table} x order by desk_order limit {{}})"
    kinds = known.kinds.get(table)
    if not kinds:
        return some.format(share)
    kind = ", ".join(kinds)
    one_of_each = (
        f"select distinct on ({kind}) x.*, {order} from {table} x order by {kind}, desk_order"
    )
    return (
        f"(select * from ({one_of_each}) as kinds order by desk_order limit {share - share // 3})"
        f" union all {some.format(share // 3)}"
    )


def join_to(
    target: str, there: Mapping[str, str], joins: list[str], known: Known, turn: int
) -> str:
    """Rows of another table beside those that are there, by the shortest way of foreign keys."""
    ways = shortest_ways(target, there, known)
    begin, way = ways[turn % len(ways)] if ways else ("a0", ())
    here = begin
    if not way:
        here = beside(target, random_condition(target, there["a0"], known), joins, known)
    for step in way:
        equal = " and ".join(f'x."{far}" = {here}."{near}"' for near, far in step.equal)
        here = beside(step.to, equal, joins, known)
    return here


def beside(table: str, condition: str, joins: list[str], known: Known) -> str:
    name = f"a{len(joins) + 1}"
    # Of a view all rows would have to be made for that.
    is_view = table in known.views
    order = "" if is_view else "order by hashtextextended(x.ctid::text, a0.desk_order)"
    joins.append(
        f"left join lateral (select * from {table} x where {condition} {order} limit 1)"
        f" {name} on true"
    )
    return name


def random_condition(table: str, anchor: str, known: Known) -> str:
    both = all("college_id" in known.columns[each] for each in (table, anchor))
    return "x.college_id = a0.college_id" if both else "true"


def shortest_ways(target: str, there: Mapping[str, str], known: Known) -> list[Way]:
    """From whichever table is there already."""
    waiting: deque[tuple[str, str, tuple[Step, ...]]] = deque(
        (name, table, ()) for name, table in there.items()
    )
    found: list[Way] = []
    while waiting:
        name, table, way = waiting.popleft()
        if found and len(way) >= len(found[0][1]):
            break
        if len(way) >= FURTHEST:
            continue
        for step in known.steps.get(table, ()):
            if step.to == target:
                found.append((name, (*way, step)))
            waiting.append((name, step.to, (*way, step)))
    return found
