"""How many requests a second TripSync answers, as a ratio to a bare server in the same run.

    make bench
    make bench ARGS="--rounds 9 --seconds 2"

One server process each, one PostgreSQL, everything on this machine. A round measures every
endpoint right after the reference, so that whatever else the machine does hits both; the
ratio is taken within such a pair.

How to read the table:

- **req/s**: the median of the rounds, and their range. It says more about the machine than
  about TripSync; compare it with nothing but this table.
- **ratio**: req/s of the endpoint by req/s of the reference beside it: median and range.
  This is the figure that travels. A range much wider than 0.1 means a busy machine: measure
  again.
- **p50, p99**: milliseconds until an answer is there, while all connections are kept busy;
  so mostly time spent waiting for one's turn. The medians of the rounds.
- **the bare server** is the reference: Sanic, asyncpg's pool as it comes, a checked token,
  one row by id. asyncpg's pool resets a connection after each use, which is a second round
  trip that TripSync saves: an endpoint with one read can come out above 1.
- **nothing at all** is the ceiling of the load generator. Where an endpoint comes near it,
  the generator was measured.
"""

import argparse
import json
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import jwt
from figures import spread
from servers import HOST, clean_environment, free_port, running

from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate

HERE = Path(__file__).parent
# Fewer than a server has connections to the database: nobody waits for one.
CONNECTIONS = 10
PASSWORD = "four sparrows on a tram"


@dataclass(frozen=True)
class Measurement:
    """One endpoint under load for a moment."""

    rate: float
    p50: float
    p99: float


@dataclass
class Target:
    """A request that is measured, and what was measured."""

    name: str
    port: int
    path: str
    status: int = 200
    token: str = ""
    body: object = None
    measured: list[Measurement] = field(default_factory=list)
    ratios: list[float] = field(default_factory=list)

    def request(self) -> bytes:
        lines = [
            f"{'GET' if self.body is None else 'POST'} {self.path} HTTP/1.1",
            f"Host: {HOST}:{self.port}",
        ]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        content = b""
        if self.body is not None:
            content = json.dumps(self.body).encode()
            lines += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def measure(self, seconds: float) -> Measurement:
        finished = subprocess.run(
            [
                sys.executable,
                HERE / "load.py",
                f"--port={self.port}",
                f"--seconds={seconds}",
                f"--connections={CONNECTIONS}",
            ],
            input=self.request(),
            stdout=subprocess.PIPE,
            check=False,
        )
        if finished.returncode:
            raise SystemExit(f"{self.name}: the load generator gave up")
        found = json.loads(finished.stdout)
        if (statuses := found.pop("statuses").keys()) != {str(self.status)}:
            raise SystemExit(f"{self.name}: expected {self.status} only, got {', '.join(statuses)}")
        self.measured.append(Measurement(**found))
        return self.measured[-1]


@dataclass(frozen=True)
class Servers:
    """The ports of everything that answers."""

    bare: int
    hollow: int
    tripsync: int


@contextmanager
def everything_running() -> Iterator[tuple[Servers, str]]:
    """The servers and the key that the bare one checks tokens with; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    key = secrets.token_urlsafe(48)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        url = stack.enter_context(embedded_server(folder))
        migrate(url)
        environment = clean_environment() | {
            "DATABASE_URL": url,
            "SECRET_KEY": key,
            "TRIPSYNC_DATA_DIR": str(folder),
            "ENVIRONMENT": "production",
            "RATE_LIMITS": "off",
            "BCRYPT_ROUNDS": "4",
        }

        def start(name: str, *command: str) -> int:
            port = free_port()
            with_port = [sys.executable, *command, f"--port={port}"]
            stack.enter_context(running(with_port, environment, folder / f"{name}.log", port))
            return port

        references = str(HERE / "references.py")
        servers = Servers(
            bare=start("bare", references, "bare"),
            hollow=start("hollow", references, "hollow"),
            tripsync=start("tripsync", "-m", "tripsync", "serve", f"--host={HOST}"),
        )
        yield servers, key


def sign_up(port: int) -> dict[str, Any]:
    """A rider of the measured server: the account and an access token."""
    email = "asha@bench.example"
    with httpx.Client(base_url=f"http://{HOST}:{port}") as client:
        account = client.post(
            "/api/auth/register",
            json={
                "email": email,
                "full_name": "Asha Rao",
                "password": PASSWORD,
                "college_name": "DJSCE",
            },
        )
        account.raise_for_status()
        tokens = client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
        tokens.raise_for_status()
    rider: dict[str, Any] = account.json() | tokens.json()
    return rider


def reference_token(rider: dict[str, Any], key: str) -> str:
    claims = {
        "sub": rider["email"],
        "uid": rider["id"],
        "cid": rider["college_id"],
        "iss": "bench",
        "aud": "bench",
        "exp": int(time.time()) + 3600,
    }
    return jwt.encode(claims, key, "HS256")


def endpoints(port: int, token: str) -> list[Target]:
    """What is measured of TripSync: no database, one round trip, and a transaction."""
    return [
        Target("GET health/ping", port, "/api/health/ping"),
        Target("POST auth/refresh, refused by its schema", port, "/api/auth/refresh", 422, body={}),
        Target("GET auth/sessions, token and one read", port, "/api/auth/sessions", token=token),
        Target("GET colleges, one read of six rows", port, "/api/colleges"),
        Target(
            "POST auth/refresh, unknown: one read",
            port,
            "/api/auth/refresh",
            401,
            body={"refresh_token": "x" * 43},
        ),
        Target(
            "POST email/verify, wrong: a transaction",
            port,
            "/api/auth/email/verify",
            422,
            body={"code": "x" * 43},
        ),
    ]


def measure(
    reference: Target, ceiling: Target, measured: Sequence[Target], seconds: float, rounds: int
) -> None:
    for number in range(1, rounds + 1):
        print(f"round {number} of {rounds} ...", end="\r", file=sys.stderr, flush=True)
        ceiling.measure(seconds)
        for target in measured:
            beside = reference.measure(seconds)
            target.ratios.append(target.measure(seconds).rate / beside.rate)


def print_table(targets: Sequence[Target]) -> None:
    width = max(len(target.name) for target in targets)
    print(f"{'':<{width}}  {'req/s':<22}  {'ratio':<18}  p50 ms  p99 ms")
    for target in targets:
        rates = [each.rate for each in target.measured]
        p50 = median(each.p50 for each in target.measured)
        p99 = median(each.p99 for each in target.measured)
        print(
            f"{target.name:<{width}}  {spread(rates, ',.0f'):<22}  "
            f"{spread(target.ratios, '.2f'):<18}  {p50:6.2f}  {p99:6.2f}"
        )


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=0.8, help="how long a measurement takes")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    # Also when it is told to stop, nothing stays behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    with everything_running() as (servers, key):
        rider = sign_up(servers.tripsync)
        token = reference_token(rider, key)
        reference = Target("the bare server", servers.bare, "/users/me", token=token)
        ceiling = Target("nothing at all", servers.hollow, "/")
        measured = endpoints(servers.tripsync, rider["access_token"])
        measure(reference, ceiling, measured, chosen.seconds, chosen.rounds)
    print_table([ceiling, reference, *measured])


if __name__ == "__main__":
    main()
