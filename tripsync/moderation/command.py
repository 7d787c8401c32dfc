"""`tripsync user` changes accounts without a moderator, and makes the first one."""

import argparse
import sys
from collections.abc import Awaitable, Callable

from tripsync.database import Database, Transaction
from tripsync.database.rows import ModerationLockAccount
from tripsync.moderation import sanctions
from tripsync.moderation.sanctions import ROLES, Occasion

LONGEST_NOTE = 1000
FROM_HERE = "from the command line"

Change = Callable[[Transaction, ModerationLockAccount, argparse.Namespace], Awaitable[str]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    changes = parser.add_subparsers(required=True, metavar="CHANGE")

    promoting = changes.add_parser("promote", help="give somebody a role, a lower one too")
    promoting.add_argument("email", metavar="EMAIL")
    promoting.add_argument("role", choices=ROLES)
    promoting.set_defaults(change=promote, note=FROM_HERE)

    for name, change, meaning in (
        ("ban", ban, "shut somebody out, at once and everywhere"),
        ("unban", unban, "let somebody sign in again"),
    ):
        banning = changes.add_parser(name, help=meaning)
        banning.add_argument("email", metavar="EMAIL")
        banning.add_argument(
            "--note", type=note, default=FROM_HERE, help="why; it stays in the audit trail"
        )
        banning.set_defaults(change=change)


def note(text: str) -> str:
    text = text.strip()
    if not 1 <= len(text) <= LONGEST_NOTE:
        raise argparse.ArgumentTypeError(f"a note has 1 to {LONGEST_NOTE} characters")
    return text


async def change_account(database: Database, chosen: argparse.Namespace) -> int:
    """Do what was chosen and say so; 1 where nobody has the address."""
    change: Change = chosen.change
    async with database.transaction() as db:
        account = await db.moderation.lock_account(email=chosen.email)
        done = await change(db, account, chosen) if account else None
    if account is None:
        print(f"tripsync: nobody has the address {chosen.email}", file=sys.stderr)
        return 1
    print(done)
    return 0


async def promote(
    db: Transaction, account: ModerationLockAccount, chosen: argparse.Namespace
) -> str:
    if account["role"] == chosen.role:
        return f"nothing to do: {account['email']} has the role {chosen.role}"
    await sanctions.promote(db, occasion(account, chosen), chosen.role)
    return f"{account['email']} was {account['role']} and is {chosen.role} from now on"


async def ban(db: Transaction, account: ModerationLockAccount, chosen: argparse.Namespace) -> str:
    if account["banned"]:
        return f"nothing to do: {account['email']} is banned"
    await sanctions.ban(db, occasion(account, chosen))
    return f"{account['email']} is banned and signed out everywhere"


async def unban(db: Transaction, account: ModerationLockAccount, chosen: argparse.Namespace) -> str:
    if not account["banned"]:
        return f"nothing to do: {account['email']} is not banned"
    await sanctions.unban(db, occasion(account, chosen))
    return f"{account['email']} can sign in again"


def occasion(account: ModerationLockAccount, chosen: argparse.Namespace) -> Occasion:
    return Occasion(account["college_id"], None, account["user_id"], chosen.note)
