"""`tripsync sandbox`: a server full of riders, with tokens that are the same at every start."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import jwt
import msgspec
import psycopg
from psycopg.rows import class_row

from tripsync.database.files import SEEDED_PASSWORD
from tripsync.desk.scratch import seeded_database
from tripsync.desk.seeding import FEWEST
from tripsync.desk.values import DeskError
from tripsync.http.tokens import ALGORITHM, claims_of, key_id
from tripsync.settings import Settings

# Whoever reads this can sign tokens with it.
SECRET_KEY = "of the sandbox: everybody can read it, nobody may use it elsewhere"
# From the beginning of 2026 to that of 2100.
ISSUED_AT = 1_767_225_600
EXPIRES_AT = 4_102_444_800

# Sessions of the first moderator and of the first students of the same college, far from those that
# are counted up.
OPEN_SESSIONS = """
    with moderator as (
        select user_id, college_id
          from users
         where role = 'moderator'
         order by user_id
         limit 1
    ),
    opened as (
        insert into sessions (session_id, college_id, user_id, device)
        overriding system value
        select 1000000000 + user_id, college_id, user_id, 'sandbox'
          from (select user_id, college_id from moderator
                 union all
                (select users.user_id, users.college_id
                   from users
                   join moderator using (college_id)
                  where role = 'student'
                    and banned_at is null
                  order by users.user_id
                  limit 2)) as chosen
        returning session_id, user_id
    )
    select users.email,
           users.full_name,
           users.role,
           users.user_id,
           users.college_id,
           opened.session_id
      from opened
      join users using (user_id)
     order by users.role, users.user_id
"""


class SeededRider(NamedTuple):
    """A rider, and the session that the token is of."""

    email: str
    full_name: str
    role: str
    user_id: int
    college_id: int
    session_id: int


def run(settings: Settings, serve: Callable[[Settings], int]) -> int:
    if not settings.in_development:
        raise DeskError(
            "a sandbox has a key that everybody can read, so it is not for production; "
            "start it where ENVIRONMENT=development"
        )
    print("filling a database that goes when the sandbox does ...", flush=True)
    with sandbox() as (url, riders):
        for rider in riders:
            print(f"\n{rider.full_name} ({rider.role}), {rider.email}:\n{token_of(rider)}")
        print(
            "\nThese access tokens are the same at every start. To sign in instead: everybody's "
            f'password is "{SEEDED_PASSWORD}".'
        )
        return serve(msgspec.structs.replace(settings, database_url=url, secret_key=SECRET_KEY))


@contextmanager
def sandbox() -> Iterator[tuple[str, list[SeededRider]]]:
    """The address of a seeded database, and some of its riders."""
    with seeded_database(FEWEST) as url:
        with psycopg.connect(url) as connection:
            cursor = connection.cursor(row_factory=class_row(SeededRider))
            riders = cursor.execute(OPEN_SESSIONS).fetchall()
        yield url, riders


def token_of(rider: SeededRider) -> str:
    """An access token of this rider; the same each time."""
    claims = claims_of(
        user_id=rider.user_id,
        college_id=rider.college_id,
        session_id=rider.session_id,
        email=rider.email,
        issued_at=ISSUED_AT,
        expires_at=EXPIRES_AT,
    )
    return jwt.encode(claims, SECRET_KEY, ALGORITHM, headers={"kid": key_id(SECRET_KEY)})
