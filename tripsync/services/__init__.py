"""Services: what students offer and ask for, and who applies.

A post never names an anonymous writer to anybody but the writer and those to whom they revealed
themselves; sql/services.sql says how.
"""

from tripsync.feature import Feature
from tripsync.own_data import Erase, Section
from tripsync.realtime.events import events_in
from tripsync.services import (
    api,
    api_applications,
    api_browsing,
    api_decisions,
    api_lifecycle,
    api_moderation,
    api_searches,
    events,
    lifecycle,
    saved_searches,
)
from tripsync.services.saved_searches import SEARCH_HIT

feature = Feature(
    title="Services",
    description="Students offer and ask for small services, and apply to them.",
    api=(
        api,
        api_browsing,
        api_searches,
        api_lifecycle,
        api_applications,
        api_decisions,
        api_moderation,
    ),
    events=events_in(events),
    letters=(SEARCH_HIT,),
    timers=saved_searches.timers,
    sections=(
        Section("service_posts", "services.export_service_posts"),
        Section("service_applications", "applications.export_service_applications"),
        Section("service_searches", "service_searches.export_service_searches"),
    ),
    erasures=(
        Erase("service_searches.remove_service_searches"),
        lifecycle.end_all,
        Erase("services.remove_lone_tags"),
        Erase("services.remove_lone_posts"),
        Erase("services.empty_posts"),
        Erase("applications.remove_applications"),
        Erase("applications.empty_applications"),
    ),
)
