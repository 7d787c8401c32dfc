"""A pytest plugin that has the tests meet one mutant: MUTANT names a file that says which.

It is loaded before anything of the package, so that the package comes with the mutant in it.
"""

import importlib.util
import json
import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

mutant = json.loads(Path(os.environ["MUTANT"]).read_text())


class Finder:
    """Finds one module where its mutant lies."""

    @staticmethod
    def find_spec(
        name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != mutant["module"]:
            return None
        return importlib.util.spec_from_file_location(name, mutant["file"])


if mutant["module"]:
    sys.meta_path.insert(0, Finder)
else:
    from tripsync.database import files

    files.SQL = Path(mutant["file"])
