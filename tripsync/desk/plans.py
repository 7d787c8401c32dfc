"""How PostgreSQL would run a query: its plan, and the plan as a tree."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg import RawCursor, sql

from tripsync.database.catalog import named
from tripsync.database.findings import counted
from tripsync.database.sources import Source, Statement, statement_of
from tripsync.desk.values import DeskError, in_order

Node = Mapping[str, Any]


# What a node says of the rows it takes, in PostgreSQL's words and in ours.
CONDITIONS = (
    ("Index Cond", "by index"),
    ("Recheck Cond", "rechecks"),
    ("TID Cond", "by place"),
    ("Hash Cond", "joins where"),
    ("Merge Cond", "joins where"),
    ("Join Filter", "joins where"),
    ("One-Time Filter", "only if"),
    ("Filter", "filters"),
)
# Which of them the rows that were read in vain belong to.
REMOVED = {
    "Recheck Cond": "Rows Removed by Index Recheck",
    "Join Filter": "Rows Removed by Join Filter",
    "Filter": "Rows Removed by Filter",
}


class Plan(NamedTuple):
    """The plan of one query."""

    source: Source
    root: Node
    analyzed: bool
    # All that PostgreSQL says, the times of the whole among it.
    said: Node


def explain(
    connection: psycopg.Connection,
    source: Source,
    values: dict[str, str | None] | None,
    *,
    analyze: bool = False,
    avoid_scans: bool = False,
) -> Plan:
    """With values as the server plans for them, without as it plans for any. Nothing is kept.

    Where scans are avoided, a table is read from one end to the other only for want of an index:
    what is joined is looked up row by row."""
    with connection.transaction(force_rollback=True):
        if avoid_scans:
            for way in ("seqscan", "hashjoin", "mergejoin"):
                connection.execute(f"set local enable_{way} = off")
        [[said]] = ask(connection, source, values, form="json", analyze=analyze)
    answer = json.loads(said) if isinstance(said, str) else said
    return Plan(source, answer[0]["Plan"], analyze, answer[0])


def explain_as_text(
    connection: psycopg.Connection,
    source: Source,
    values: dict[str, str | None] | None,
    *,
    analyze: bool = False,
) -> str:
    """As PostgreSQL itself writes it, for programs that show plans."""
    with connection.transaction(force_rollback=True):
        lines = ask(connection, source, values, form="text", analyze=analyze)
    return "\n".join(line for (line,) in lines)


def ask(
    connection: psycopg.Connection,
    source: Source,
    values: dict[str, str | None] | None,
    *,
    form: str,
    analyze: bool,
) -> list[Any]:
    statement = statement_of(source)
    try:
        if values is None:
            return explain_any(connection, statement, form)
        ordered = in_order(source, statement, values)
        options = f"format {form}, analyze, buffers" if analyze else f"format {form}"
        cursor = RawCursor(connection)
        cursor.execute(f"explain ({options}) {statement.sql}".encode(), ordered)
        return cursor.fetchall()
    except psycopg.Error as reason:
        raise DeskError(f"{source.full_name}: {reason}") from None


def explain_any(connection: psycopg.Connection, statement: Statement, form: str) -> list[Any]:
    """The plan that serves all values, as a server makes it that has seen many."""
    nulls = sql.SQL(", ").join([sql.SQL("null")] * len(statement.parameters))
    call = sql.SQL("({})").format(nulls) if statement.parameters else sql.SQL("")
    connection.execute("set local plan_cache_mode = force_generic_plan")
    RawCursor(connection).execute(f"prepare desk as {statement.sql}".encode())
    try:
        asked = sql.SQL("explain (format {}) execute desk{}").format(sql.SQL(form), call)
        return connection.execute(asked).fetchall()
    finally:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            connection.execute("deallocate desk")


def tree(plan: Plan) -> str:
    """A line a node, the one that costs most marked, and what it does with the rows below it."""
    nodes = list(walk(plan.root))
    own = {id(node): own_cost(node, analyzed=plan.analyzed) for node, _ in nodes}
    whole = sum(own.values()) or 1.0
    dearest = max(nodes, key=lambda each: own[id(each[0])])[0]
    lines = []
    for node, depth in nodes:
        share = round(100 * own[id(node)] / whole)
        mark = f"   <== {share} % of it all" if node is dearest else ""
        lines.append(f"{'   ' * depth}{label(node)}  {effort(node, plan.analyzed)}{mark}")
        lines += [f"{'   ' * depth}     {each}" for each in details(node, plan.analyzed)]
    return named("\n".join([*lines, *summary(plan)]), statement_of(plan.source))


def details(node: Node, analyzed: bool) -> Iterator[str]:
    """Conditions, in what order, and what was read for it."""
    for name, words in CONDITIONS:
        if name in node:
            removed = node.get(REMOVED.get(name, ""), 0)
            loops = node.get("Actual Loops", 1)
            each_time = " each time" if loops > 1 else ""
            lost = f"  ({counted(removed, 'row')} removed{each_time})" if removed else ""
            yield f"{words} {node[name]}{lost}"
    if keys := node.get("Sort Key"):
        yield f"sorts by {', '.join(keys)}"
    if analyzed and node.get("Heap Fetches"):
        yield f"looks up {counted(node['Heap Fetches'], 'row')} in the table"
    if analyzed and (pages := buffers(node)):
        yield pages


def buffers(node: Node) -> str:
    """Pages of 8 kB, those of the nodes below included."""
    kinds = (
        ("Shared Hit Blocks", "in memory"),
        ("Shared Read Blocks", "read"),
        ("Temp Read Blocks", "read back from temporary files"),
        ("Temp Written Blocks", "written to temporary files"),
    )
    found = [f"{node[name]} {words}" for name, words in kinds if node.get(name)]
    return f"pages: {', '.join(found)}" if found else ""


def summary(plan: Plan) -> Iterator[str]:
    if plan.analyzed:
        planned, ran = plan.said["Planning Time"], plan.said["Execution Time"]
        yield f"planned in {planned:.2f} ms, ran in {ran:.2f} ms"


def outline(plan: Plan) -> list[str]:
    """The same without efforts, to be laid beside another."""
    return [f"{'  ' * depth}{label(node)}" for node, depth in walk(plan.root)]


def walk(node: Node, depth: int = 0) -> Iterator[tuple[Node, int]]:
    yield node, depth
    for child in node.get("Plans", ()):
        yield from walk(child, depth + 1)


def own_cost(node: Node, *, analyzed: bool) -> float:
    """What a node costs without those below it."""
    return max(0.0, cost(node, analyzed) - sum(cost(each, analyzed) for each in children(node)))


def children(node: Node) -> list[Node]:
    return list(node.get("Plans", ()))


def cost(node: Node, analyzed: bool) -> float:
    if analyzed:
        return float(node.get("Actual Total Time", 0)) * float(node.get("Actual Loops", 1))
    return float(node["Total Cost"])


def label(node: Node) -> str:
    words = [node["Node Type"]]
    if relation := node.get("Relation Name"):
        words.append(f"on {relation}")
    if index := node.get("Index Name"):
        words.append(f"by {index}")
    if named := node.get("CTE Name") or node.get("Subplan Name"):
        words.append(f"({named})")
    return " ".join(words)


def effort(node: Node, analyzed: bool) -> str:
    if not analyzed:
        return f"about {node['Plan Rows']} rows, cost {node['Total Cost']:.0f}"
    loops = node.get("Actual Loops", 1)
    times = f" x {loops}" if loops > 1 else ""
    return (
        f"{node.get('Actual Rows', 0):.0f} rows{times} (about {node['Plan Rows']} expected), "
        f"{cost(node, analyzed):.2f} ms"
    )
