"""The documents of docs/reference are those that are served, so that a change of them is seen."""

from pathlib import Path

import msgspec
import pytest

from tests.conftest import Caller
from tests.processes import ROOT
from tripsync.cli import main

REFERENCE = ROOT / "docs" / "reference"


@pytest.mark.parametrize("name", ["openapi.json", "asyncapi.json"])
def test_a_committed_document_is_the_one_that_is_served(call: Caller, name: str) -> None:
    committed = msgspec.json.decode((REFERENCE / name).read_bytes())
    assert committed == call("GET", f"/{name}").json, (
        "run `tripsync documents`, and look at git diff"
    )


def test_the_command_writes_what_is_committed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["documents", str(tmp_path)]) == 0
    said = capsys.readouterr().out
    written = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert written
    for name, text in written.items():
        assert text == (REFERENCE / name).read_bytes(), name
        assert f"wrote {tmp_path / name}\n" in said


def test_a_release_keeps_the_api_and_forgets_what_was_allowed(tmp_path: Path) -> None:
    released = tmp_path / "released"
    released.mkdir()
    (released / "allowed.txt").write_text("openRideRequest: is gone\n")
    assert main(["documents", str(tmp_path), "--release"]) == 0
    assert (released / "openapi.json").read_bytes() == (tmp_path / "openapi.json").read_bytes()
    kept = (REFERENCE / "released" / "allowed.txt").read_text()
    assert "is gone" not in (released / "allowed.txt").read_text()
    assert (released / "allowed.txt").read_text().splitlines()[0] == kept.splitlines()[0]
