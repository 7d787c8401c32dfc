"""What is measured: a database full of seeded riders, TripSync and its references serving it."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import asyncpg

from tests.bench.servers import Running, clean_environment, serving
from tripsync.database import Database
from tripsync.http.tokens import AccessTokens
from tripsync.settings import Settings

KEY = "for this benchmark only, and longer than thirty-two bytes"
# The largest of the seeded ones.
COLLEGE = 1

# Everybody is signed in.
ENROL = """
with riders as (
    insert into users (college_id, email, full_name, password_hash, verified_at)
    select 1, 'rider' || gen_random_uuid() || '@bench.example', 'Asha Rao', '', now()
      from generate_series(1, $1::int)
    returning college_id, user_id, email
),
opened as (
    insert into sessions (college_id, user_id)
    select college_id, user_id from riders
    returning user_id, session_id
)
select college_id, user_id, session_id, email
  from riders
  join opened using (user_id)
 order by user_id
"""

Riders = Sequence[asyncpg.Record]


class Campus:
    """A database, and servers on it."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self._folder = folder
        self.settings = Settings(
            database_url=url,
            data_dir=folder,
            secret_key=KEY,
            access_token_minutes=600,
            # A slow machine is measured, too.
            statement_timeout_ms=60_000,
        )
        self._tokens = AccessTokens(self.settings)
        self._environment = clean_environment() | {
            "DATABASE_URL": url,
            "SECRET_KEY": KEY,
            "TRIPSYNC_DATA_DIR": str(folder),
            "ENVIRONMENT": "production",
            "RATE_LIMITS": "off",
            # Timers would take time of their own.
            "JOBS": "off",
            "SOCKETS_PER_RIDER": "100000",
            "CONNECTIONS_PER_ADDRESS": "100000",
        }

    async def database(self) -> Database:
        """As a server opens it."""
        return await Database.open(self.settings)

    async def as_owner(self, statement: str, *values: object) -> Riders:
        """What the role of servers may not do."""
        connection = await asyncpg.connect(self.url)
        try:
            rows: Riders = await connection.fetch(statement, *values)
        finally:
            await connection.close()
        return rows

    async def enrol(self, number: int) -> Riders:
        return await self.as_owner(ENROL, number)

    def token(self, rider: asyncpg.Record) -> str:
        return self._tokens.issue(
            **{name: rider[name] for name in ("college_id", "user_id", "session_id", "email")}
        )

    def offers(self, riders: Iterable[asyncpg.Record]) -> Iterator[str]:
        """As the app opens a socket: its token is the second subprotocol."""
        return (f"token, {self.token(rider)}" for rider in riders)

    def tripsync(self, **settings: str) -> AbstractContextManager[Running]:
        return self.server("tripsync", "serve", **settings)

    def reference(self, name: str) -> AbstractContextManager[Running]:
        """One of tests/bench/references."""
        return self.server(f"tests.bench.references.{name}")

    def server(
        self, module: str, *arguments: str, **settings: str
    ) -> AbstractContextManager[Running]:
        return serving(("-m", module, *arguments), self._environment | settings, self._folder)
