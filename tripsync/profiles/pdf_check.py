"""Reads a PDF from standard input and says what is wrong with it; silence is consent.

A program of its own, run by `resumes.py` for one file at a time: a file that makes the
parser run in circles, or eat all memory, costs its own process and nothing else.
"""

import io
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, NameObject

MOST_SECONDS = 8
MOST_MEMORY = 1_000_000_000
MOST_PAGES = 20
MOST_OBJECTS = 50_000

# What a document does by itself, or carries inside: nothing that a résumé needs.
ACTIVE = frozenset(
    {
        "/JS",
        "/JavaScript",
        "/Launch",
        "/SubmitForm",
        "/ImportData",
        "/XFA",
        "/RichMedia",
        "/EmbeddedFile",
        "/EmbeddedFiles",
    }
)


def what_is_wrong(content: bytes) -> str:
    reader = PdfReader(io.BytesIO(content))
    if reader.is_encrypted:
        return "This PDF is locked with a password; send one that anybody can open."
    if not 1 <= len(reader.pages) <= MOST_PAGES:
        return f"A résumé has 1 to {MOST_PAGES} pages."
    if any(name in ACTIVE for name in names(reader)):
        return "This PDF holds a script, an attachment or a form that acts; send a plain one."
    return ""


def names(reader: PdfReader) -> Iterator[str]:
    """Every name in every object that a reader of the document can reach."""
    known: set[int] = set()
    waiting: list[Any] = [reader.trailer["/Root"]]
    for _ in range(MOST_OBJECTS):
        if not waiting:
            return
        match waiting.pop():
            case IndirectObject() as reference:
                if reference.idnum not in known:
                    known.add(reference.idnum)
                    waiting.append(reference.get_object())
            case DictionaryObject() as entries:
                yield from entries
                waiting.extend(each for _, each in entries.items() if may_hold_names(each))
            case ArrayObject() as entries:
                waiting.extend(each for each in list.__iter__(entries) if may_hold_names(each))
            case NameObject() as name:
                yield name
    raise ValueError("more objects than any résumé has")


def may_hold_names(value: object) -> bool:
    return isinstance(value, IndirectObject | DictionaryObject | ArrayObject | NameObject)


def main() -> None:
    # Where the system knows no such limit, the caller's clock remains.
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    sys.stdout.write(what_is_wrong(sys.stdin.buffer.read()))


if __name__ == "__main__":
    main()
