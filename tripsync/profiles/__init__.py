"""Profiles: what riders tell of themselves, their pictures and résumés, and who may see them."""

from tripsync.profiles import api, api_deletion, api_export, api_files, api_mails, digest

blueprints = (
    api.blueprint,
    api_files.blueprint,
    api_export.blueprint,
    api_deletion.blueprint,
    api_mails.blueprint,
)

letters = (digest.WEEKLY_DIGEST,)

timers = (*api_deletion.timers, *digest.timers)
