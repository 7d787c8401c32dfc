"""Quiet hours by the college's clocks, on a clock that stands still."""

from datetime import UTC, datetime, time

import asyncpg
import pytest

NIGHT = ("22:00", "07:00")
NOON = ("12:00", "14:00")


@pytest.mark.parametrize(
    ("moment", "zone", "hours", "until"),
    [
        # Mumbai is five and a half hours ahead.
        ("2026-11-20 16:29", "Asia/Kolkata", NIGHT, None),
        ("2026-11-20 16:30", "Asia/Kolkata", NIGHT, "2026-11-21 01:30"),
        ("2026-11-20 20:00", "Asia/Kolkata", NIGHT, "2026-11-21 01:30"),
        ("2026-11-21 01:29", "Asia/Kolkata", NIGHT, "2026-11-21 01:30"),
        ("2026-11-21 01:30", "Asia/Kolkata", NIGHT, None),
        ("2026-11-21 06:29", "Asia/Kolkata", NOON, None),
        ("2026-11-21 06:30", "Asia/Kolkata", NOON, "2026-11-21 08:30"),
        ("2026-11-21 08:30", "Asia/Kolkata", NOON, None),
        # The clocks go forward at two, and back at three: the night is shorter, and longer.
        ("2026-03-28 21:30", "Europe/Berlin", NIGHT, "2026-03-29 05:00"),
        ("2026-10-24 21:30", "Europe/Berlin", NIGHT, "2026-10-25 06:00"),
        # Quiet hours that end at a time which the clocks leave out.
        ("2026-03-29 00:30", "Europe/Berlin", ("22:00", "02:30"), "2026-03-29 01:30"),
        # Twice the same is never.
        ("2026-11-20 20:00", "UTC", ("07:00", "07:00"), None),
        ("2026-11-20 07:00", "UTC", ("07:00", "07:00"), None),
    ],
)
async def test_quiet_hours_end_when_the_clocks_of_the_college_say_so(
    db: asyncpg.Connection, moment: str, zone: str, hours: tuple[str, str], until: str | None
) -> None:
    found = await db.fetchval(
        "select quiet_until($1, $2, $3, $4)",
        datetime.fromisoformat(moment).replace(tzinfo=UTC),
        zone,
        *(time.fromisoformat(each) for each in hours),
    )
    expected = until and datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert found == expected
