"""What an endpoint may reach is read from the sources."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from tripsync.database.findings import PACKAGE
from tripsync.desk.endpoints import read_reach

FEATURE = {
    "__init__.py": "",
    "rides/__init__.py": """
from trips.tools import Section

sections = (Section("rides", "rides.export_rides"),)
""",
    "rides/api.py": """
from trips.rides import rules
from trips.rides.rules import Desk, hold
from trips.tools import run

DESK = Desk()


@blueprint.get("/api/rides/<ride_id:int>")
@endpoint(refuses=unrelated)
async def show(request, ride_id):
    return await reading(request).rides.find_ride(ride_id=ride_id)


@blueprint.post("/api/rides")
async def open_one(request):
    async def store(db):
        show = await db.rides.open_ride()
        await hold(db)
        return show

    return await run(store)


@blueprint.delete("/api/rides")
async def close_all(request):
    await rules.close(request)
    await DESK.clear(request)


async def unrelated(db):
    await db.rides.never()
""",
    "rides/rules.py": """
from trips.tools import Timer, hold_again as hold


async def close(request):
    await request.app.ctx.database.reading.rides.close_rides()


class Desk:
    async def clear(self, db):
        await self._sweep(db)

    async def _sweep(self, db):
        await db.rides.sweep()

    async def other(self, db):
        await db.rides.other()

    def timer(self):
        return Timer("sweep", 5, self.other)
""",
    "tools.py": """
async def hold_again(db):
    await db.rides.lock_ride()
""",
}


@pytest.fixture
def package(tmp_path: Path) -> Path:
    for name, text in FEATURE.items():
        file = tmp_path / "trips" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return tmp_path / "trips"


def test_calls_are_followed_through_modules_classes_and_names(package: Path) -> None:
    assert queries(package) == {
        "DELETE /api/rides": {"close_rides", "sweep"},
        "GET /api/profile/me/export": {"export_rides"},
        "GET /api/rides/{ride_id}": {"find_ride"},
        "POST /api/rides": {"open_ride", "lock_ride"},
        "timer sweep": {"other"},
    }


def test_our_own_endpoints_are_followed_to_their_queries() -> None:
    found = queries(PACKAGE)
    assert found["GET /api/chat/pools"] == {"list_pools"}
    assert found["GET /api/health/live"] == set()
    assert {"claim_key", "send_connection", "append_event"} <= found[
        "POST /api/pool/connections/send"
    ]
    assert {"export_account", "export_messages"} <= found["GET /api/profile/me/export"]
    assert "find_pairs" in found["timer second looks"]


def queries(package: Path) -> Mapping[str, set[str]]:
    return {name: {call.query for call in calls} for name, calls in read_reach(package).items()}
