"""Letters are kinds of mail; a feature posts one in a transaction."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypedDict, get_args

import msgspec

from tripsync.database import Transaction
from tripsync.database.rows import (
    MailsFindAlarmForContact,
    MailsFindAlarmForModerator,
    MailsFindCancellation,
    MailsFindDigest,
    MailsFindHit,
    MailsFindMatch,
    MailsFindServiceHit,
)
from tripsync.jobs import enqueue

# What a rider may do without; each has a switch in the mail settings. The links in mails that were
# sent long ago name them by their place here: add at the end, and never take one away.
Kind = Literal["matches", "cancellations", "searches", "digest"]
KINDS: tuple[Kind, ...] = get_args(Kind)

# What a rider may do without is told with whose it is, for the link that ends it.
Dispensable = (
    MailsFindMatch | MailsFindCancellation | MailsFindHit | MailsFindServiceHit | MailsFindDigest
)


class Code(TypedDict):
    """What proves that an address is one's own."""

    to: str
    code: str
    hours: int


# What a letter tells.
Facts = Dispensable | MailsFindAlarmForContact | MailsFindAlarmForModerator | Code
SEND_MAIL = "send_mail"

ALARM = 2
ACCOUNT = 1
NEWS = 0
DIGEST = -1


class WantedMail(msgspec.Struct):
    """A letter, and the ids of what it is about."""

    letter: str
    about: dict[str, int]


@dataclass(frozen=True, slots=True)
class Letter:
    """One kind of letter. `find` gives what its template needs, and `to`, the address; None where
    there is nobody to write to, or nothing to tell any more."""

    name: str
    find: Callable[..., Awaitable[Facts | None]]
    kind: Kind | None = None
    # Who is in danger, or waits before a closed door, does not stand behind a thousand digests.
    priority: int = NEWS


def asked(query: str) -> Callable[..., Awaitable[Facts | None]]:
    """The facts are those of this query in sql/mails.sql."""

    async def find(db: Transaction, **about: int) -> Facts | None:
        found: Facts | None = await getattr(db.mails, query)(**about)
        return found

    return find


async def post(db: Transaction, letter: Letter, **about: int) -> None:
    """Write to somebody once this transaction stands."""
    await post_all(db, letter, [about])


async def post_all(db: Transaction, letter: Letter, about: list[dict[str, int]]) -> None:
    """Write to several, each about their own."""
    wanted = [WantedMail(letter.name, each) for each in about]
    await enqueue(db, SEND_MAIL, *wanted, priority=letter.priority)
