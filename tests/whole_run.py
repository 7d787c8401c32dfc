"""What only all tests together can show: that they caused everything riders may hear.

Several processes share the tests of a run, each with a database of its own. Each tells the one
that started it what was heard there, and that one adds it up. It also prints what tests have to
tell (`record_property`), in whichever process they ran. pytest calls these functions.
"""

from typing import Any

import pytest

from tests.asyncapi import durable_types

HEARD = pytest.StashKey[set[str]]()
MISSING = pytest.StashKey[set[str]]()


def remember(config: pytest.Config, heard: set[str]) -> None:
    """These types of events came up."""
    report = getattr(config, "workeroutput", None)
    if report is None:
        config.stash.setdefault(HEARD, set()).update(heard)
    else:
        report["heard"] = sorted(heard)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """A process has ended; one that was killed leaves no report, and has failed the run."""
    report = getattr(node, "workeroutput", {})
    remember(node.config, set(report.get("heard", ())))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if is_whole(session):
        missing = durable_types() - session.config.stash.get(HEARD, set())
        session.config.stash[MISSING] = missing
        if missing:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    told = [each for report in passed(terminalreporter) for each in report.user_properties]
    if told:
        terminalreporter.section("told by tests")
    for name, figure in told:
        terminalreporter.line(f"{name}: {figure}")
    if missing := config.stash.get(MISSING, None):
        terminalreporter.section("never heard by any test", red=True)
        terminalreporter.line(", ".join(sorted(missing)))


def passed(terminalreporter: pytest.TerminalReporter) -> list[pytest.TestReport]:
    return [each for each in terminalreporter.stats.get("passed", ()) if each.when == "call"]


def is_whole(session: pytest.Session) -> bool:
    """Whether these were all tests there are, and all passed; one process knows only its own."""
    config = session.config
    option = config.option
    chosen = option.keyword or option.markexpr or option.deselect or option.ignore
    everywhere = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    is_part = hasattr(config, "workerinput")
    ran = everywhere and not is_part and not chosen and not option.collectonly
    return ran and not session.testsfailed
