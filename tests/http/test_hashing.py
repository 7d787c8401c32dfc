import os
from threading import get_native_id

from tripsync.http.hashing import LOWEST_PRIORITY, NICER_BY, Hasher
from tripsync.settings import Settings


def priority() -> int:
    return os.getpriority(os.PRIO_PROCESS, get_native_id())


async def test_hashing_gives_way_to_what_answers_requests(settings: Settings) -> None:
    hasher = Hasher(settings)
    before = priority()
    assert await hasher._run(priority) == min(before + NICER_BY, LOWEST_PRIORITY)
    assert priority() == before
    assert await hasher.check("four sparrows", await hasher.hash("four sparrows"))
    hasher.close()
