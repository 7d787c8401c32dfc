"""Safety on the road: where riders are, who may follow them by a link, and alarms."""

from tripsync.safety import alarm_desk, api_alarms, api_shares, positions
from tripsync.safety.events import messages as messages
from tripsync.safety.mails import ALARM_TO_CONTACT, ALARM_TO_MODERATOR

blueprints = (
    api_shares.blueprint,
    api_alarms.blueprint,
    alarm_desk.blueprint,
)

letters = (ALARM_TO_CONTACT, ALARM_TO_MODERATOR)

timers = api_shares.timers
frames = positions.frames
