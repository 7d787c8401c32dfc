"""Which tests run which queries: noted during a whole run, for `make mutants`.

A pytest plugin: every test that passes becomes a line of the file that REACH names, with the
queries that ran in its own process meanwhile, and how long it took.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tripsync.database.pool import Snapshot
from tripsync.database.queries import Query


def pytest_configure(config: pytest.Config) -> None:
    file = Path(os.environ["REACH"]).resolve()
    if not hasattr(config, "workerinput"):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("")
    config.pluginmanager.register(Recorder(file), "reach recorder")


class Recorder:
    """Notes the names of queries as they are called."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._names: set[str] = set()
        call = Query.__call__
        names = self._names

        def noting(query: Query, *values: Any, **named: Any) -> Any:
            names.add(query.name)
            return call(query, *values, **named)

        Query.__call__ = noting  # type: ignore[method-assign]

        rows = Snapshot.rows

        def noting_rows(snapshot: Snapshot, file: str, name: str, **values: Any) -> Any:
            names.add(f"{file}.{name}")
            return rows(snapshot, file, name, **values)

        Snapshot.rows = noting_rows  # type: ignore[method-assign]

    def pytest_runtest_logstart(self) -> None:
        self._names.clear()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if report.when == "call" and report.passed:
            line = json.dumps([item.nodeid, sorted(self._names), round(report.duration, 3)])
            # Several processes write, each a whole line at a time.
            with self._file.open("a") as file:
                file.write(f"{line}\n")
        return report
