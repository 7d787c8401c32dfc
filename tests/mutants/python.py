"""Python rules with one thing wrong: a boundary moved, a condition turned, a call left out."""

import ast
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.mutants.sql import Mutant, numbered

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
    lines = source.splitlines()
    numbers: dict[str, int] = {}
    for nth, (node, kind) in enumerate(places(ast.parse(source))):
        what = numbered(f"{kind}: {lines[node.lineno - 1].strip()}", numbers)
        yield Mutant(module, what, partial(changed, source, nth))


def changed(source: str, nth: int) -> str:
    """The text with its nth place changed."""
    tree = ast.parse(source)
    node, _ = list(places(tree))[nth]
    change(tree, node)
    return ast.unparse(ast.fix_missing_locations(tree))


Node = ast.expr | ast.stmt


def places(tree: ast.Module) -> Iterator[tuple[Node, str]]:
    """What can be changed, and how; not in types or decorators, and not the words of a text."""
    left_alone = {
        id(inside)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
        for decorator in node.decorator_list
        for inside in ast.walk(decorator)
    }
    # `strict=True` of a zip decides nothing, unless the code is wrong already.
    left_alone |= {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.keyword) and node.arg == "strict"
    }
    for key in keys_of_tables(tree):
        yield key, "an entry left out"
    for node in ast.walk(tree):
        if id(node) in left_alone:
            continue
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


def keys_of_tables(tree: ast.Module) -> Iterator[ast.expr]:
    """The keys of a module's own dictionaries, such as the one of a state machine."""
    for statement in tree.body:
        match statement:
            case ast.Assign(value=ast.Dict(keys=keys)) | ast.AnnAssign(value=ast.Dict(keys=keys)):
                yield from (each for each in keys if each is not None)


def leave_out(tree: ast.Module, key: ast.expr) -> bool:
    """Take an entry out of a dictionary, if this is the key of one."""
    for table in ast.walk(tree):
        if isinstance(table, ast.Dict) and key in table.keys:
            place = table.keys.index(key)
            del table.keys[place], table.values[place]
            return True
    return False


def is_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr)
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in (node.left, node.right)
    )


def change(tree: ast.Module, node: Node) -> None:
    if isinstance(node, ast.expr) and leave_out(tree, node):
        return
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
