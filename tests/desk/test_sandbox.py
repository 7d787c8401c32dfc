"""`tripsync sandbox`: something to try a client on, full of riders and the same every time."""

import re
from pathlib import Path
from secrets import token_urlsafe

import httpx
import pytest

from tests.processes import tripsync
from tests.waiting import PATIENCE

TOKEN = re.compile(r"^ey\S+$", re.MULTILINE)


@pytest.mark.slow
async def test_its_tokens_are_the_same_at_every_start_and_open_a_full_house(
    tmp_path: Path,
) -> None:
    where = {"DATABASE_URL": "", "PORT": "0", "MAILS_FOLDER": ""}
    with (
        tripsync("sandbox", data_dir=tmp_path / "one", **where) as one,
        tripsync("sandbox", data_dir=tmp_path / "other", **where) as other,
    ):
        urls = await one.address(), await other.address()
        tokens, again = TOKEN.findall(one.said), TOKEN.findall(other.said)
        assert tokens == again
        assert len(set(tokens)) == 3
        for url in urls:
            async with httpx.AsyncClient(base_url=url, timeout=PATIENCE) as client:
                moderator, *riders = [{"Authorization": f"Bearer {token}"} for token in tokens]
                reports = await client.get("/api/moderation/reports", headers=moderator)
                assert reports.status_code == 200, reports.text
                fellow = (await client.get("/api/profile/me", headers=riders[0])).json()
                shown = await client.get(f"/api/users/{fellow['id']}/profile", headers=riders[1])
                assert shown.json()["full_name"] == fellow["full_name"]
        for each in (one, other):
            each.press_ctrl_c()
            assert await each.exit_code() == 0


async def test_it_is_not_for_production(tmp_path: Path) -> None:
    with tripsync(
        "sandbox", data_dir=tmp_path, ENVIRONMENT="production", SECRET_KEY=token_urlsafe(48)
    ) as process:
        assert await process.exit_code() == 78
        assert "start it where ENVIRONMENT=development" in process.said
