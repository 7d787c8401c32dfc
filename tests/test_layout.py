"""The plan of the house holds: arrows point down, SQL lives in sql/, names say what a thing is.

Each rule reads a tree of sources and tells what breaks it as `file:line: why`. That a rule
has eyes is shown on small trees that break it.
"""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.processes import ROOT
from tripsync.app import FEATURES

PACKAGE = ROOT / "tripsync"
# What lies below the features. Every other folder of the package is a feature.
FOUNDATIONS = {"database", "http", "jobs", "mail", "matching", "realtime", "routing", "serving"}
MAY_NOT_IMPORT = {
    "database": FOUNDATIONS - {"database"},
    "jobs": FOUNDATIONS - {"jobs", "database"},
    "mail": FOUNDATIONS - {"mail", "jobs", "database"},
    # Pure: they know no request and no database.
    "matching": FOUNDATIONS - {"matching"},
    "routing": FOUNDATIONS - {"routing", "matching"},
}
# Where all comes together: only these know the features.
TOP = {"app", "cli", "documents", "__main__"}

# A command, which is typed again; and a sweep, whose deleted files no rollback brings back.
MAY_NOT_BEGIN_AGAIN = {"moderation/command.py", "profiles/api_files.py"}

# Those in database/ and serving/ give a library what it misses in some environments; none of it
# is a setting.
MAY_READ_ENVIRONMENT = {
    "settings.py",
    "cli.py",
    "database/embedded.py",
    "database/migrations.py",
    "serving/process.py",
}
ENVIRONMENT = {"environ", "environb", "getenv", "getenvb"}

SQL = re.compile(
    r"(?:^|;)(?:\s*--[^\n]*\n)*\s*(?:explain\b[^;]*?)?(?:with\b[^;]*?\(\s*)?"
    r"(?:(?P<verb>select)\s+(?:\d|\w+\(|.*?\sfrom\s)"
    r"|(?P<insert>insert)\s+into\s"
    r"|(?P<update>update)\s+[\w.\"]+(?:\s+(?:as\s+)?\w+)?\s+set\s"
    r"|(?P<delete>delete)\s+from\s)",
    re.IGNORECASE | re.DOTALL,
)
# What a query file cannot say, and what the desk asks of PostgreSQL's catalogue.
MAY_SPEAK_SQL = {"database", "desk"}
NOT_OURS = {"__pycache__", "node_modules"}
EMPTY_NAMES = {"util", "utils", "common", "helper", "helpers", "base", "core"}

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef

Rule = Callable[[Path], Iterator[str]]


def sources(package: Path) -> Iterator[tuple[str, ast.Module]]:
    """Every module by its path below the package."""
    for file in sorted(package.rglob("*.py")):
        yield file.relative_to(package).as_posix(), ast.parse(file.read_text())


def place(package: Path, module: str, node: ast.AST | None = None) -> str:
    return f"{package.name}/{module}:{getattr(node, 'lineno', 1)}"


def part_of(module: str) -> str:
    """The folder of the package that a module belongs to, or its own name at the top."""
    return module.split("/")[0].removesuffix(".py")


