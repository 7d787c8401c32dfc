"""`tripsync sql shell`: psql, as one who only reads."""

from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from tests.processes import tripsync
from tripsync.desk.shell import without_password


async def shell(data_dir: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    with tripsync("sql", "shell", *arguments, data_dir=data_dir, **environment) as command:
        return await command.exit_code(), command.said


ROLE = ("--", "-Atc", "select current_user")


async def test_it_reads_and_no_more_unless_told_otherwise(
    data_dir: Path, database_url: str
) -> None:
    where = {"DATABASE_URL": database_url}
    assert await shell(data_dir, *ROLE, **where) == (0, "tripsync_reader\n")
    assert await shell(data_dir, "--as", "app", *ROLE, **where) == (0, "tripsync_app\n")
    assert await shell(data_dir, "--as", "owner", *ROLE, **where) == (0, "tripsync_owner\n")
    for refused in ("select password_hash from users", "delete from users"):
        code, said = await shell(data_dir, "--", "-c", refused, **where)
        assert code == 1
        assert "permission denied for table users" in said


async def test_the_embedded_database_is_opened_too(data_dir: Path) -> None:
    with tripsync("migrate", data_dir=data_dir) as command:
        assert await command.exit_code() == 0, command.said
    assert await shell(data_dir, *ROLE) == (0, "tripsync_reader\n")


async def test_who_is_not_let_in_is_told_why(data_dir: Path) -> None:
    code, said = await shell(data_dir, *ROLE, DATABASE_URL="postgresql://127.0.0.1:1/rides")
    assert code == 78
    assert "PostgreSQL cannot be reached" in said


@pytest.mark.parametrize(
    ("password", "kept"), [("hush", "hush"), ("a:b\\c @%/?#", "a\\:b\\\\c @%/?#")]
)
def test_a_password_is_no_argument_that_others_see(password: str, kept: str) -> None:
    address = f"postgresql://rider:{quote(password, safe='')}@db:5432/rides?sslmode=require"
    with without_password(address, "tripsync_reader") as shown:
        parts = urlsplit(shown)
        asked = dict(parse_qsl(parts.query))
        assert parts.netloc == "rider@db:5432"
        file = Path(asked.pop("passfile"))
        assert asked == {"sslmode": "require", "options": "-c role=tripsync_reader"}
        assert file.read_text() == f"*:*:*:*:{kept}\n"
        assert file.stat().st_mode & 0o077 == 0
    assert not file.exists()
