"""Safety on the road: where riders are, who may follow them by a link, and alarms."""

from tripsync.safety import api_alarms, api_shares, positions
from tripsync.safety.api_alarms import ALARM_TO_CONTACT, ALARM_TO_MODERATOR
from tripsync.safety.events import messages as messages

blueprints = (api_shares.blueprint, api_alarms.blueprint)

letters = (ALARM_TO_CONTACT, ALARM_TO_MODERATOR)

timers = api_shares.timers
frames = positions.frames
