"""Chat: conversations between two riders of a college, and one for each pool.

Who may begin one is said by the function may_chat in the database (migration 0023); what was begun
may go on until one of the two blocks the other. A message is a row before anybody hears of it.
"""

from tripsync.chat import api, api_conversations
from tripsync.chat.frames import frames as frames
from tripsync.chat.frames import messages as messages

blueprints = (api.blueprint, api_conversations.blueprint)
