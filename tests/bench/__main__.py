"""`make bench`: what TripSync does, as ratios to references in the same run.

    make bench                                       # all; writes docs/explanation/speed.md
    make bench ARGS="--only reads writes"            # some; prints the table
    make bench ARGS="--only reads --rounds 9"
    make bench ARGS="--large"                        # with a million rows; takes much longer
    make bench ARGS="--toy"                          # whether it works; the figures mean nothing

How to read the table stands in docs/explanation/speed.md. What automatic matching saves is another
question: `python -m tests.bench.matching --help`.
"""

import argparse
import asyncio
import dataclasses
import resource
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

import uvloop

from tests.bench import (
    candidates,
    events,
    extensions,
    fan_out,
    flood,
    machine,
    memory,
    reads,
    rounds,
    row_security,
    services,
    waiting,
    workers,
    writes,
)
from tests.bench.bench import TOY, WHOLE, Section, Size, running
from tests.bench.figures import Figure
from tests.bench.page import table, write_page
from tests.processes import ROOT

SECTIONS: Mapping[str, Section] = {
    "reads": reads.measure,
    "writes": writes.measure,
    "waiting": waiting.measure,
    "services": services.measure,
    "candidates": candidates.measure,
    "rounds": rounds.measure,
    "events": events.measure,
    "fan-out": fan_out.measure,
    "memory": memory.measure,
    "flood": flood.measure,
    "workers": workers.measure,
}
# Of questions that were answered once, and are no part of the page.
OTHERS: Mapping[str, Section] = {
    "extensions": extensions.measure,
    "row-security": row_security.measure,
}
ALL = {**SECTIONS, **OTHERS}
PAGES = ROOT / "docs" / "explanation"


async def measure(names: Sequence[str], size: Size) -> dict[str, list[Figure]]:
    """The figures of these sections."""
    async with running(size) as bench:
        figures = {}
        for name in names:
            bench.say(name)
            figures[name] = await ALL[name](bench)
        bench.say("done")
        return figures


def options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", nargs="+", choices=ALL, metavar="SECTION", help="some only")
    parser.add_argument("--rounds", type=int, help="how often each is measured")
    parser.add_argument("--seconds", type=float, help="how long a measurement takes")
    parser.add_argument("--riders", type=int, help="how many are seeded")
    parser.add_argument("--large", action="store_true", help="up to a million rows, too")
    parser.add_argument("--trips", type=Path, help="a trace for the rounds (tests/bench/trips.py)")
    parser.add_argument("--toy", action="store_true", help="whether it works")
    parser.add_argument("--page", type=Path, help="the folder for speed.md and speed.svg")
    return parser.parse_args(arguments)


def size_of(chosen: argparse.Namespace) -> Size:
    size = TOY if chosen.toy else WHOLE
    given = {name: getattr(chosen, name) for name in ("rounds", "seconds", "riders", "trips")}
    size = dataclasses.replace(size, **{name: each for name, each in given.items() if each})
    if chosen.large:
        size = dataclasses.replace(
            size,
            active=(*size.active, 1_000_000),
            posts=(*size.posts, 1_000_000),
            large=True,
        )
    return size


def main(arguments: Sequence[str]) -> None:
    chosen = options(arguments)
    # Also when it is told to stop, nothing stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    # Every process holds a file for each socket; those it starts inherit this.
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    size, before, began = size_of(chosen), machine.load_average(), monotonic()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        figures = runner.run(measure(chosen.only or list(SECTIONS), size))
    print(table(figures))
    # A page with some of its figures would say that there are no others.
    folder = chosen.page or (None if chosen.only or chosen.toy else PAGES)
    if folder:
        write_page(
            folder,
            figures,
            when=f"{datetime.now(UTC):%Y-%m-%d}",
            minutes=f"{(monotonic() - began) / 60:.0f}",
            machine=f"{machine.describe()}. The load average (of 1, 5 and 15 minutes) was {before} "
            f"before the run, and {machine.load_average()} at its end",
            rounds=f"{size.rounds}",
            connections=f"{size.connections}",
            riders=f"{size.riders:,}",
        )


if __name__ == "__main__":
    main(sys.argv[1:])
