"""The file `.env` is read as docker compose reads it; an example of one is written.

python-dotenv takes it apart. What compose would put in for a `$` it does not know, so that a value
with one stands in single quotes, where both leave it alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path

from dotenv.parser import Binding, parse_stream

from tripsync.settings import SettingsError, variables

HEAD = """\
# Settings of TripSync. Copy this file to .env and change what you need: `make run`, `tripsync` and
# `docker compose` read it. What the environment says counts more. Defaults are what stands here.
# Put a value with a $ in it into single quotes. Under `docker compose` the database, HOST and
# TRIPSYNC_DATA_DIR are its own, and PORT is the one of this machine.
#
# Made by `tripsync settings --example`.
"""
# Which settings belong together, by the first of each group.
GROUPS = {
    "ENVIRONMENT": "What it is, and where it keeps things",
    "DATABASE_URL": "Database",
    "SECRET_KEY": "Signatures",
    "BACKEND_CORS_ORIGINS": "Addresses",
    "SMTP_URL": "Mail",
    "HOST": "Server and workers",
    "RATE_LIMITS": "Signing in",
    "DATABASE_POOL_MIN": "Database: connections, walls and limits",
    "REQUEST_MAX_BYTES": "Requests",
    "ROUTING_URL": "Routing server",
    "PUSH_WEBHOOK_URL": "Pushes to phones",
    "S3_BUCKET": "Pictures and résumés in a bucket",
    "SOCKETS_PER_RIDER": "Sockets",
    "CHAT_OPEN_TO": "What riders may do",
    "DRAIN_SECONDS": "Stopping",
}


def read_env_file(path: Path) -> Mapping[str, str]:
    """The settings in this file, if there is one; a SettingsError tells which lines are wrong."""
    # Some keep a virtual environment in a folder of this name.
    if not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8") as file:
            bindings = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as reason:
        raise SettingsError([f"{path}: cannot be read ({reason})"]) from None
    known = {each.name for each in variables()}
    ours = [each for each in bindings if each.error or each.key in known]
    if problems := [
        f"{path}:{line_of(each)}: {wrong}" for each in ours if (wrong := what_is_wrong(each))
    ]:
        raise SettingsError(problems)
    # A name alone, without `=`, is one that the environment may have.
    return {each.key: each.value for each in ours if each.key and each.value is not None}


def what_is_wrong(binding: Binding) -> str | None:
    """Never the value itself: that may be a secret."""
    if binding.error:
        return "write NAME=value, and end what begins with a quote with the same one"
    in_single_quotes = binding.original.string.partition("=")[2].lstrip().startswith("'")
    if "$" in (binding.value or "") and not in_single_quotes:
        return f"put the value of {binding.key} into single quotes, because of the $ in it"
    return None


def line_of(binding: Binding) -> int:
    """Where it begins; blank lines before it are counted as its own by the parser."""
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def example() -> str:
    """Every setting, switched off by a `#`, with its default and meaning."""
    return HEAD + "".join(example_lines())


def example_lines() -> Iterator[str]:
    for each in variables():
        if each.name in GROUPS:
            yield f"\n\n## {GROUPS[each.name]}\n"
        yield f"\n# {each.meaning}\n#{each.name}={each.default}\n"
