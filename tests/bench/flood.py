"""What a flood of logins does to those who are signed in, and how near bcrypt's limit it comes."""

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import bcrypt

from tests.bench.bench import Bench
from tests.bench.figures import TIME, Figure
from tests.bench.servers import obedient
from tests.bench.target import Ask, Target

PASSWORD = b"four sparrows on a tram"
FLOODING = 8
ROUNDS = 3
# Of those who are signed in, a second.
OTHERS = 100


async def measure(bench: Bench) -> list[Figure]:
    others = Figure("GET profile/me in a flood of logins, p99", "without the flood", TIME, goal=1.5)
    logins = Figure("POST auth/login, flooded", "bcrypt itself", goal=0.95)
    seconds = 6 * bench.size.seconds
    cost = 4 if bench.size.toy else 12
    password_hash = bcrypt.hashpw(PASSWORD, bcrypt.gensalt(cost))
    with bench.empty() as campus:
        riders = await campus.enrol(FLOODING)
        await campus.as_owner("update users set password_hash = $1", password_hash.decode())
        some = await campus.enrol(FLOODING)
        with campus.tripsync() as server:
            signed_in = Target(
                server, [Ask("/api/profile/me", campus.token(each)) for each in some]
            )
            flood = Target(
                server,
                [
                    Ask(
                        "/api/auth/login",
                        body={"email": each["email"], "password": PASSWORD.decode()},
                    )
                    for each in riders
                ],
            )
            async with obedient("load") as flooding:
                await signed_in.ceiling(bench)
                for _ in bench.rounds("flood", ROUNDS):
                    quiet = await signed_in.paced(bench, OTHERS, seconds)
                    disturbed, answered = await asyncio.gather(
                        signed_in.paced(bench, OTHERS, seconds),
                        flood.ceiling(bench, FLOODING, load=flooding, seconds=seconds),
                    )
                    others.note(disturbed.p99, quiet.p99)
                    limit = await checks_a_second(password_hash, seconds / 2)
                    logins.note(answered.rate, limit)
    return [others, logins]


async def checks_a_second(password_hash: bytes, seconds: float) -> float:
    """How many passwords all cores check that do nothing else."""
    cores = os.cpu_count() or 1
    until = monotonic() + seconds

    def check() -> float:
        began, checked = monotonic(), 0
        while monotonic() < until or not checked:
            bcrypt.checkpw(PASSWORD, password_hash)
            checked += 1
        return checked / (monotonic() - began)

    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(cores) as threads:
        rates = await asyncio.gather(*(loop.run_in_executor(threads, check) for _ in range(cores)))
    return sum(rates)
