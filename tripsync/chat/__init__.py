"""Chat: conversations between two riders of a college, and one for each pool.

The function may_chat in the database (migration 0023) decides who may begin one; it may go on until
one of the two blocks the other. A message is stored before anybody is notified of it.
"""

from tripsync.chat import api, api_conversations, events, frames
from tripsync.feature import Feature
from tripsync.own_data import Erase, Section
from tripsync.realtime.events import events_in

feature = Feature(
    title="Chat",
    description="Riders of a college write to each other and in their pools.",
    api=(api, api_conversations),
    frames=frames.frames,
    events=events_in(events),
    sections=(
        Section("conversations", "chat.export_conversations"),
        Section("messages", "chat.export_messages"),
    ),
    erasures=(Erase("chat.empty_messages"),),
)