def imports(package: Path, module: str, tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Which parts of the package a module imports, and where."""
    here = [package.name, *module.split("/")[:-1]]
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [each.name for each in node.names]
        elif isinstance(node, ast.ImportFrom):
            above = here[: len(here) - node.level + 1] if node.level else []
            start = ".".join([*above, *filter(None, [node.module])])
            names = [f"{start}.{each.name}" for each in node.names]
        for name in names:
            first, _, rest = name.partition(".")
            if first == package.name and rest:
                yield node, rest.split(".")[0]


def arrows_point_down(package: Path) -> Iterator[str]:
    folders = {file.parent.name for file in package.glob("*/*.py")}
    features = folders - FOUNDATIONS
    for module, tree in sources(package):
        part = part_of(module)
        for node, imported in imports(package, module, tree):
            if part in TOP or part == imported:
                continue
            if imported in features | TOP:
                yield f"{place(package, module, node)}: {part} must not know {imported}"
            elif imported in MAY_NOT_IMPORT.get(part, ()):
                yield f"{place(package, module, node)}: {part} lies below {imported}"


def nothing_that_is_served_knows_the_desk(package: Path) -> Iterator[str]:
    """The command imports it inside the functions that need it, for each worker loads the command
    anew; so it does with documents.py, which is no more served than the desk."""
    for module, tree in sources(package):
        if part_of(module) in ("desk", "documents"):
            continue
        functions = [node for node in ast.walk(tree) if isinstance(node, FUNCTION)]
        late = {id(inner) for function in functions for inner in ast.walk(function)}
        for node, imported in imports(package, module, tree):
            if imported in ("desk", "documents") and not (module == "cli.py" and id(node) in late):
                yield f"{place(package, module, node)}: what is served must not know {imported}"


def only_settings_read_the_environment(package: Path) -> Iterator[str]:
    for module, tree in sources(package):
        reads = [node for node in ast.walk(tree) if reads_environment(node)]
        # The command passes it on to the settings, once.
        allowed = 1 if module == "cli.py" else len(reads) * (module in MAY_READ_ENVIRONMENT)
        for node in reads[allowed:]:
            yield f"{place(package, module, node)}: a setting is read outside settings.py"


def reads_environment(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom) and node.module == "os":
        return any(each.name in ENVIRONMENT for each in node.names)
    return (
        isinstance(node, ast.Attribute)
        and node.attr in ENVIRONMENT
        and isinstance(node.value, ast.Name)
    )


def sql_lives_in_sql(package: Path) -> Iterator[str]:
    for module, tree in sources(package):
        if part_of(module) in MAY_SPEAK_SQL:
            continue
        for node, text in texts(tree):
            if looks_like_sql(text):
                yield f"{place(package, module, node)}: SQL outside sql/ and database/"


def texts(tree: ast.Module) -> Iterator[tuple[ast.AST, str]]:
    """Every string that is a value: docstrings are prose; an f-string counts as a whole."""
    prose = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    for whole in formatted:
        parts = [each.value if isinstance(each, ast.Constant) else "x" for each in whole.values]
        yield whole, "".join(str(part) for part in parts)
        prose |= {id(each) for each in whole.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in prose:
            yield node, node.value


def looks_like_sql(text: str) -> bool:
    # "Select a ride from the list" is a sentence: nobody writes SQL with a capital.
    verbs = [verb for found in SQL.finditer(text) for verb in found.groups() if verb]
    return any(verb.islower() or verb.isupper() for verb in verbs)


def writes_begin_again(package: Path) -> Iterator[str]:
    """A feature's transaction is one that can be tried again, by `run_in_transaction`."""
    for module, tree in sources(package):
        part = part_of(module)
        if part in FOUNDATIONS | {"desk"} or module in MAY_NOT_BEGIN_AGAIN or "/" not in module:
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Call(func=ast.Attribute(attr="transaction")):
                    yield f"{place(package, module, node)}: a write that is not tried again"


def names_say_what_a_thing_is(package: Path) -> Iterator[str]:
    for path in sorted(package.rglob("*")):
        if NOT_OURS.isdisjoint(path.parts) and path.stem in EMPTY_NAMES:
            yield f"{place(package, path.relative_to(package).as_posix())}: says nothing"


@pytest.mark.parametrize(
    "rule",
    [
        arrows_point_down,
        nothing_that_is_served_knows_the_desk,
        only_settings_read_the_environment,
        sql_lives_in_sql,
        writes_begin_again,
        names_say_what_a_thing_is,
    ],
    ids=lambda rule: rule.__name__,
)
def test_the_package_keeps_the_rule(rule: Rule) -> None:
    assert list(rule(PACKAGE)) == []


def test_names_of_tests_say_what_a_thing_is() -> None:
    assert list(names_say_what_a_thing_is(ROOT / "tests")) == []


def test_every_feature_lists_its_endpoints() -> None:
    for feature in FEATURES:
        folder = Path(str(feature.api[0].__file__)).parent
        listed = {Path(str(module.__file__)) for module in feature.api}
        assert set(folder.glob("api*.py")) <= listed, f"{folder.name} serves none of some endpoints"


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """Builds a package: `tree({"auth/rules.py": "import os"})`."""

    def build(modules: dict[str, str]) -> Path:
        package = tmp_path / "tripsync"
        for folder in ("auth", "pooling", "http", "database", "serving"):
            (package / folder).mkdir(parents=True)
            (package / folder / "__init__.py").touch()
        for name, text in modules.items():
            (package / name).parent.mkdir(parents=True, exist_ok=True)
            (package / name).write_text(text)
        return package

    return build


@pytest.mark.parametrize(
    ("module", "line", "why"),
    [
        ("auth/rules.py", "from tripsync.pooling.rules import fits", "auth must not know pooling"),
        ("auth/rules.py", "from tripsync import pooling", "auth must not know pooling"),
        ("auth/rules.py", "import tripsync.pooling.rules", "auth must not know pooling"),
        ("auth/rules.py", "from ..pooling import rules", "auth must not know pooling"),
        ("auth/rules.py", "from .. import pooling", "auth must not know pooling"),
        ("auth/rules.py", "from tripsync.app import create_app", "auth must not know app"),
        ("http/endpoint.py", "from tripsync.auth import rules", "http must not know auth"),
        ("database/pool.py", "from tripsync.auth import rules", "database must not know auth"),
        ("database/pool.py", "import tripsync.http", "database lies below http"),
        ("database/pool.py", "from ..serving import process", "database lies below serving"),
        ("serving/process.py", "from tripsync.auth import rules", "serving must not know auth"),
        ("mail.py", "from tripsync.auth import rules", "mail must not know auth"),
        ("settings.py", "from . import auth", "settings must not know auth"),
    ],
)
def test_an_arrow_that_points_up_is_seen(
    tree: Callable[..., Path], module: str, line: str, why: str
) -> None:
    package = tree({module: f'"""What it is."""\n\n{line}\n'})
    assert list(arrows_point_down(package)) == [f"tripsync/{module}:3: {why}"]


def test_an_import_inside_a_function_is_seen(tree: Callable[..., Path]) -> None:
    package = tree({"auth/rules.py": "def fit():\n    from tripsync import pooling\n"})
    assert list(arrows_point_down(package)) == [
        "tripsync/auth/rules.py:2: auth must not know pooling"
    ]


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("app.py", "from tripsync import auth, pooling"),
        ("auth/rules.py", "from tripsync.auth import secrets"),
        ("auth/rules.py", "from . import secrets"),
        ("auth/rules.py", "from tripsync.http.problems import Problem"),
        ("http/endpoint.py", "from tripsync.database import Database"),
        ("http/openapi/document.py", "from tripsync import __version__"),
        ("database/pool.py", "from tripsync.settings import Settings"),
        ("auth/rules.py", "import pooling"),
    ],
)
def test_an_arrow_that_points_down_is_fine(
    tree: Callable[..., Path], module: str, line: str
) -> None:
    assert list(arrows_point_down(tree({module: line}))) == []


