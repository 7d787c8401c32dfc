"""TripSync with a bell, for benchmarks: at SIGUSR1 it says something to a rider's devices.

    python -m tests.bench.ringing USER_ID

Everything else is as `tripsync serve` does it, with the settings of the environment.
"""

import asyncio
import os
import signal
import sys

from sanic import Sanic

from tests.bench.references.sockets import ANNOUNCEMENT
from tripsync.app import create_app
from tripsync.logs import configure_logs
from tripsync.realtime.gateway import Gateway
from tripsync.serving.process import bind, run
from tripsync.settings import Settings


def main() -> None:
    user_id = int(sys.argv[1])

    def with_bell(settings: Settings) -> Sanic:
        app = create_app(settings)

        @app.after_server_start
        async def hang_up_bell(app: Sanic) -> None:
            asyncio.get_running_loop().add_signal_handler(
                signal.SIGUSR1,
                lambda: asyncio.create_task(
                    app.ctx.resources[Gateway].connections.send_personal_message(
                        {"type": "announcement", "text": ANNOUNCEMENT}, user_id
                    )
                ),
            )

        return app

    settings = Settings.from_environment(dict(os.environ))
    configure_logs(production=not settings.in_development)
    with bind(settings) as sock:
        run(with_bell, settings, sock, when_ready=lambda: None)


if __name__ == "__main__":
    main()
