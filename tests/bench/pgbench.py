"""PostgreSQL's own limit for a write: the same rows by pgbench, as one prepared statement."""

import asyncio
import re
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.bench import Bench
from tests.bench.campus import Campus
from tests.bench.target import Measurement
from tripsync.database.embedded import program

RATE = re.compile(r"^tps = ([\d.]+)", re.MULTILINE)


@dataclass(frozen=True)
class Statement:
    """What is written; `:nth` is from 1 to `rows`, and no two clients have the same at a time."""

    campus: Campus
    text: str
    rows: int

    async def ceiling(self, bench: Bench, connections: int | None = None) -> Measurement:
        """With all connections kept busy."""
        return await self._run(bench, connections or bench.size.connections)

    async def paced(self, bench: Bench, rate: float, seconds: float) -> Measurement:
        """With so many arriving a second, each timed from then on."""
        return await self._run(bench, bench.size.connections, rate=rate, seconds=seconds)

    async def _run(
        self, bench: Bench, clients: int, rate: float | None = None, seconds: float | None = None
    ) -> Measurement:
        # It counts in whole seconds.
        whole = max(1, round(seconds or bench.size.seconds))
        options = [f"--client={clients}", f"--time={whole}"]
        if rate:
            options.append(f"--rate={rate:.1f}")
        return await asyncio.to_thread(self._measured, clients, options)

    def _measured(self, clients: int, options: Sequence[str]) -> Measurement:
        last = self.rows // clients - 1
        choice = f"\\set nth 1 + :client_id + {clients} * random(0, {last})"
        with tempfile.TemporaryDirectory(prefix="tripsync-pgbench-") as folder:
            script = Path(folder, "script.sql")
            script.write_text(f"{choice}\n{self.text}")
            finished = subprocess.run(
                [
                    program("pgbench"),
                    *("--no-vacuum", "--protocol=prepared", f"--file={script}"),
                    *("--log", f"--log-prefix={folder}/log"),
                    *options,
                    self.campus.url,
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            found = RATE.search(finished.stdout)
            if finished.returncode or not found:
                raise SystemExit(f"pgbench failed: {finished.stderr}")
            # The third word of a line is how long it took, in microseconds.
            took = sorted(
                int(line.split()[2]) / 1000
                for log in Path(folder).glob("log.*")
                for line in log.read_text().splitlines()
            )
        return Measurement(
            rate=float(found[1]),
            p50=took[len(took) // 2],
            p99=took[len(took) * 99 // 100],
            answered=len(took),
        )
