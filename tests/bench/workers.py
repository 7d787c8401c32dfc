"""How much more two workers answer than one."""

from tests.bench.bench import Bench
from tests.bench.figures import Figure
from tests.bench.target import Ask, Target
from tests.bench.those_who_ask import anybody

PATHS = {
    "GET health/ping": "/api/health/ping",
    "GET profile/me": "/api/profile/me",
    "GET services, newest 20": "/api/services",
}


async def measure(bench: Bench) -> list[Figure]:
    campus = bench.seeded()
    riders = await anybody(campus)
    figures = []
    one = bench.tripsync()
    with campus.tripsync(WORKERS="2") as two:
        compared = []
        for name, path in PATHS.items():
            asks = [Ask(path, campus.token(rider)) for rider in riders]
            figure = Figure(f"{name}, two workers", "one worker", goal=1.8)
            compared.append((Target(two, asks), Target(one, asks), figure))
            figures.append(figure)
        # Connections are spread by chance: with more of them both workers have as many.
        connections = 2 * bench.size.connections
        for both, alone, _ in compared:
            await both.ceiling(bench, connections)
            await alone.ceiling(bench, connections)
        for number in bench.rounds("workers"):
            for both, alone, figure in compared:
                rates = {}
                for each in (alone, both)[:: -1 if number % 2 else 1]:
                    rates[id(each)] = (await each.ceiling(bench, connections)).rate
                figure.note(rates[id(both)], rates[id(alone)])
    return figures
