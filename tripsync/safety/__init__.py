"""Safety on the road: where riders are, who may follow them by a link, and alarms."""

from tripsync.safety import alarm_desk, alarms, positions, shares
from tripsync.safety.mails import ALARM_TO_CONTACT, ALARM_TO_MODERATOR
from tripsync.safety.messages import messages as messages

blueprints = (
    shares.blueprint,
    alarms.blueprint,
    alarm_desk.blueprint,
)

letters = (ALARM_TO_CONTACT, ALARM_TO_MODERATOR)

timers = shares.timers
frames = positions.frames
