"""What docs/how-to/back-it-up.md says brings a database back, with all that is in it."""

import asyncio
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest

from tests.conftest import SignUp
from tests.how_to.pages import blocks
from tests.pooling.roads_to_campus import pair_up
from tests.processes import tripsync
from tests.waiting import PATIENCE
from tripsync.database.embedded import embedded_server, our_programs


@pytest.fixture
def new_server() -> Iterator[str]:
    with tempfile.TemporaryDirectory(prefix="tripsync-test-") as folder:
        # Its user has to be able to enter.
        os.chmod(folder, 0o755)
        with embedded_server(Path(folder)) as url:
            yield url


@pytest.mark.slow
async def test_what_was_backed_up_is_brought_back(
    sign_up: SignUp,
    db: asyncpg.Connection,
    database_url: str,
    new_server: str,
    data_dir: Path,
    tmp_path: Path,
) -> None:
    asha, dev = await sign_up(), await sign_up()
    await pair_up(asha, dev)
    new_database = urlunsplit(urlsplit(new_server)._replace(path="/tripsync"))
    process = await asyncio.create_subprocess_exec(
        "bash",
        "-euc",
        "\n".join(block.text for block in blocks("back-it-up.md")),
        cwd=tmp_path,
        env={
            "PATH": f"{our_programs(data_dir)}:{os.environ['PATH']}",
            "DATABASE_OWNER_URL": database_url,
            "NEW_SERVER_URL": new_server,
            "NEW_DATABASE_URL": new_database,
        },
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(PATIENCE):
        _, said = await process.communicate()
    assert process.returncode == 0, said.decode()
    with tripsync("migrate", "--status", data_dir=data_dir, DATABASE_URL=new_database) as command:
        assert await command.exit_code() == 0, command.said
    restored = await asyncpg.connect(new_database)
    try:
        for table in ("users", "pool_members", "events"):
            count = f"select count(*) from {table} where user_id = any($1)"
            kept = await db.fetchval(count, [asha.id, dev.id])
            assert await restored.fetchval(count, [asha.id, dev.id]) == kept > 0, table
    finally:
        await restored.close()
