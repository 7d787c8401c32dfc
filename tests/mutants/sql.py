"""Queries and functions with one thing wrong: a condition lost, a boundary moved, a join weakened.

A condition is not cut out but made to decide nothing, `(... or true)`, so that the query still uses
every parameter and reads as before.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from tests.mutants.references import is_along_a_reference
from tripsync.database.files import SQL
from tripsync.database.function_files import Definition, read_definitions
from tripsync.database.sources import Source, blanked


class Mutant(NamedTuple):
    """One text that differs from what is written in one place."""

    # `file.query` of SQL, `functions/file.function`, `package.module` of Python.
    where: str
    # What was done, and what it was done to: the same for as long as that place is not edited.
    what: str
    # Gives the whole file as it would be.
    make: Callable[[], str]

    @property
    def text(self) -> str:
        return self.make()


FUNCTIONS = "functions/"
CONDITION = re.compile(r"\b(where|and|or|on|when|having)\b", re.IGNORECASE)
ENDS = re.compile(
    r"\b(and|or|group|order|limit|offset|returning|for|union|except|intersect|join|left|cross|inner|then|else|"
    r"end|having|window|on|set|do|when|where|as|(?<!distinct )from)\b",
    re.IGNORECASE,
)
CLOCK = re.compile(r"\bnow\(\)|timestamp\(\)")
CASE = re.compile(r"\b(case|end)\b", re.IGNORECASE)
BETWEEN = re.compile(r"\bbetween\b", re.IGNORECASE)

# Ids are unique over all colleges. Beside one, the college is there for the plan, for the second
# wall and for a database that is shared out by colleges: no row tells that it is not asked for.
COLLEGE = re.compile(r"(\w+\.)?college_id = (:college_id|\w+\.college_id)")
OTHER_ID = re.compile(r"\b(?!college_id)\w+_ids? = |\b\w+_request = ")

# Outside of quotes; each place by itself.
SWAPS: tuple[tuple[str, str, str], ...] = (
    ("a boundary moved", r"(?<![<>=!@|&-])<(?![<>=@])", "<="),
    ("a boundary moved", r"(?<![<>=!@|&-])<=(?![>])", "<"),
    ("a boundary moved", r"(?<![<>=!@|&-])>(?![>=])", ">="),
    ("a boundary moved", r"(?<![<>=!@|&-])>=", ">"),
    ("turned round", r"\bis null\b", "is not null"),
    ("turned round", r"\bis not null\b", "is null"),
    ("turned round", r"\bnot exists\b", "exists"),
    ("turned round", r"(?<!not )\bexists\b", "not exists"),
    ("an order reversed", r" desc\b", " asc"),
    ("an end swapped", r"\bleast\(", "greatest("),
    ("an end swapped", r"\bgreatest\(", "least("),
    ("an end swapped", r"\bmin\(", "max("),
    ("an end swapped", r"\bmax\(", "min("),
    ("a join weakened", r"(?<!left )(?<!cross )\bjoin\b(?! lateral)", "left join"),
    ("a join strengthened", r"\bleft join\b(?! lateral)", "join"),
    ("a sum turned", r"(?<= )\+(?= )", "-"),
    ("a sum turned", r"(?<= )-(?= (?!-))", "+"),
    ("doubles kept", r"\bselect distinct\b(?! on)", "select"),
)


# Before the body of a function, or of a view.
HEAD = re.compile(r".*?\b(?:return|begin\s+atomic|as)\b", re.IGNORECASE | re.DOTALL)

JOINS = ("a join weakened", "a join strengthened")


def mutants_of(source: Source) -> Iterator[Mutant]:
    """All of a query, in the order of its text."""
    return mutants_in(source.full_name, source.file_text, source.starts_at, source.text)


def mutants_of_function(definition: Definition) -> Iterator[Mutant]:
    """All of a function or a view."""
    _, sql = definition.statements[0]
    head = HEAD.match(blanked(sql)[1])
    begin = head.end() if head else 0
    where = f"{FUNCTIONS}{definition.path.stem}.{definition.name}"
    return mutants_in(where, definition.file_text, definition.starts_at + begin, sql[begin:])


def mutants_in(where: str, file_text: str, starts_at: int, part: str) -> Iterator[Mutant]:
    """All of a part of a file."""
    # Both without comments; in the other one quotes are blank, too.
    text, code = blanked(part)
    places = [*lost_conditions(text, code), *swapped(text, code)]
    numbers: dict[str, int] = {}
    for start, end, kind, replacement in sorted(places):
        was = " ".join(text[start:end].split())
        make = partial(replaced, file_text, starts_at + start, starts_at + end, replacement)
        yield Mutant(where, numbered(f"{kind}: {was}", numbers), make)


def is_function(mutant: Mutant) -> bool:
    return mutant.where.startswith(FUNCTIONS)


def changed_function(mutant: Mutant) -> str:
    """The statement that makes the one function that is other than written, if any is."""
    path = SQL / f"{mutant.where.partition('.')[0]}.sql"
    written, _ = read_definitions(path, path.read_text())
    changed, _ = read_definitions(path, mutant.text)
    return "".join(
        other.statements[0][1]
        for one, other in zip(written, changed, strict=True)
        if one.text != other.text
    )


def replaced(text: str, start: int, end: int, replacement: str) -> str:
    return f"{text[:start]}{replacement}{text[end:]}"


def numbered(what: str, numbers: dict[str, int]) -> str:
    """The same; with a number from the second time on that it is said."""
    numbers[what] = numbers.get(what, 0) + 1
    return what if numbers[what] == 1 else f"{what} ({numbers[what]})"


Place = tuple[int, int, str, str]


def lost_conditions(text: str, code: str) -> Iterator[Place]:
    for keyword in CONDITION.finditer(code):
        word = keyword[0].lower()
        if word == "and" and belongs_to_between(code, keyword.start()):
            continue
        if word == "on" and code[: keyword.start()].endswith("distinct "):
            continue
        start = keyword.end()
        end = start + len(text[start : end_of_condition(code, start)].rstrip())
        condition = text[start:end].strip()
        if condition in ("", "true") or (word == "on" and condition.startswith("conflict")):
            continue
        if COLLEGE.fullmatch(condition) and OTHER_ID.search(code):
            continue
        weaker = f" ({condition} and false)" if word == "or" else f" ({condition} or true)"
        yield start, end, "a condition lost", weaker


def belongs_to_between(code: str, at: int) -> bool:
    """Whether an `and` joins the two ends of a `between`."""
    return bool(re.search(r"\bbetween\s+\S+(?:\s+[-+]\s+\S+(?:\s'[^']*')?)*\s+\Z", code[:at], re.I))


def end_of_condition(code: str, start: int) -> int:
    """Where the next word or mark stands that a condition cannot contain at its own depth."""
    depth = 0
    at = start
    in_between = False
    while at < len(code):
        if code[at] == "(":
            depth += 1
        elif code[at] == ")":
            if depth == 0:
                return at
            depth -= 1
        elif depth == 0 and code[at] in ",;":
            return at
        elif starts_word(code, at) and (word := CASE.match(code, at)):
            if depth == 0 and word[0].lower() == "end":
                return at
            depth += 1 if word[0].lower() == "case" else -1
            at = word.end()
            continue
        elif depth == 0 and (word := BETWEEN.match(code, at)):
            in_between = True
            at = word.end()
            continue
        elif depth == 0 and starts_word(code, at) and (word := ENDS.match(code, at)):
            if not (in_between and word[0].lower() == "and"):
                return at
            in_between = False
            at = word.end()
            continue
        at += 1
    return at


def end_of_join(code: str, start: int) -> int:
    """Where the condition of a join ends, with all its parts."""
    on = re.compile(r"\bon\b").search(code, start)
    end = end_of_condition(code, on.end()) if on else start
    while code.startswith("and", end):
        end = end_of_condition(code, end + len("and"))
    return end


def starts_word(code: str, at: int) -> bool:
    return at == 0 or not (code[at - 1].isalnum() or code[at - 1] in "_:.")


def swapped(text: str, code: str) -> Iterator[Place]:
    for kind, pattern, replacement in SWAPS:
        for found in re.finditer(pattern, code, re.IGNORECASE):
            line_end = code.find("\n", found.start())
            line_start = code.rfind("\n", 0, found.start()) + 1
            line = text[line_start : line_end if line_end >= 0 else len(text)]
            # No test meets the microsecond in which such a boundary decides.
            if kind == "a boundary moved" and CLOCK.search(line):
                continue
            if kind in JOINS and is_along_a_reference(
                code, found.start(), end_of_join(code, found.end())
            ):
                continue
            changed = (
                line[: found.start() - line_start] + replacement + line[found.end() - line_start :]
            )
            yield line_start, line_start + len(line), kind, changed
    for lock in re.finditer(r"\n\s*for (?:no key )?(?:update|share)[^;)\n]*", code):
        yield lock.start(), lock.end(), "a lock lost", ""
