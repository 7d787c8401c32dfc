"""Events of moderation."""

from typing import Annotated

from msgspec import Meta

from tripsync.realtime.events import Event, Pushed


class ModeratorWarning(Event, pushed=Pushed.BY_DAY):
    """A moderator of the college has a word with one."""

    note: Annotated[str, Meta(examples=["Please be at the gate when you said you would."])]
