"""Which endpoints, timers and messages of sockets reach which queries.

Read from the sources, not run. A function reaches what it names: functions and classes of its own
module and those that it imports, and of a class the methods that it names, too. So what is listed
may be reached, in some case or other. Not counted is what every request does, such as asking whose
token it is, and what a letter or a job asks for later.
"""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tripsync.desk.callers import Call, calls_of, parsed

METHODS = {"get", "post", "put", "patch", "delete"}
# By the clock, and by sockets; each is named by its first argument.
ENTRIES = {"Timer": "timer", "CollegeTimer": "timer", "Frame": "frame"}
# What is listed by features and run by one call.
LISTED = {"Section": "GET /api/profile/me/export", "Erase": "DELETE /api/profile/me"}
# Below what is asked: how a query gets to PostgreSQL, and how others hear of it.
BENEATH = "tripsync.database"
# What is done later, by whichever process.
LATER = {*ENTRIES, "Letter", "Job"}

Function = ast.FunctionDef | ast.AsyncFunctionDef
# A module by its dotted name, and what is named in it: a function, `Class.method`, or a variable.
Place = tuple[str, str]


class Module(NamedTuple):
    """What a module defines, and what its names stand for."""

    path: Path
    defined: Mapping[str, ast.AST]
    imported: Mapping[str, Place]


class Entry(NamedTuple):
    """Where something begins: as one calls it, and the code that it runs first."""

    name: str
    module: str
    begins: tuple[ast.AST, ...]


# A piece of code, and the module in which it stands.
Step = tuple[str, ast.AST]
# The calls of queries in all code that an entry leads to, by its name.
Reach = Mapping[str, frozenset[Call]]


def read_reach(package: Path) -> Reach:
    """All entries below a package, in the order of their names."""
    modules = dict(read_modules(package))
    calls = {name: calls_of(module.path) for name, module in modules.items()}
    leading: dict[ast.AST, Sequence[Step]] = {}

    # Most code is led to from many entries.
    def follow(name: str, node: ast.AST) -> Sequence[Step]:
        if node not in leading:
            leading[node] = list(leads_to(name, node, modules))
        return leading[node]

    found: dict[str, set[Call]] = {}
    for entry in entries(modules):
        found.setdefault(entry.name, set()).update(reached(entry, follow, calls))
    return {name: frozenset(found[name]) for name in sorted(found)}


def read_modules(package: Path) -> Iterator[tuple[str, Module]]:
    files = {dotted(package, path): path for path in sorted(package.rglob("*.py"))}
    for name, path in files.items():
        tree = parsed(path.read_text())
        imported: dict[str, Place] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for each in node.names:
                    inside = f"{node.module}.{each.name}"
                    place = (inside, "") if inside in files else (node.module, each.name)
                    imported[each.asname or each.name] = place
        yield name, Module(path, dict(definitions(tree)), imported)


def dotted(package: Path, path: Path) -> str:
    inside = path.relative_to(package.parent).with_suffix("")
    return ".".join(inside.parts).removesuffix(".__init__")


def definitions(tree: ast.Module) -> Iterator[tuple[str, ast.AST]]:
    for node in tree.body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield node.name, node
            case ast.ClassDef():
                yield node.name, node
                for part in node.body:
                    if isinstance(part, Function):
                        yield f"{node.name}.{part.name}", part
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value


def entries(modules: Mapping[str, Module]) -> Iterator[Entry]:
    for name, module in modules.items():
        for node in module.defined.values():
            if isinstance(node, Function):
                for path in routes(node):
                    yield Entry(path, name, (node,))
                continue
            for part in ast.walk(node):
                match part:
                    case ast.Call(
                        func=ast.Name(id=kind), args=[ast.Constant(value=str(title)), *rest]
                    ) if kind in ENTRIES:
                        begins = [own_method(each, node, module) for each in rest]
                        yield Entry(f"{ENTRIES[kind]} {title}", name, tuple(begins))
                    case ast.Call(func=ast.Name(id=kind)) if kind in LISTED:
                        yield Entry(LISTED[kind], name, (part,))


def own_method(said: ast.AST, holder: ast.AST, module: Module) -> ast.AST:
    """The method that `self.act` names inside a class; else what was said."""
    match said, holder:
        case ast.Attribute(value=ast.Name(id="self"), attr=method), ast.ClassDef(name=name):
            return module.defined.get(f"{name}.{method}", said)
        case _:
            return said


def routes(function: Function) -> Iterator[str]:
    """`GET /api/...` of a handler."""
    for each in function.decorator_list:
        match each:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="blueprint"), attr=method),
                args=[ast.Constant(value=str(path)), *_],
            ) if method in METHODS:
                yield f"{method.upper()} {as_documented(path)}"


