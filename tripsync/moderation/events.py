"""What riders hear of their moderators."""

from typing import Annotated

import msgspec
from msgspec import Meta

from tripsync.realtime.frames import Message, Pushed


class ModeratorWarning(msgspec.Struct):
    """A moderator of the college has a word with one."""

    note: Annotated[str, Meta(examples=["Please be at the gate when you said you would."])]


messages = (Message("moderator_warning", ModeratorWarning, pushed=Pushed.BY_DAY),)
