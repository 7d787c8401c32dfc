"""Queries that take longer with every row of a table: found in their plans, while rows are few.

Each query is planned twice for all values, on the rows that are there: as the server would, and
with sequential scans made dear. The second plan shows a scan only where no index helps, however
small the table is; the first one where an index is there and the planner does not want it.

What is seen is what stands in the query and in the views it asks. What functions and triggers do
inside is not.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import psycopg

from tripsync.database.findings import Finding
from tripsync.database.sources import Source, blanked
from tripsync.desk.plans import Node, children, explain
from tripsync.desk.relations import Relation, relations

# Every other table grows, with the riders or with what they do.
NEVER_GROW: Mapping[str, str] = {
    "colleges": "written by hand, one by one",
    "digest_turns": "a row a college",
    "timer_turns": "a row a timer",
    "sql_functions": "a row a function",
    "pgqueuer_schedules": "the queue's own, which nobody here fills",
    "pgqueuer_statistics": "the queue's own, which nobody here fills",
}
# The bookkeeping of migrations.
NOT_OURS = re.compile(r"_?yoyo_")
# `-- scans: why` below the name of a query that reads a whole table on purpose.
REASON = "scans:"
# Pages of 8 kB. On fewer than these, whether an index is used says nothing ...
A_FEW = 3
# ... what a college has of a table is read in no time ...
WORTH_AN_INDEX = 20
# ... and all of it may be read for good, as the planner thinks.
WORTH_A_LOOK = 100
# Through an index that holds so much of a table one reads the table.
MOST = 0.5
# Whoever stops after some rows stops early where at least so many of them are wanted; and a part
# with fewer tells nothing of the whole.
SOME = 0.02

# From so many on, plans are those of a service that is used.
ENOUGH_RIDERS = 1000

READS = ("Seq Scan", "Index Scan", "Index Only Scan", "Bitmap Index Scan")
# Hands on each row as it comes; other nodes take all before they give one.
HANDS_ON = {
    "Append",
    "Incremental Sort",
    "Limit",
    "LockRows",
    "Memoize",
    "Merge Append",
    "Nested Loop",
    "Result",
    "Subquery Scan",
    "Unique",
}
OF_A_COLLEGE = re.compile(r"\((\w+\.)?college_id = [^()]*(\([^()]*\)[^()]*)?\)")


class WholeRead(NamedTuple):
    """A table of which all is read, or all of a college."""

    table: str
    how: str


def grows(table: str) -> bool:
    return table not in NEVER_GROW and not NOT_OURS.match(table)


def check_plans(connection: psycopg.Connection, sources: Iterable[Source]) -> Iterator[Finding]:
    """Whole reads without a reason, and reasons without a whole read.

    The latter only where there are riders: without rows, a planner does what it never would with
    them."""
    known = relations(connection)
    has_riders = known["users"].rows >= ENOUGH_RIDERS
    for source in sources:
        reason = reason_of(source)
        if reason is None:
            for each in whole_reads(connection, source, known):
                yield Finding(source.path, *place_of(each.table, source), advice(source, each))
        elif not reason:
            yield at_reason(source, f"say in words why, behind `{REASON}`")
        elif has_riders and not whole_reads(connection, source, known, pages=WORTH_AN_INDEX):
            yield at_reason(source, f"{source.full_name} scans no table; take this line away")


def whole_reads(
    connection: psycopg.Connection,
    source: Source,
    known: Mapping[str, Relation],
    *,
    pages: int = WORTH_A_LOOK,
) -> list[WholeRead]:
    """Of tables that grow, each once; where an index was not wanted, those of so many pages."""
    found: dict[str, WholeRead] = {}
    for for_want in (True, False):
        plan = explain(connection, source, None, avoid_scans=for_want)
        for nodes, stops_early in reads(plan.root):
            relation = scanned(nodes[0], known)
            if relation is None or not grows(relation.table):
                continue
            if not for_want and relation.pages < pages:
                continue
            ways = [how_whole(node, relation, known, stops_early=stops_early) for node in nodes]
            if all(ways):
                found.setdefault(relation.table, WholeRead(relation.table, ways[0] or ""))
    return sorted(found.values())


def reads(node: Node, *, stops_early: bool = False) -> Iterator[tuple[list[Node], bool]]:
    """What reads tables, and whether it is stopped after some rows: a node, or several indexes of
    which only the rows are read that all lead to."""
    kind = node["Node Type"]
    if kind in READS:
        yield [node], stops_early
    if kind == "BitmapAnd":
        yield [each for each in children(node) if each["Node Type"] in READS], stops_early
        return
    handed_on = kind == "Limit" or (stops_early and kind in HANDS_ON)
    for child in children(node):
        # What is asked once for each row is asked whole.
        is_outer = child.get("Parent Relationship") in ("Outer", "Subquery", "Member")
        yield from reads(child, stops_early=handed_on and is_outer)


def how_whole(
    node: Node, relation: Relation, known: Mapping[str, Relation], *, stops_early: bool
) -> str | None:
    """How a node reads all of a table, if it does."""
    table = known[relation.table]
    if "Order By" in node or relation.rows < SOME * table.rows:
        return None
    if stops_early and float(node["Plan Rows"]) >= SOME * table.rows:
        return None
    if node["Node Type"] == "Seq Scan":
        return f"reads all of {table.name}"
    index = known[node["Index Name"]]
    condition = node.get("Index Cond")
    if index.rows < MOST * relation.rows or table.pages < A_FEW:
        return None
    if condition is None or not leads_into(condition, index):
        return f"reads all of {table.name} through the index {index.name}"
    if table.pages >= WORTH_AN_INDEX and OF_A_COLLEGE.fullmatch(condition):
        return f"reads all that a college has in {table.name}"
    return None


def leads_into(condition: str, index: Relation) -> bool:
    """Whether it says where in the index to begin."""
    return index.ordered_by is None or bool(re.search(rf"\b{index.ordered_by}\b", condition))


def scanned(node: Node, known: Mapping[str, Relation]) -> Relation | None:
    """The table that a node reads, or the part of one; none where it is not ours."""
    index = known.get(node.get("Index Name", ""))
    return known.get(node.get("Relation Name") or (index.lies_on if index else ""))


def reason_of(source: Source) -> str | None:
    """What its comment says of whole reads: nothing, or the words behind the mark."""
    said = [each for each in source.comments if each.startswith(REASON)]
    return said[0].removeprefix(REASON).strip() if said else None


def advice(source: Source, read: WholeRead) -> str:
    return (
        f"{source.full_name} {read.how}; give it an index, or say `-- {REASON} why` below its name"
    )


def place_of(table: str, source: Source) -> tuple[int, int]:
    """Where the query first names the table; its own name, where only a view does."""
    _, code = blanked(source.text)
    named = re.search(rf"\b(?:from|join|update|into|using)\s+({table})\b", code, re.IGNORECASE)
    return source.place(named.start(1)) if named else (source.line, 1)


def at_reason(source: Source, reason: str) -> Finding:
    return Finding(source.path, *source.place(source.text.index(REASON)), reason)