def as_documented(path: str) -> str:
    """`<post_id:int>` as `{post_id}`."""
    parts = (
        f"{{{part[1:-1].partition(':')[0]}}}" if part.startswith("<") else part
        for part in path.split("/")
    )
    return "/".join(parts)


def reached(
    entry: Entry,
    follow: Callable[[str, ast.AST], Sequence[Step]],
    calls: Mapping[str, Sequence[Call]],
) -> Iterator[Call]:
    """The calls in all code that an entry leads to."""
    waiting = [(entry.module, node) for node in entry.begins]
    seen: set[ast.AST] = set()
    while waiting:
        name, node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        if not isinstance(node, ast.ClassDef):
            first, last = lines_of(node)
            yield from (each for each in calls[name] if first <= each.line <= last)
        waiting += follow(name, node)


def lines_of(node: ast.AST) -> tuple[int, int]:
    """Without its decorators."""
    return getattr(node, "lineno", 0), getattr(node, "end_lineno", 0)


def leads_to(
    name: str, node: ast.AST, modules: Mapping[str, Module]
) -> Iterator[tuple[str, ast.AST]]:
    """What a piece of code names."""
    if isinstance(node, ast.ClassDef):
        # Its methods are followed where they are named.
        return
    attributes = {each.attr for each in ast.walk(node) if isinstance(each, ast.Attribute)}
    attributes |= {"__init__", "__post_init__", "__aenter__", "__aexit__", "__call__"}
    for part in own_parts(node):
        for module, what in named(name, part, modules):
            definition = modules[module].defined.get(what)
            if definition is None or is_later(definition) or module.startswith(BENEATH):
                continue
            yield module, definition
            if isinstance(definition, ast.ClassDef):
                yield from methods(module, definition, attributes, modules)
            elif what.count(".") == 0 and (held := class_held(module, definition, modules)):
                yield from methods(*held, attributes, modules)


def own_parts(node: ast.AST) -> Iterator[ast.AST]:
    """All parts of some code, but for the decorators of a function."""
    skipped = {part for each in getattr(node, "decorator_list", ()) for part in ast.walk(each)}
    parts = [part for part in ast.walk(node) if part not in skipped]
    # A name that is given a value here stands for nothing outside.
    own = {part.id for part in parts if isinstance(part, ast.Name) and is_stored(part)}
    own |= {part.arg for part in parts if isinstance(part, ast.arg)}
    yield from (part for part in parts if not (isinstance(part, ast.Name) and part.id in own))


def is_stored(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def named(name: str, part: ast.AST, modules: Mapping[str, Module]) -> Iterator[Place]:
    """What a name, or an attribute of a module, stands for."""
    module = modules[name]
    match part:
        case ast.Name(id=which) if which in module.defined:
            yield name, which
        case ast.Name(id=which) if which in module.imported:
            yield from found_in(module.imported[which], modules)
        case ast.Attribute(value=ast.Name(id=holder), attr=which) if holder in module.imported:
            where, what = module.imported[holder]
            if not what:
                yield from found_in((where, which), modules)


def found_in(place: Place, modules: Mapping[str, Module]) -> Iterator[Place]:
    """Where it is defined, if that is below the package; a package hands names on."""
    name, what = place
    module = modules.get(name)
    if module is None:
        return
    if what in module.defined:
        yield place
    elif what in module.imported:
        yield from found_in(module.imported[what], modules)


def is_later(definition: ast.AST) -> bool:
    return isinstance(definition, ast.Call) and getattr(definition.func, "id", "") in LATER


def class_held(
    module: str, definition: ast.AST, modules: Mapping[str, Module]
) -> tuple[str, ast.ClassDef] | None:
    """The class of what a variable of a module holds."""
    if isinstance(definition, ast.Call):
        for where, what in named(module, definition.func, modules):
            if isinstance(found := modules[where].defined.get(what), ast.ClassDef):
                return where, found
    return None


def own_attributes(method: ast.AST) -> Iterator[str]:
    for part in ast.walk(method):
        match part:
            case ast.Attribute(value=ast.Name(id="self"), attr=name):
                yield name


def methods(
    module: str, definition: ast.ClassDef, wanted: set[str], modules: Mapping[str, Module]
) -> Iterator[tuple[str, ast.AST]]:
    """Those that are named, of the class and of what it is made from."""
    defined = modules[module].defined
    for each in definition.body:
        if isinstance(each, Function) and each.name in wanted:
            yield module, each
            # What a method of its own calls.
            inner = set(own_attributes(each))
            if inner - wanted:
                yield from methods(module, definition, wanted | inner, modules)
                return
    for base in definition.bases:
        for where, what in named(module, base, modules):
            found = modules[where].defined.get(what)
            if isinstance(found, ast.ClassDef) and found is not defined.get(definition.name):
                yield from methods(where, found, wanted, modules)
