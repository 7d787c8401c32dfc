"""`tripsync sql shell`: psql on the database that is configured, or on the embedded one."""

import argparse
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

from tripsync.database.embedded import program
from tripsync.database.roles import APP, OWNER, READER, connect_at_desk
from tripsync.settings import Settings

ROLES = {"reader": READER, "app": APP, "owner": OWNER}
MAY = {
    "reader": "looks at all but secrets and changes nothing; `--as app` may change rows",
    "app": "reads and writes rows as servers do",
    "owner": "may change the schema, which migrations do better",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--as", dest="role", choices=ROLES, default="reader", help="reader if not said"
    )
    parser.add_argument(
        "arguments", nargs="*", metavar="ARGUMENT", help="for psql, behind `--`: -- -c 'select 1'"
    )


def run(settings: Settings, chosen: argparse.Namespace) -> int:
    """Its exit status is psql's."""
    url = settings.owner_url if chosen.role == "owner" else settings.database_url
    role = ROLES[chosen.role]
    # What keeps us out is told as everywhere.
    connect_at_desk(url, role).close()
    if sys.stdin.isatty():
        print(f"As {role}, who {MAY[chosen.role]}. \\q ends it.")
    # It comes with the embedded server, edits lines, and knows all older servers.
    psql = str(program("psql"))
    with without_password(url, role) as address:
        prompt = f"--set=PROMPT1=%/ ({chosen.role})%R%x%# "
        # Ctrl-C ends a query of psql's, and not us.
        signal.signal(signal.SIGINT, lambda *_: None)
        return subprocess.call([psql, prompt, address, *chosen.arguments])


@contextmanager
def without_password(url: str, role: str) -> Iterator[str]:
    """The same address, acting as a role, with its password in a file: arguments can be seen by
    everybody on the machine."""
    parts = urlsplit(url)
    asked = dict(parse_qsl(parts.query))
    password = asked.pop("password", None) or unquote(parts.password or "")
    asked["options"] = f"{asked.get('options', '')} -c role={role}".strip()
    with tempfile.NamedTemporaryFile("w", prefix="tripsync-pass-") as file:
        if password:
            escaped = password.replace("\\", "\\\\").replace(":", "\\:")
            file.write(f"*:*:*:*:{escaped}\n")
            file.flush()
            asked["passfile"] = file.name
        user, _, place = parts.netloc.rpartition("@")
        netloc = f"{user.partition(':')[0]}@{place}" if user else place
        query = urlencode(asked, quote_via=quote)
        yield urlunsplit(parts._replace(netloc=netloc, query=query))
