"""How many reads a second there are, beside bare reads of as many rows and beside the team's."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from tests.bench.bench import Bench
from tests.bench.campus import Riders
from tests.bench.figures import Figure
from tests.bench.servers import HOST
from tests.bench.target import Ask, Target
from tests.bench.those_who_ask import (
    anybody,
    in_a_pool,
    with_conversations,
    with_events,
    with_messages,
    with_open_requests,
    with_requests,
)

PAGE = 20


@dataclass(frozen=True)
class Compared:
    """What is asked of TripSync, and of the references beside it."""

    ours: Target
    beside: Sequence[tuple[Target, Figure]]

    @property
    def targets(self) -> list[Target]:
        return [self.ours, *(target for target, _ in self.beside)]

    async def warm_up(self, bench: Bench) -> None:
        """Until caches are filled and plans are kept."""
        for target in self.targets:
            await target.ceiling(bench)

    async def measure(self, bench: Bench, backwards: bool) -> None:
        rates = {}
        for target in reversed(self.targets) if backwards else self.targets:
            rates[id(target)] = (await target.ceiling(bench)).rate
        for target, figure in self.beside:
            figure.note(rates[id(self.ours)], rates[id(target)])


async def measure(bench: Bench) -> list[Figure]:
    compared = await comparisons(bench)
    bench.say("reads, warming up")
    for each in compared:
        await each.warm_up(bench)
    for number in bench.rounds("reads"):
        for each in compared:
            await each.measure(bench, backwards=number % 2 == 1)
    return [figure for each in compared for _, figure in each.beside]


async def comparisons(bench: Bench) -> list[Compared]:
    campus = bench.seeded()
    tripsync, bare, team = bench.tripsync(), bench.reference("bare"), bench.reference("team")
    some = await anybody(campus)
    requesters = await with_requests(campus, PAGE)

    def asks(riders: Riders, path: str) -> list[Ask]:
        return [Ask(path.format(**rider), campus.token(rider)) for rider in riders]

    def ours(riders: Riders, path: str) -> Target:
        return Target(tripsync, asks(riders, f"/api/{path}"))

    one_row = Target(bare, asks(some, "/row"))
    twenty_rows = Target(bare, asks(some, "/rows"))

    def beside_rows(name: str, target: Target, goal: float | None = 0.7) -> Compared:
        return Compared(target, [(twenty_rows, Figure(name, "bare, twenty rows", goal=goal))])

    return [
        Compared(
            Target(tripsync, [Ask("/api/health/ping")]),
            [
                (
                    Target(bare, [Ask("/ping")]),
                    Figure("GET health/ping", "bare, no database", goal=0.65),
                )
            ],
        ),
        Compared(
            ours(some, "profile/me"),
            [
                (one_row, Figure("GET profile/me", "bare, one row", goal=0.8)),
                (
                    Target(team, asks(some, "/profile/me")),
                    Figure("GET profile/me", "team", goal=7),
                ),
            ],
        ),
        Compared(
            ours(some, "services"),
            [
                (twenty_rows, Figure("GET services, newest 20", "bare, twenty rows", goal=0.7)),
                (
                    Target(team, asks(some, "/services")),
                    Figure("GET services, newest 20", "team", goal=8),
                ),
            ],
        ),
        beside_rows("GET services?search=", ours(some, "services?search=calculus"), goal=None),
        beside_rows("GET services?tags=", ours(some, "services?tags=calculus"), goal=None),
        Compared(
            ours(requesters, "pool/requests"),
            [
                (twenty_rows, Figure("GET pool/requests, own", "bare, twenty rows", goal=0.7)),
                (
                    Target(team, asks(requesters, "/pool/requests")),
                    Figure("GET pool/requests, own", "team"),
                ),
            ],
        ),
        beside_rows(
            "GET chat/conversations",
            ours(await with_conversations(campus, PAGE), f"chat/conversations?limit={PAGE}"),
        ),
        beside_rows(
            "GET chat/messages",
            ours(
                await with_messages(campus, PAGE), f"chat/messages/{{conversation_id}}?limit={PAGE}"
            ),
        ),
        beside_rows(
            "GET events",
            ours(await with_events(campus, PAGE), f"events?after={{after}}&limit={PAGE}"),
        ),
        beside_rows(
            "GET matches",
            fullest(
                ours(
                    await with_open_requests(campus),
                    "pool/requests/{request_id}/matches",
                ),
                "matches",
            ),
        ),
        Compared(
            ours(await in_a_pool(campus), "pool/pools/current"),
            [(one_row, Figure("GET pools/current", "bare, one row", goal=0.7))],
        ),
    ]


def fullest(target: Target, member: str) -> Target:
    """The quarter of the requests that are answered with most."""
    with httpx.Client(base_url=f"http://{HOST}:{target.server.port}") as client:

        def number(ask: Ask) -> int:
            answer = client.get(ask.path, headers={"Authorization": f"Bearer {ask.token}"})
            return len(answer.raise_for_status().json()[member])

        ordered = sorted(target.asks, key=number, reverse=True)
    return Target(target.server, ordered[: max(1, len(ordered) // 4)])
