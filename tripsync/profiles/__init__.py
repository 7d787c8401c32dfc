"""Profiles: what riders tell of themselves, their pictures and résumés, and who may see them."""

from tripsync.feature import Feature
from tripsync.profiles import api, api_deletion, api_export, api_files, api_mails, digest

feature = Feature(
    title="Profiles",
    api=(api, api_files, api_export, api_deletion, api_mails),
    letters=(digest.WEEKLY_DIGEST,),
    timers=(*api_deletion.timers, *digest.timers),
    open=api_files.open_workshops,
)
