"""Files of sql/functions are read into the functions and views that queries call."""

import hashlib
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from tripsync.database.files import function_files
from tripsync.database.queries import QueryFileError
from tripsync.database.sources import blanked, words_in
from tripsync.database.traps import Trap

CREATE = re.compile(
    r"create\s+or\s+replace\s+(?P<kind>function|view)\s+(?P<name>[a-z_]\w*)\s*(?=\(|with\b|as\b)",
    re.IGNORECASE,
)
RIGHT = re.compile(
    r"(?:grant|revoke)\b.*?\bon\s+(?:(?:function|table)\s+)?(?P<name>\w+)",
    re.IGNORECASE | re.DOTALL,
)
# What a body of `begin atomic` holds semicolons between.
BLOCK = re.compile(r"\bbegin\s+atomic\b|\bcase\b|\bend\b|;", re.IGNORECASE)

UNKNOWN_STATEMENT = (
    "write `create or replace function` or `create or replace view` here, and grants and revokes "
    "below the one that they are about; everything else belongs in a migration"
)
NO_COMMENT = "{name} lacks its comment: say above it, in a sentence, what it is for"
OPEN_END = "this statement does not end; a semicolon is missing"


class Definition(NamedTuple):
    """One function or view of a file, with what is said of its rights."""

    path: Path
    kind: str
    name: str
    meaning: str
    # From `create` to the last semicolon, and where that begins in the file.
    text: str
    starts_at: int
    # The statements of the text: where each begins in it, and what it says.
    statements: tuple[tuple[int, str], ...]
    file_text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def line(self) -> int:
        return self.file_text.count("\n", 0, self.starts_at) + 1

    def trap(self, reason: str, at: int = 0) -> Trap:
        """What is wrong at a character of the text."""
        return trap(self.path, self.file_text, self.starts_at + at, reason)


def trap(path: Path, text: str, at: int, reason: str) -> Trap:
    return Trap(path, text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at), reason)


def load_functions(folder: Path) -> tuple[Definition, ...]:
    """All definitions of sql/functions, each behind those that it calls."""
    found = [read_definitions(file, file.read_text()) for file in function_files(folder)]
    if traps := [each for _, traps in found for each in traps]:
        raise QueryFileError("\n".join(map(str, traps)))
    return in_order([each for definitions, _ in found for each in definitions])


@lru_cache(maxsize=100)
def read_definitions(path: Path, text: str) -> tuple[tuple[Definition, ...], tuple[Trap, ...]]:
    """The definitions of a file, and what in it is none."""
    _, code = blanked(text)
    definitions: list[Definition] = []
    traps: list[Trap] = []
    for begin, end in statements_in(code):
        if end is None:
            traps.append(trap(path, text, begin, OPEN_END))
        elif create := CREATE.match(code, begin):
            name = create["name"].lower()
            if not (meaning := comment_above(text, begin)):
                traps.append(trap(path, text, begin, NO_COMMENT.format(name=name)))
            sql = text[begin:end]
            definitions.append(
                Definition(
                    path=path,
                    kind=create["kind"].lower(),
                    name=name,
                    meaning=meaning,
                    text=sql,
                    starts_at=begin,
                    statements=((0, sql),),
                    file_text=text,
                )
            )
        elif (right := RIGHT.match(code, begin, end)) and names_last(definitions, right["name"]):
            last = definitions[-1]
            definitions[-1] = last._replace(
                text=text[last.starts_at : end],
                statements=(*last.statements, (begin - last.starts_at, text[begin:end])),
            )
        else:
            traps.append(trap(path, text, begin, UNKNOWN_STATEMENT))
    return tuple(definitions), tuple(traps)


def names_last(definitions: Sequence[Definition], name: str) -> bool:
    return bool(definitions) and definitions[-1].name == name.lower()


def statements_in(code: str) -> Iterator[tuple[int, int | None]]:
    """Where each statement begins and ends, its semicolon included."""
    begin, depth = 0, 0
    for word in BLOCK.finditer(code):
        match word[0].lower():
            case ";" if depth == 0:
                yield begin + indent(code[begin:]), word.end()
                begin = word.end()
            case ";":
                pass
            case "end":
                depth -= 1
            case _:
                depth += 1
    if code[begin:].strip():
        yield begin + indent(code[begin:]), None


def indent(code: str) -> int:
    return len(code) - len(code.lstrip())


def comment_above(text: str, at: int) -> str:
    """The lines of comment right above, as one sentence after the other."""
    lines: list[str] = []
    for line in reversed(text[:at].splitlines()):
        if not line.startswith("--"):
            break
        lines.insert(0, line.removeprefix("--").strip())
    return " ".join(lines).strip()


def in_order(definitions: Sequence[Definition]) -> tuple[Definition, ...]:
    """Each behind those whose names its text has: what it calls is there when it is made."""
    by_name: dict[str, list[int]] = {}
    for number, each in enumerate(definitions):
        by_name.setdefault(each.name, []).append(number)
    ordered: dict[int, Definition] = {}
    entered: set[int] = set()

    def enter(number: int) -> None:
        if number in entered:
            return
        entered.add(number)
        each = definitions[number]
        for name in words_in(each.text):
            for other in by_name.get(name, ()):
                # Of two with one name the first in the file comes first.
                if name != each.name or other < number:
                    enter(other)
        ordered[number] = each

    for number in range(len(definitions)):
        enter(number)
    return tuple(ordered.values())
