"""sql/schema.sql: the schema as the migrations leave it, for whoever writes queries.

pg_dump knows all there is. It writes for a machine, though: here each table gets together what
belongs to it, and every part says which migrations made it, where one reads why.
"""

import re
import subprocess
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tripsync.database.embedded import program
from tripsync.database.files import MIGRATIONS, SCHEMA, SQL
from tripsync.database.findings import Finding
from tripsync.database.function_files import Definition, load_functions
from tripsync.database.sources import QUOTED, blanked
from tripsync.desk.steps import ROLLBACK, migration_files

HEADER = """\
-- The schema as `tripsync migrate` leaves it: to be read, never run. `tripsync sql schema` writes
-- it. Why things are as they are stands in the files that are named with them, migrations and
-- those of sql/functions. Of functions whose words PostgreSQL does not keep only the head is here;
-- the rest is in the file named last.
"""
ENTRY = re.compile(
    r"^--\n-- (?:Data for )?Name: (?P<name>.*?); Type: (?P<kind>[A-Z ]+); Schema: .*\n--\n",
    re.MULTILINE,
)
NOISE = re.compile(
    r"^(?:SET default_.*;|\\unrestrict .*|--\n-- PostgreSQL database dump complete\n--)$",
    re.MULTILINE,
)
CREATE_TABLE = re.compile(r"(?P<head>CREATE .*) \(\n(?P<parts>.*)\n\)(?P<tail>.*);", re.DOTALL)
CONSTRAINT = re.compile(r"ALTER TABLE (?:ONLY )?\S+\n    ADD (CONSTRAINT .*);", re.DOTALL)
IDENTITY = re.compile(r"ALTER TABLE \S+ ALTER COLUMN (\S+) ADD (GENERATED .* AS IDENTITY) \(")
DEFAULT = re.compile(r"ALTER TABLE ONLY \S+ ALTER COLUMN (\S+) SET (DEFAULT .*);")
ATTACHED = re.compile(r"ALTER TABLE ONLY (\S+) ATTACH PARTITION \S+ (FOR VALUES .*);")
NAMED_TABLE = re.compile(r"\b(?:TABLE|ON|BY)(?: ONLY)? (\w+)")
MADE = re.compile(
    r"\b(?:create|alter)\s+(?:or\s+replace\s+)?(?:unlogged\s+)?"
    r"(?P<kind>table|view|function|type)\s+(?P<name>\w+)",
    re.IGNORECASE,
)
SPELLINGS = (
    ("timestamp with time zone", "timestamptz"),
    ("time without time zone", "time"),
    (" using btree", ""),
)
# How what belongs to a table follows it.
ORDER = ("INDEX", "TRIGGER", "ROW SECURITY", "POLICY", "ACL", "COMMENT")


class Entry(NamedTuple):
    """One thing in a dump."""

    kind: str
    name: str
    text: str

    @property
    def owner(self) -> str:
        """The table or function that it belongs to, or that it is."""
        if self.kind in ("INDEX", "SEQUENCE", "SEQUENCE OWNED BY"):
            table = NAMED_TABLE.search(self.text)
            return table[1] if table else self.name
        name = self.name.partition(" ")[2] if self.kind in ("ACL", "COMMENT") else self.name
        # `trees trees_pkey`, `trees.name`, and `grow(tree trees)` or `grow(trees)`.
        function, parenthesis, _ = name.partition("(")
        return f"{function}()" if parenthesis else re.split(r"[ .]", name)[0]


def dump(url: str) -> str:
    """The schema of this database, to read."""
    command = [
        str(program("pg_dump")),
        "--schema-only",
        "--no-owner",
        "--exclude-table=*yoyo*",
        url,
    ]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return readable(said.replace("public.", ""), origins(functions=load_functions(SQL)))


def readable(said: str, made_by: dict[tuple[str, str], list[str]]) -> str:
    belongings: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries(said):
        belongings[entry.owner].append(entry)
    parts: dict[str, list[str]] = {"TYPE": [], "TABLE": [], "VIEW": [], "FUNCTION": [], "": []}
    for owner, all_of_it in sorted(belongings.items()):
        kinds = [each.kind for each in all_of_it]
        kind = next((each for each in parts if each in kinds), "")
        text = table(all_of_it) if kind == "TABLE" else "\n".join(map(plain, in_order(all_of_it)))
        known = made_by.get((kind.lower(), owner.split("(")[0]), [])
        source = f"-- {', '.join(known)}\n" if known else ""
        parts[kind].append(f"{source}{lowered(text)}\n")
    return "\n".join([HEADER, *(text for kind in parts.values() for text in kind)])


