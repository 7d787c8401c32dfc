"""Which tests run which queries: noted during a whole run, for `make mutants`.

A pytest plugin: with REACH set to a file, every test that passes is written there with the queries
that ran while it did, in the server that tests share a process with, and how long it took.
"""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tripsync.database.queries import Query

REACHED = pytest.StashKey[dict[str, Any]]()


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REACHED] = {}
    config.pluginmanager.register(Recorder(config), "reach recorder")


class Recorder:
    """Notes the names of queries as they are called."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._names: set[str] = set()
        call = Query.__call__
        names = self._names

        def noting(query: Query, *values: Any, **named: Any) -> Any:
            names.add(query.name)
            return call(query, *values, **named)

        Query.__call__ = noting  # type: ignore[method-assign]

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        report = yield
        if report.when == "setup":
            self._names.clear()
        elif report.when == "call" and report.passed:
            self._config.stash[REACHED][item.nodeid] = [sorted(self._names), report.duration]
        return report

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self._config.stash[REACHED].update(getattr(node, "workeroutput", {}).get("reached", {}))

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        reached = session.config.stash[REACHED]
        if hasattr(session.config, "workeroutput"):
            session.config.workeroutput["reached"] = reached
        elif reached:
            file = Path(os.environ["REACH"])
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(json.dumps(reached))
