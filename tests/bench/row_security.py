"""What ROW_SECURITY=on costs: the same requests to two servers, one with the wall and one without.

Behind the wall a connection is told which college it is about, when that is another than before: a
round trip. So each request is measured twice: from one college, where that never happens, and from
all colleges in turn, where it nearly always does.
"""

from tests.bench.bench import Bench
from tests.bench.campus import Campus, Riders
from tests.bench.figures import Figure
from tests.bench.target import Ask, Target
from tests.bench.those_who_ask import of_each_college


async def measure(bench: Bench) -> list[Figure]:
    campus = bench.seeded()
    asking = await of_each_college(campus)
    without = bench.tripsync()
    with campus.tripsync(ROW_SECURITY="on") as walled:
        compared = [
            (Target(walled, asks), Target(without, asks), Figure(name, "without the wall"))
            for name, asks in questions(campus, asking).items()
        ]
        for ours, beside, _ in compared:
            await ours.ceiling(bench)
            await beside.ceiling(bench)
        for number in bench.rounds("row security"):
            for ours, beside, figure in compared:
                rates = {}
                for target in (beside, ours) if number % 2 else (ours, beside):
                    rates[target.server.pid] = (await target.ceiling(bench)).rate
                figure.note(rates[walled.pid], rates[without.pid])
    return [figure for _, _, figure in compared]


def questions(campus: Campus, asking: Riders) -> dict[str, list[Ask]]:
    return {
        f"{what}, {where}": [
            Ask(
                path.format(**rider),
                campus.token(rider),
                {"receiver_id": rider["fellow"], "content": "At the gate."} if writes else None,
            )
            for rider in riders
        ]
        for what, path, writes in (
            ("GET profile/me, one read", "/api/profile/me", False),
            ("GET pool/requests, one read", "/api/pool/requests", False),
            ("GET matches, by a GiST index", "/api/pool/requests/{request_id}/matches", False),
            ("POST chat/messages, a transaction", "/api/chat/messages", True),
        )
        for where, riders in (("one college", asking[:1]), ("all in turn", asking))
    }
