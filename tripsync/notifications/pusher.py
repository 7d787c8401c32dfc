"""A timer decides what is pushed to phones, and a job pushes it."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tripsync.database import Transaction
from tripsync.jobs import Job, Run
from tripsync.jobs.timers import Timer
from tripsync.notifications.api import USUAL
from tripsync.notifications.webhook import PhoneGone, Push, Webhook
from tripsync.realtime.events import Event, Pushed, redact_contacts
from tripsync.settings import Settings

PUSH = "push"
LOOK_EVERY = 5
# An app that is open has acknowledged an event by then.
SETTLED_AFTER = 5.0
# Nobody is woken by what is older; it waits where all events are. Longer than any quiet hours.
WORTH_HOURS = 24
DEVICES_AT_ONCE = 5000


class WantedPush(msgspec.Struct):
    """An event for a phone; `waited_until` the quiet hours were over, where there were some."""

    device_id: int
    seq: int
    waited_until: datetime | None


class Pusher:
    """What all features want pushed, and the way out."""

    def __init__(self, settings: Settings, events: Iterable[type[Event]]) -> None:
        wanted = [(each.type, each.pushed) for each in events]
        self._at_once = [type for type, pushed in wanted if pushed is Pushed.AT_ONCE]
        self._by_day = [type for type, pushed in wanted if pushed is Pushed.BY_DAY]
        self._webhook = Webhook(settings)
        self.job = Job(PUSH, WantedPush, self.push)
        self.timer = Timer("ask for pushes", LOOK_EVERY, self.ask)

    async def ask(self, db: Transaction) -> None:
        await db.push.ask_for_pushes(
            kind=PUSH,
            at_once=self._at_once,
            by_day=self._by_day,
            **USUAL,
            settled_seconds=SETTLED_AFTER,
            hours=WORTH_HOURS,
            devices=DEVICES_AT_ONCE,
        )

    async def push(self, run: Run, wanted: WantedPush) -> None:
        found = await run.database.reading.push.find_push(
            device_id=wanted.device_id,
            seq=wanted.seq,
            waited_until=wanted.waited_until,
            hours=WORTH_HOURS,
        )
        if found is None:
            return
        # A phone that is locked shows it to whoever looks.
        event = redact_contacts(found["event"])
        try:
            await self._webhook.push(Push(run.job_id, found["platform"], found["token"], event))
        except PhoneGone:
            async with run.finishing() as db:
                await db.push.forget_device(device_id=wanted.device_id, token=found["token"])
