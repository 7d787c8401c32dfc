"""docs/reference/commands.md: every command with its arguments.

The parser's own help is set otherwise by each Python; these tables are the same everywhere.
"""

import argparse
from collections.abc import Callable, Iterator

HEAD = """\
# Commands

`make run` and `make sandbox` call them; they lie in `.venv/bin`. Every command reads the \
[settings](settings.md). `--help` tells the same as this page, which `tripsync documents` writes.
"""
TABLE = "\n| argument | meaning |\n|---|---|"
NOT_ARGUMENTS = (argparse._HelpAction, argparse._SubParsersAction)
Parser = argparse.ArgumentParser


def list_commands(parser: Callable[[str], Parser]) -> str:
    """`parser(name)` knows the arguments of that command alone."""
    parts = [HEAD]
    for name, _, meaning in subcommands(parser("")):
        [command] = [each for known, each, _ in subcommands(parser(name)) if known == name]
        parts += [*describe(command, meaning, "##"), ""]
    return "\n".join(parts).rstrip() + "\n"


def describe(command: Parser, meaning: str, level: str) -> Iterator[str]:
    yield f"{level} {command.prog}\n"
    yield command.description or f"{meaning[0].upper()}{meaning[1:]}."
    arguments = [
        each
        for each in actions(command)
        if each.dest != "help" and not isinstance(each, argparse._SubParsersAction)
    ]
    if arguments:
        yield TABLE
    for each in arguments:
        told = (each.help or "") % {**vars(each), "prog": command.prog}
        yield f"| `{written(each)}` | {told} |"
    for _, below, meant in subcommands(command):
        yield ""
        yield from describe(below, meant, f"{level}#")


def written(argument: argparse.Action) -> str:
    """`--host HOST`, `FILE ...`."""
    value = argument.metavar or "\\|".join(map(str, argument.choices or [argument.dest.upper()]))
    if isinstance(value, tuple):
        value = " ".join(value)
    if argument.nargs in ("*", "+"):
        value = f"{value} ..."
    if argument.nargs in ("?", "*"):
        value = f"[{value}]"
    if not argument.option_strings:
        return value
    named = ", ".join(argument.option_strings)
    return named if argument.nargs == 0 else f"{named} {value}"


def subcommands(parser: Parser) -> Iterator[tuple[str, Parser, str]]:
    """The name, the parser and the meaning of each."""
    for each in actions(parser):
        if isinstance(each, argparse._SubParsersAction):
            for known in each._choices_actions:
                yield known.dest, each.choices[known.dest], known.help or known.dest


def actions(parser: Parser) -> list[argparse.Action]:
    # argparse has no other way to ask.
    return parser._actions
