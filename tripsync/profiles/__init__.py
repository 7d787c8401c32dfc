"""Profiles: what riders tell of themselves, their pictures and résumés, and who may see them."""

from tripsync.feature import Feature
from tripsync.own_data import Erase, Section
from tripsync.profiles import api, api_files, api_mails, api_own_data, digest

feature = Feature(
    title="Profiles",
    description="What riders tell of themselves, their picture and résumé, their mails, and "
    "all that is held about them.",
    api=(api, api_files, api_own_data, api_mails),
    letters=(digest.WEEKLY_DIGEST,),
    timers=digest.timers,
    open=api_files.open_workshops,
    sections=(
        Section("files", "files.export_files"),
        Section("unwanted_mails", "mails.export_unwanted_mails"),
    ),
    erasures=(
        Erase("profiles.empty_profile"),
        Erase("files.remove_files"),
        Erase("mails.remove_unwanted_mails"),
    ),
)
