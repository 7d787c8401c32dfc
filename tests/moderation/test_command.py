"""`tripsync user`: the first moderator, and bans from the machine that has the database."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.moderation.conftest import acts_about, is_banned
from tests.people import Campus, Rider
from tests.processes import tripsync
from tests.waiting import until


@pytest.fixture
def run(database_url: str, data_dir: Path) -> Any:
    """Runs `tripsync user ...` to its end: exit code and what it said."""

    async def run(*arguments: str, **environment: str) -> tuple[int, str]:
        surroundings = {"DATABASE_URL": database_url, **environment}
        with tripsync("user", *arguments, data_dir=data_dir, **surroundings) as command:
            return await command.exit_code(), command.said

    return run


async def desk(rider: Rider) -> int:
    return (await rider.call("GET", "/api/moderation/reports")).status_code


async def test_a_promotion_counts_at_once_and_is_in_the_trail(
    campus: Campus, run: Any, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    assert await desk(rider) == 404
    code, said = await run("promote", rider.email.upper(), "moderator")
    assert (code, said) == (0, f"{rider.email} was student and is moderator from now on\n")
    assert await desk(rider) == 200
    trail = (await rider.call("GET", "/api/moderation/audit?limit=100")).json()["items"]
    [line] = [each for each in trail if each["subject"]["id"] == rider.id]
    assert (line["actor"], line["act"], line["outcome"]) == (None, "promote", "moderator")
    assert line["note"] == "from the command line"
    assert await run("promote", rider.email, "moderator") == (
        0,
        f"nothing to do: {rider.email} has the role moderator\n",
    )
    assert (await run("promote", rider.email, "student"))[0] == 0
    assert await desk(rider) == 404
    assert [each["outcome"] for each in await acts_about(db, rider)] == ["moderator", "student"]


async def test_a_ban_reaches_the_running_server_soon_after_its_word(
    campus: Campus, run: Any, db: asyncpg.Connection
) -> None:
    rider = await campus.sign_up()
    code, said = await run("ban", rider.email, "--note", "Sold rides for money.")
    assert (code, said) == (0, f"{rider.email} is banned and signed out everywhere\n")

    async def is_out() -> bool:
        return (await rider.call("GET", "/api/blocks")).status_code == 401

    await until(is_out)
    assert await run("ban", rider.email) == (0, f"nothing to do: {rider.email} is banned\n")
    assert await is_banned(db, rider)
    assert await run("unban", rider.email) == (0, f"{rider.email} can sign in again\n")
    assert await run("unban", rider.email) == (0, f"nothing to do: {rider.email} is not banned\n")
    await rider.sign_in()
    lines = await acts_about(db, rider)
    assert [(line["actor_id"], line["act"], line["note"]) for line in lines] == [
        (None, "ban", "Sold rides for money."),
        (None, "unban", "from the command line"),
    ]


@pytest.mark.parametrize(
    "arguments", [("promote", "{}", "admin"), ("ban", "{}"), ("unban", "{}", "--note", "x")]
)
async def test_an_unknown_address_is_named(run: Any, arguments: tuple[str, ...]) -> None:
    email = "nobody@djsce.example"
    code, said = await run(*(each.format(email) for each in arguments))
    assert (code, said) == (1, f"tripsync: nobody has the address {email}\n")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("promote", "a@djsce.example", "king"), "invalid choice: 'king'"),
        (("promote", "a@djsce.example"), "required: role"),
        (("ban",), "required: EMAIL"),
        (("ban", "a@djsce.example", "--note", " "), "a note has 1 to 1000 characters"),
        (("ban", "a@djsce.example", "--note", "x" * 1001), "a note has 1 to 1000 characters"),
        ((), "required: CHANGE"),
    ],
)
async def test_a_wrong_call_is_explained(run: Any, arguments: tuple[str, ...], told: str) -> None:
    code, said = await run(*arguments)
    assert (code, "Traceback" in said) == (2, False)
    assert told in said


async def test_a_database_that_is_away_or_not_migrated_is_said_to_be(
    run: Any, empty_database: str
) -> None:
    nowhere = "postgresql://postgres@127.0.0.1:1/postgres"
    for url, told in ((nowhere, "cannot be reached"), (empty_database, "`tripsync migrate`")):
        code, said = await run("ban", "a@djsce.example", DATABASE_URL=url)
        assert (code, "Traceback" in said) == (78, False), said
        assert told in said


@pytest.fixture
def empty_folder() -> Iterator[Path]:
    # Not pytest's own folder: as root, the database's user could not enter that one.
    folder = Path(tempfile.mkdtemp(prefix="tripsync-test-"))
    yield folder
    shutil.rmtree(folder)


async def test_without_a_configured_database_the_embedded_one_is_asked(empty_folder: Path) -> None:
    for arguments, expected in ((["migrate"], 0), (["user", "ban", "nobody@x.example"], 1)):
        with tripsync(*arguments, data_dir=empty_folder) as command:
            assert await command.exit_code() == expected, command.said
            said = command.said
    assert said.endswith("nobody has the address nobody@x.example\n")
