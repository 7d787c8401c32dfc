"""Print what happens to a rider, each event once, until it is a given one:
python follow_events.py URL EMAIL PASSWORD TYPE [AFTER]"""

import asyncio
import sys

from tripsync_client import Session, Socket, seq_of
from tripsync_client.generated.models import (
    MatchFoundEvent,
    ReadyMessage,
    ReloadRequiredMessage,
    RideStartedEvent,
)


async def main(url: str, email: str, password: str, until: str, after: str | None = None) -> None:
    async with (
        await Session.log_in(url, email, password) as session,
        Socket(session, int(after) if after else None) as socket,
    ):
        async for message in socket:
            match message:
                case ReadyMessage() | ReloadRequiredMessage():
                    print("load what is shown, then follow from", message.seq)
                case MatchFoundEvent():
                    print(message.match.full_name, "goes the same way")
                case RideStartedEvent():
                    print("the ride", message.pool_id, "has begun")
                case _:
                    print(message.type_)
            if message.type_ == until:
                break
            if seq := seq_of(message):
                await socket.ack(seq)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
