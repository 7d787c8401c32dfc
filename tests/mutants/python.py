"""Python rules with one thing wrong: a boundary moved, a condition turned, a call left out."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.mutants.sql import Mutant

MOVED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
TURNED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
}


def mutants_of(file: Path, module: str) -> Iterator[Mutant]:
    """All of a module, in the order of its text."""
    source = file.read_text()
    count = len(list(places(ast.parse(source))))
    for number in range(count):
        tree = ast.parse(source)
        node, kind = list(places(tree))[number]
        line = source.splitlines()[node.lineno - 1].strip()
        change(node, kind)
        what = f"{kind}: {line} ({node.col_offset})"
        yield Mutant(module, what, ast.unparse(ast.fix_missing_locations(tree)))


Node = ast.expr | ast.stmt


def places(tree: ast.Module) -> Iterator[tuple[Node, str]]:
    """What can be changed, and how; not in types, and not the words of a text."""
    for node in ast.walk(tree):
        match node:
            case ast.Compare(ops=[operator]) if type(operator) in MOVED:
                yield node, "a comparison moved"
            case ast.BoolOp():
                yield node, "and for or"
            case ast.BinOp(op=operator) if type(operator) in TURNED and not is_text(node):
                yield node, "a sum turned"
            case ast.UnaryOp(op=ast.Not()):
                yield node, "a not lost"
            case ast.Constant(value=bool()):
                yield node, "a constant turned"
            case ast.Constant(value=int()):
                yield node, "a constant raised"
            case ast.Expr(value=ast.Call() | ast.Await()):
                yield node, "a call left out"


def is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def change(node: Node, kind: str) -> None:
    match node:
        case ast.Compare():
            node.ops = [MOVED[type(node.ops[0])]()]
        case ast.BoolOp():
            node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        case ast.BinOp():
            node.op = TURNED[type(node.op)]()
        case ast.UnaryOp():
            # Twice is none.
            node.operand = ast.UnaryOp(ast.Not(), node.operand)
        case ast.Constant(value=bool()):
            node.value = not node.value
        case ast.Constant(value=int()):
            node.value += 1
        case ast.Expr():
            node.value = ast.Constant(None)
