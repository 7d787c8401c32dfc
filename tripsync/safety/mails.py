"""What is written to those who can help."""

from tripsync.mail import Letter
from tripsync.mail.letters import ALARM, asked

ALARM_TO_CONTACT = Letter("alarm_contact", asked("find_alarm_for_contact"), priority=ALARM)
ALARM_TO_MODERATOR = Letter("alarm_moderator", asked("find_alarm_for_moderator"), priority=ALARM)
