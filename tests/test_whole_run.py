"""What only a whole run can show is asked of a whole run alone."""

import subprocess
import sys

import pytest

from tests.processes import ROOT

FEW_TESTS = "tests/auth/test_rules.py"


def outcome(*arguments: str) -> tuple[int, str]:
    """What pytest says where these few tests are all that there are."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-n", "0", "-q", "-p", "no:cacheprovider"),
            *("-o", f"testpaths={FEW_TESTS}", *arguments),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    return run.returncode, run.stdout


def test_a_run_that_causes_no_event_fails() -> None:
    code, said = outcome()
    assert (code, "never heard by any test" in said) == (pytest.ExitCode.TESTS_FAILED, True), said


@pytest.mark.parametrize("less", ["--co", "--ignore=tests/chat"])
def test_whoever_lists_the_tests_or_leaves_some_out_is_asked_for_nothing(less: str) -> None:
    code, said = outcome(less)
    assert (code, "never heard" in said) == (pytest.ExitCode.OK, False), said
