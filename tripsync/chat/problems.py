"""Refusals of the chat endpoints."""

from tripsync.http.problems import Refusal

NOT_CONNECTED = Refusal(
    403,
    "not_connected",
    "Not connected",
    "You can begin to write to riders you share a ride with.",
)
CHAT_CLOSED = Refusal(
    403,
    "chat_closed",
    "Chat closed",
    "This conversation can be read, and nothing can be written in it any more.",
)
NO_SUCH_RIDER = Refusal(
    404, "no_such_rider", "No such rider", "There is nobody with this id at your college."
)
NO_SUCH_CONVERSATION = Refusal(
    404,
    "no_such_conversation",
    "No such conversation",
    "You take part in no conversation with this id.",
)
OWN_CHAT = Refusal(422, "own_chat", "Writing to oneself", "You cannot write to yourself.")
