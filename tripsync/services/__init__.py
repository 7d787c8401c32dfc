"""Services: what students offer and ask for, and who applies.

A post never names an anonymous writer to anybody but the writer and those to whom they revealed
themselves; sql/services.sql says how.
"""

from tripsync.realtime.frames import Message, Pushed
from tripsync.services import (
    applying,
    browsing,
    deciding,
    lifecycle,
    moderating,
    posts,
    reading,
    searches,
    watching,
)
from tripsync.services.application_schemas import ApplicationNews, PostClosed, PosterRevealed
from tripsync.services.mails import SEARCH_HIT
from tripsync.services.search_schemas import ServiceSearchHit

blueprints = (
    browsing.blueprint,
    searches.blueprint,
    posts.blueprint,
    reading.blueprint,
    lifecycle.blueprint,
    applying.blueprint,
    deciding.blueprint,
    moderating.blueprint,
)

messages = (
    Message("service_application_received", ApplicationNews, pushed=Pushed.BY_DAY),
    Message("service_application_accepted", ApplicationNews, pushed=Pushed.BY_DAY),
    Message("service_application_rejected", ApplicationNews, pushed=Pushed.BY_DAY),
    Message("service_application_withdrawn", ApplicationNews),
    Message("service_post_closed", PostClosed, pushed=Pushed.BY_DAY),
    Message("service_poster_revealed", PosterRevealed, pushed=Pushed.BY_DAY),
    Message("saved_service_search_hit", ServiceSearchHit, pushed=Pushed.BY_DAY),
)

letters = (SEARCH_HIT,)

timers = watching.timers
