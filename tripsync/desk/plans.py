"""How PostgreSQL would run a query: its plan, and the plan as a tree."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg import RawCursor, sql

from tripsync.database.sources import Source, Statement, statement_of
from tripsync.desk.values import DeskError, in_order

Node = Mapping[str, Any]


class Plan(NamedTuple):
    """The plan of one query."""

    source: Source
    root: Node
    analyzed: bool


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
    statement = statement_of(source)
    try:
        with connection.transaction(force_rollback=True):
            if avoid_scans:
                for way in ("seqscan", "hashjoin", "mergejoin"):
                    connection.execute(f"set local enable_{way} = off")
            if values is None:
                said = explain_any(connection, statement)
            else:
                ordered = in_order(source, statement, values)
                options = "format json, analyze, buffers" if analyze else "format json"
                cursor = RawCursor(connection)
                cursor.execute(f"explain ({options}) {statement.sql}".encode(), ordered)
                said = cursor.fetchone()
    except psycopg.Error as reason:
        raise DeskError(f"{source.full_name}: {reason}") from None
    assert said is not None
    answer = json.loads(said[0]) if isinstance(said[0], str) else said[0]
    return Plan(source, answer[0]["Plan"], analyze)


def explain_any(connection: psycopg.Connection, statement: Statement) -> Any:
    """The plan that serves all values, as a server makes it that has seen many."""
    nulls = sql.SQL(", ").join([sql.SQL("null")] * len(statement.parameters))
    call = sql.SQL("({})").format(nulls) if statement.parameters else sql.SQL("")
    connection.execute("set local plan_cache_mode = force_generic_plan")
    RawCursor(connection).execute(f"prepare desk as {statement.sql}".encode())
    try:
        found = connection.execute(sql.SQL("explain (format json) execute desk{}").format(call))
        return found.fetchone()
    finally:
        if connection.info.transaction_status == psycopg.pq.TransactionStatus.INTRANS:
            connection.execute("deallocate desk")


def tree(plan: Plan) -> str:
    """A line a node, the one that costs most marked."""
    nodes = list(walk(plan.root))
    own = {id(node): own_cost(node, analyzed=plan.analyzed) for node, _ in nodes}
    whole = sum(own.values()) or 1.0
    dearest = max(nodes, key=lambda each: own[id(each[0])])[0]
    lines = []
    for node, depth in nodes:
        share = round(100 * own[id(node)] / whole)
        mark = f"   <== {share} % of it all" if node is dearest else ""
        lines.append(f"{'   ' * depth}{label(node)}  {effort(node, plan.analyzed)}{mark}")
    return "\n".join(lines)


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