def test_an_import_of_the_desk_is_seen(tree: Callable[..., Path]) -> None:
    line = "from tripsync.desk import command\n"
    package = tree(
        {
            "app.py": f"def create():\n    {line}",
            "cli.py": f"def work():\n    {line}\n{line}",
            "database/pool.py": "import tripsync.desk.values\n",
            "desk/values.py": line,
            "http/pages.py": "from .. import desk\n",
        }
    )
    assert list(nothing_that_is_served_knows_the_desk(package)) == [
        f"tripsync/{where}: what is served must not know desk"
        for where in ("app.py:2", "cli.py:4", "database/pool.py:1", "http/pages.py:1")
    ]


def test_every_look_at_the_environment_is_seen(tree: Callable[..., Path]) -> None:
    package = tree(
        {
            "auth/rules.py": "import os\n\nKEY = os.environ['KEY']\n",
            "auth/limits.py": "from os import getenv\n",
            "cli.py": "import os\n\nread(os.environ)\nagain(os.environ)\n",
            "settings.py": "import os\n\nread(os.environ)\n",
        }
    )
    assert [each.split(": ")[0] for each in only_settings_read_the_environment(package)] == [
        "tripsync/auth/limits.py:1",
        "tripsync/auth/rules.py:3",
        "tripsync/cli.py:4",
    ]


@pytest.mark.parametrize(
    "line",
    [
        'query = "select name from users"',
        'query = "SELECT name FROM users"',
        'query = """\n    select name,\n           place\n      from users\n"""',
        'query = "insert into users (name) values ($1)"',
        'query = "update users set name = $1"',
        'query = "update users u set name = $1"',
        'query = "delete from users where user_id = $1"',
        'query = "select pg_notify($1, $2)"',
        'query = "select 1"',
        'query = "with old as (select 1 from users) delete from users"',
        'query = "-- the riders\\nselect name from users"',
        'query = "begin; delete from users where true"',
        'query = f"select name from {table} where true"',
        'query = f"update {table} set name = {name}"',
        'query = f"delete from {table}"',
        'query = "select name" " from users"',
        'fetch("select name from " + table)',
    ],
)
def test_sql_in_python_is_seen(tree: Callable[..., Path], line: str) -> None:
    package = tree({"auth/rules.py": f"import os\n\n{line}\n"})
    assert list(sql_lives_in_sql(package)) == [
        "tripsync/auth/rules.py:3: SQL outside sql/ and database/"
    ]


@pytest.mark.parametrize(
    "line",
    [
        '"""select name from users"""',
        'def count():\n    """delete from users where true"""',
        'detail = "Select a ride from the list."',
        'detail = "Update your profile and set a picture."',
        'detail = "You can select a place from the map, or delete from it."',
        'detail = f"{name} was selected from the list"',
        "choices = db.colleges.select_from(name)",
        "# select name from users",
    ],
)
def test_prose_is_not_taken_for_sql(tree: Callable[..., Path], line: str) -> None:
    assert list(sql_lives_in_sql(tree({"auth/rules.py": line}))) == []


def test_sql_may_stand_in_the_database_package(tree: Callable[..., Path]) -> None:
    assert list(sql_lives_in_sql(tree({"database/listener.py": 'probe = "select 1"'}))) == []


def test_a_write_that_is_not_tried_again_is_seen(tree: Callable[..., Path]) -> None:
    write = "async def write(request):\n    async with database(request).transaction() as db:\n"
    package = tree(
        {
            "auth/rules.py": f"{write}        await db.accounts.close()\n",
            "timers.py": f"{write}        await db.timers.take_turn()\n",
        }
    )
    assert list(writes_begin_again(package)) == [
        "tripsync/auth/rules.py:2: a write that is not tried again"
    ]


def test_a_name_that_says_nothing_is_seen(tree: Callable[..., Path]) -> None:
    package = tree({"auth/utils.py": "", "http/core/answers.py": "", "http/basement.py": ""})
    assert list(names_say_what_a_thing_is(package)) == [
        "tripsync/auth/utils.py:1: says nothing",
        "tripsync/http/core:1: says nothing",
    ]
