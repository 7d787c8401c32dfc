"""What ROW_SECURITY=on costs: the same requests to two servers, one with the wall and one without.

    .venv/bin/python tests/bench/row_security.py
    .venv/bin/python tests/bench/row_security.py --riders 10000 --rounds 9

Both serve one database full of seeded riders. A round measures every request at both, one right
after the other; the ratio is taken within such a pair, and is what travels: 0.90 means that with
the wall a tenth fewer requests are answered in the same time.

Behind the wall a connection is told which college it is about, when that is another than before:
a round trip. So each request is measured twice: from one college, where that never happens, and
from all colleges in turn, where it nearly always does.
"""

import argparse
import json
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from figures import spread
from servers import HOST, clean_environment, free_port, running

from tripsync.database.embedded import embedded_server
from tripsync.database.migrations import migrate
from tripsync.desk.seeding import seed

HERE = Path(__file__).parent
CONNECTIONS = 10
PASSWORD = "four sparrows on a tram"
WALLS = ("off", "on")


@dataclass(frozen=True)
class Rider:
    """Somebody who asks, and the fellow they write to."""

    token: str
    fellow: int
    request: int


@dataclass
class Target:
    """One kind of request, from these riders in turn."""

    name: str
    riders: Sequence[Rider]
    path: str
    body: bool = False
    rates: dict[str, list[float]] = field(default_factory=lambda: {wall: [] for wall in WALLS})

    @property
    def ratios(self) -> list[float]:
        return [on / off for off, on in zip(self.rates["off"], self.rates["on"], strict=True)]

    def request(self, rider: Rider, port: int) -> bytes:
        content = b""
        if self.body:
            content = json.dumps({"receiver_id": rider.fellow, "content": "At the gate."}).encode()
        lines = [
            f"{'POST' if self.body else 'GET'} {self.path.format(rider.request)} HTTP/1.1",
            f"Host: {HOST}:{port}",
            f"Authorization: Bearer {rider.token}",
            *(["Content-Type: application/json"] if self.body else []),
            f"Content-Length: {len(content)}",
        ]
        return "\r\n".join([*lines, "", ""]).encode() + content

    def measure(self, wall: str, port: int, seconds: float) -> None:
        command = [
            sys.executable,
            HERE / "load.py",
            f"--port={port}",
            f"--seconds={seconds}",
            f"--connections={CONNECTIONS}",
        ]
        requests = b"\0".join(self.request(rider, port) for rider in self.riders)
        finished = subprocess.run(command, input=requests, stdout=subprocess.PIPE, check=True)
        found = json.loads(finished.stdout)
        if not found["statuses"].keys() <= {"200", "201"}:
            raise SystemExit(f"{self.name}: {found['statuses']}")
        self.rates[wall].append(found["rate"])


@contextmanager
def both_running(riders: int) -> Iterator[dict[str, int]]:
    """The ports, by ROW_SECURITY."""
    folder = Path(tempfile.mkdtemp(prefix="tripsync-bench-"))
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder)
        url = stack.enter_context(embedded_server(folder))
        migrate(url)
        seed(url, riders=riders, number=1, bcrypt_rounds=4)
        environment = clean_environment() | {
            "DATABASE_URL": url,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "TRIPSYNC_DATA_DIR": str(folder),
            "ENVIRONMENT": "production",
            "RATE_LIMITS": "off",
            "BCRYPT_ROUNDS": "4",
            "CHAT_OPEN_TO": "college",
            "JOBS": "off",
        }
        ports = {}
        for wall in WALLS:
            ports[wall] = port = free_port()
            command = [sys.executable, "-m", "tripsync", "serve", f"--host={HOST}"]
            stack.enter_context(
                running(
                    [*command, f"--port={port}"],
                    environment | {"ROW_SECURITY": wall},
                    folder / f"{wall}.log",
                    port,
                )
            )
        yield ports


def sign_up(client: httpx.Client, college: str) -> dict[str, Any]:
    email = f"{secrets.token_hex(6)}@bench.example"
    body = {
        "email": email,
        "full_name": "Asha Rao",
        "password": PASSWORD,
        "college_name": college,
    }
    account = client.post("/api/auth/register", json=body).raise_for_status().json()
    signed_in = client.post("/api/auth/login", json={"email": email, "password": PASSWORD})
    tokens: dict[str, Any] = signed_in.raise_for_status().json()
    return account | tokens


def rider_of(client: httpx.Client, college: dict[str, Any]) -> Rider:
    """Somebody on the road to the college, a few kilometres off."""
    asha, dev = (sign_up(client, college["name"]) for _ in range(2))
    ride = {
        "start_latitude": college["latitude"] + 0.05,
        "start_longitude": college["longitude"] + 0.01,
        "destination_latitude": college["latitude"],
        "destination_longitude": college["longitude"],
    }
    headers = {"Authorization": f"Bearer {asha['access_token']}"}
    opened = client.post("/api/pool/requests", json=ride, headers=headers).raise_for_status()
    return Rider(asha["access_token"], dev["id"], opened.json()["request_id"])


def targets(port: int) -> list[Target]:
    with httpx.Client(base_url=f"http://{HOST}:{port}", timeout=30) as client:
        colleges = client.get("/api/colleges").raise_for_status().json()["items"]
        everywhere = [rider_of(client, college) for college in colleges]
    return [
        Target(f"{what}, {where}", riders, path, body)
        for what, path, body in (
            ("GET profile/me, one read", "/api/profile/me", False),
            ("GET pool/requests, one read", "/api/pool/requests", False),
            ("GET matches, by a GiST index", "/api/pool/requests/{}/matches", False),
            ("POST chat/messages, a transaction", "/api/chat/messages", True),
        )
        for where, riders in (("one college", everywhere[:1]), ("all in turn", everywhere))
    ]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--riders", type=int, default=3000, help="how many are seeded")
    parser.add_argument("--seconds", type=float, default=0.8, help="how long a measurement takes")
    parser.add_argument("--rounds", type=int, default=5, help="how often each is measured")
    return parser.parse_args()


def main() -> None:
    chosen = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("stopped"))
    with both_running(chosen.riders) as ports:
        measured = targets(ports["off"])
        for number in range(1, chosen.rounds + 1):
            print(f"round {number} of {chosen.rounds} ...", end="\r", file=sys.stderr, flush=True)
            for target in measured:
                for wall in WALLS if number % 2 else reversed(WALLS):
                    target.measure(wall, ports[wall], chosen.seconds)
    width = max(len(target.name) for target in measured)
    print(f"{'':<{width}}  {'req/s without':<22}  {'req/s with':<22}  ratio")
    for target in measured:
        print(
            f"{target.name:<{width}}  {spread(target.rates['off'], ',.0f'):<22}  "
            f"{spread(target.rates['on'], ',.0f'):<22}  {spread(target.ratios, '.2f')}"
        )


if __name__ == "__main__":
    main()
