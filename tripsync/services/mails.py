"""What is mailed about posts."""

from tripsync.mail import Letter
from tripsync.mail.letters import asked

SEARCH_HIT = Letter("service_hit", asked("find_service_hit"), kind="searches")
