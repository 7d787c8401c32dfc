"""The glossary says where each of our words lives, and there it is."""

import ast
import re
from pathlib import Path

import pytest

from tests.processes import ROOT

GLOSSARY = ROOT / "docs" / "reference" / "glossary.md"
ROW = re.compile(
    r"^\| (?P<word>[^|]+) \| (?P<meaning>[^|]+) \| `(?P<name>\w+)` in `(?P<file>[^`]+)` \|$"
)
MADE = r"(?:create (?:or replace )?(?:unlogged )?(?:table|view|function) |-- name: )"
HEADS = ("| word |", "|---|")


def rows() -> list[str]:
    lines = GLOSSARY.read_text().splitlines()
    return [line for line in lines if line.startswith("|") and not line.startswith(HEADS)]


def defines(file: Path, name: str) -> bool:
    """Whether a file makes something of this name: a class, a function, a table, a query."""
    text = file.read_text()
    if file.suffix == ".sql":
        return bool(re.search(rf"^{MADE}{name}\b", text, re.MULTILINE))
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return any(isinstance(node, kinds) and node.name == name for node in ast.parse(text).body)


def spaced(text: str) -> str:
    """In lower case, and `PoolingRequests` or `pooling_requests` as words."""
    return re.sub(r"[\W_]+", " ", re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)).lower()


@pytest.mark.parametrize("row", rows(), ids=lambda row: row.split("|")[1].strip())
def test_a_word_is_found_where_the_glossary_says(row: str) -> None:
    said = ROW.match(row)
    assert said, row
    file = ROOT / said["file"]
    assert file.is_file(), f"{said['file']} is gone"
    assert defines(file, said["name"]), f"{said['file']} makes no {said['name']}"
    # Whoever searches for the word comes upon it.
    assert spaced(said["word"]) in spaced(f"{said['file']}\n{file.read_text()}"), said["word"]
    assert re.fullmatch(r"[A-Z0-9].*\.", said["meaning"]), said["meaning"]


def test_each_word_is_said_once_and_found_by_its_letter() -> None:
    words = [row.split("|")[1].strip() for row in rows()]
    assert len(words) == len(set(words))
    for part in GLOSSARY.read_text().split("\n## ")[1:]:
        inside = [line.split("|")[1].strip() for line in part.splitlines() if line in rows()]
        assert inside == sorted(inside)
