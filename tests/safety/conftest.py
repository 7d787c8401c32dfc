"""Riders who share a ride there."""

from pathlib import Path

import pytest

from tests.conftest import SignUp
from tests.people import Rider
from tests.pooling.roads_to_campus import pair_up, ride
from tests.waiting import until

Pair = tuple[Rider, Rider]


@pytest.fixture
async def pair(sign_up: SignUp) -> Pair:
    """Asha and Dev, who share a ride."""
    asha, dev = await sign_up(full_name="Asha Rao"), await sign_up(full_name="Dev Sen Gupta")
    await pair_up(
        asha,
        dev,
        ride(0, start_name="Andheri station", destination_name="Main gate"),
        ride(1, start_name="Juhu circle", destination_name="Library"),
    )
    return asha, dev


async def share(rider: Rider, **body: object) -> dict[str, object]:
    """A new link, as its rider is told of it."""
    answer = await rider.call("POST", "/api/safety/share", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, object] = answer.json()
    return told


async def opens(rider: Rider, link: dict[str, object]) -> bool:
    """Whether the link shows something to somebody without an account."""
    answer = await rider.client.get(str(link["url"]))
    assert answer.status_code in (200, 404), answer.text
    return answer.status_code == 200


async def mails_to(folder: Path, address: str, number: int = 1) -> list[str]:
    """The alarms that were mailed to an address, once there are so many."""

    def found() -> list[str] | None:
        texts = [file.read_text() for file in sorted(folder.glob("*.eml"))]
        # A file that is being written has no text yet.
        mails = [
            text
            for text in texts
            if f"To: {address}\n" in text and "Subject: An alarm was raised" in text
        ]
        return mails if len(mails) >= number else None

    return await until(found)