def entries(said: str) -> Iterator[Entry]:
    marks = list(ENTRY.finditer(said))
    ends = [*(mark.start() for mark in marks[1:]), len(said)]
    for mark, end in zip(marks, ends, strict=True):
        text = NOISE.sub("", said[mark.end() : end]).strip()
        # Sequences show where they are used, and an attached index in its table's.
        if mark["kind"] != "INDEX ATTACH" and not text.startswith("CREATE SEQUENCE"):
            yield Entry(mark["kind"], mark["name"], text)


def in_order(all_of_it: Sequence[Entry]) -> list[Entry]:
    def place(entry: Entry) -> int:
        return ORDER.index(entry.kind) if entry.kind in ORDER else -1

    return sorted(all_of_it, key=place)


def plain(entry: Entry) -> str:
    """Its own words, where PostgreSQL keeps them."""
    if entry.kind == "FUNCTION" and not re.search(r"^\s+AS ", entry.text, re.MULTILINE):
        return re.split(r"\n\s+(?:RETURN |BEGIN ATOMIC)", entry.text)[0] + " ..."
    return entry.text


def table(all_of_it: Sequence[Entry]) -> str:
    """Columns with all that is said of them, constraints, and then what else belongs to it."""
    [made] = [each for each in all_of_it if each.kind == "TABLE"]
    rest = [each for each in all_of_it if each is not made]
    columns: dict[str, str] = {}
    constraints = []
    whole = CREATE_TABLE.fullmatch(made.text)
    assert whole is not None, made.text
    for line in whole["parts"].split("\n"):
        name, _, says = line.strip().removesuffix(",").partition(" ")
        if name == "CONSTRAINT":
            constraints.append(f"{name} {says}")
        else:
            columns[name] = says
    others = []
    for each in in_order(rest):
        if found := CONSTRAINT.fullmatch(each.text):
            constraints.append(found[1])
        elif found := IDENTITY.match(each.text) or DEFAULT.fullmatch(each.text):
            columns[found[1]] += f" {found[2]}"
        elif found := ATTACHED.fullmatch(each.text):
            parent, values = found.groups()
            belongings = [one.text for one in rest if one.kind in ("TRIGGER", "POLICY", "ACL")]
            return "\n".join([f"{whole['head']} PARTITION OF {parent} {values};", *belongings])
        elif each.kind != "SEQUENCE OWNED BY":
            others.append(each.text)
    width = max(map(len, columns))
    lines = [f"    {name.ljust(width)} {says}" for name, says in columns.items()]
    lines += [f"    {each}" for each in constraints]
    inside = ",\n".join(lines)
    return "\n".join([f"{whole['head']} (\n{inside}\n){whole['tail']};", *others])


def lowered(text: str) -> str:
    """In small letters and as we spell types, but for what is quoted."""
    pieces = []
    at = 0
    for quoted in QUOTED.finditer(text):
        pieces += [spelled(text[at : quoted.start()]), quoted[0]]
        at = quoted.end()
    return "".join([*pieces, spelled(text[at:])])


def spelled(code: str) -> str:
    # What follows a string is its type, which goes without saying where it is text.
    code = re.sub(r"^::text\b", "", code.lower())
    for long, short in SPELLINGS:
        code = code.replace(long, short)
    return code


def origins(
    folder: Path = MIGRATIONS, functions: Sequence[Definition] = ()
) -> dict[tuple[str, str], list[str]]:
    """Which migrations made or changed a table, a view, a function or a type; or which file of
    sql/functions has it."""
    made_by: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in migration_files(folder):
        if file.suffix == ".sql" and not file.stem.endswith(ROLLBACK):
            _, code = blanked(file.read_text())
            for found in MADE.finditer(code):
                names = made_by[found["kind"].lower(), found["name"]]
                if file.stem not in names:
                    names.append(file.stem)
    for each in functions:
        made_by[each.kind, each.name] = [f"sql/functions/{each.path.name}"]
    return made_by


def write_schema(text: str) -> bool:
    """Whether anything changed."""
    if SCHEMA.exists() and SCHEMA.read_text() == text:
        return False
    SCHEMA.write_text(text)
    return True


def check_schema(text: str) -> Iterator[Finding]:
    """The file says what the migrations make."""
    told = SCHEMA.read_text().splitlines() if SCHEMA.exists() else []
    wanted = text.splitlines()
    if told != wanted:
        alike = next(
            (at for at, pair in enumerate(zip(told, wanted, strict=False)) if pair[0] != pair[1]),
            min(len(told), len(wanted)),
        )
        reason = "the migrations make another schema; `tripsync sql schema` writes it"
        yield Finding(SCHEMA, alike + 1, 1, reason)
