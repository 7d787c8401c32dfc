"""Two riders share a ride: python share_a_ride.py URL EMAIL PASSWORD EMAIL PASSWORD"""

import asyncio
import sys

from tripsync_client import Session, expect
from tripsync_client.generated.api.rides import (
    open_ride_request,
    respond_to_connection,
    send_connection_request,
    show_current_pool,
)
from tripsync_client.generated.models import (
    ConnectionOutcome,
    ConnectionReply,
    ConnectionRequest,
    CurrentPools,
    NewRideRequest,
    OpenedRideRequest,
)

TO_CAMPUS = NewRideRequest(
    start_latitude=19.1197,
    start_longitude=72.8464,
    destination_latitude=19.1075,
    destination_longitude=72.8372,
    note="By the north gate, please.",
)


async def main(url: str, email: str, password: str, other: str, others_password: str) -> None:
    async with (
        await Session.log_in(url, email, password) as asha,
        await Session.log_in(url, other, others_password) as dev,
    ):
        await open_ride_request.asyncio(client=dev.client, body=TO_CAMPUS)
        opened = expect(
            OpenedRideRequest,
            await open_ride_request.asyncio(client=asha.client, body=TO_CAMPUS),
        )
        best = opened.matches[0]
        print(f"{best.full_name} goes the same way: {best.saving_percent} % is saved")
        asking = ConnectionRequest(target_request_id=best.request_id)
        asked = expect(
            ConnectionOutcome,
            await send_connection_request.asyncio(client=asha.client, body=asking),
        )
        await respond_to_connection.asyncio(
            asked.connection_id, client=dev.client, body=ConnectionReply(action="approve")
        )
        now = expect(CurrentPools, await show_current_pool.asyncio(client=asha.client))
        assert now.pool
        print("in one car:", ", ".join(sorted(member.full_name for member in now.pool.members)))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
