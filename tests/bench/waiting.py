"""How long people wait for answers when half as many ask as there could be.

An open loop: requests arrive at random moments, whatever became of those before. The reference is
asked as often in the same time. pgbench does so by itself, for the rows of a message.
"""

from dataclasses import dataclass
from statistics import median

from tests.bench.bench import Bench
from tests.bench.campus import Riders
from tests.bench.figures import TIME, Figure
from tests.bench.pgbench import Statement
from tests.bench.servers import Running
from tests.bench.target import Ask, Target
from tests.bench.those_who_ask import anybody, in_pairs
from tests.bench.writes import message_rows, messages

SHARE = 0.5
ROUNDS = 3


@dataclass(frozen=True)
class Wait:
    """What is asked of TripSync and of a reference, and what came of it."""

    ours: Target
    theirs: Target | Statement
    middle: Figure
    rare: Figure

    async def measure(self, bench: Bench, rate: float, backwards: bool) -> None:
        seconds = 3 * bench.size.seconds
        found = {}
        for each in (self.theirs, self.ours) if backwards else (self.ours, self.theirs):
            found[id(each)] = await each.paced(bench, rate, seconds)
        ours, theirs = found[id(self.ours)], found[id(self.theirs)]
        self.middle.note(ours.p50, theirs.p50)
        self.rare.note(ours.p99, theirs.p99)


def wait(name: str, reference: str, ours: Target, theirs: Target | Statement) -> Wait:
    return Wait(
        ours,
        theirs,
        Figure(f"{name}, p50", reference, TIME),
        Figure(f"{name}, p99", reference, TIME),
    )


async def measure(bench: Bench) -> list[Figure]:
    campus = bench.seeded()
    some = await anybody(campus)
    pairs = await in_pairs(campus)
    rows = await message_rows(campus, pairs)

    def target(server: Running, riders: Riders, path: str) -> Target:
        return Target(server, [Ask(path, campus.token(rider)) for rider in riders])

    server, bare = bench.tripsync(), bench.reference("bare")
    waits = [
        wait(
            "GET profile/me",
            "bare, one row",
            target(server, some, "/api/profile/me"),
            target(bare, some, "/row"),
        ),
        wait(
            "GET services, newest 20",
            "bare, twenty rows",
            target(server, some, "/api/services"),
            target(bare, some, "/rows"),
        ),
        wait(
            "POST chat/messages",
            "pgbench, the same rows",
            messages(campus, pairs, server, "/api/chat/messages"),
            rows,
        ),
    ]
    ceilings = [
        median([(await each.ours.ceiling(bench)).rate for _ in range(ROUNDS)]) for each in waits
    ]
    for number in bench.rounds("waiting", ROUNDS):
        for each, ceiling in zip(waits, ceilings, strict=True):
            await each.measure(bench, SHARE * ceiling, backwards=number % 2 == 1)
    return [figure for each in waits for figure in (each.middle, each.rare)]
